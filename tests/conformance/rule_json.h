// SPDX-License-Identifier: Apache-2.0
// A rule of Felix's protobuf messages in the JSON of the vectors, all fields.
#pragma once

#include "felixsim/messages.h"
#include "tests/conformance/conform.h"

namespace felixsim::conform {

msg::Rule rule_of(const json& object);

}  // namespace felixsim::conform
