// SPDX-License-Identifier: Apache-2.0
// A line of rule_ids.jsonl: rules, their protobuf bytes, and the ids chained from them.
#pragma once

#include <optional>
#include <string>

#include "conform.h"

namespace felixsim::conform {

std::optional<std::string> check_rule_ids(const json& line);

}  // namespace felixsim::conform
