// SPDX-License-Identifier: Apache-2.0
// Explanations as JSON, in fields.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "sim/report/explanations.h"

namespace felixsim {

nlohmann::ordered_json explanation_json(const PodExplanation& pod);
nlohmann::ordered_json explanation_json(const std::vector<PolicyExplanation>& policies);
nlohmann::ordered_json explanation_json(const std::vector<PairExplanation>& pair);
nlohmann::ordered_json explanation_json(const std::vector<ExplainedDeadRule>& dead);

}  // namespace felixsim
