// SPDX-License-Identifier: Apache-2.0
// Explanations in sentences.
#pragma once

#include <string>

#include "sim/report/explanations.h"

namespace felixsim {

std::string explanation_text(const PodExplanation& pod);
std::string explanation_text(const std::vector<PolicyExplanation>& policies);
std::string explanation_text(const std::vector<PairExplanation>& pair, const std::string& from,
                             const std::string& to);
std::string explanation_text(const std::vector<ExplainedDeadRule>& dead);

}  // namespace felixsim
