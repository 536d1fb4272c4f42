// SPDX-License-Identifier: Apache-2.0
// What policies do, in sentences: for a pod, a policy, a pair, all pairs; and what they do not.
#pragma once

#include <functional>
#include <string>

#include "felixsim/result.h"
#include "sim/analysis/reach/explain.h"

namespace felixsim {

struct ExplainContext {
  const reach::ClusterState& state;
  const reach::Matrix& matrix;
  // Where a policy ("NetworkPolicy shop/db") or profile ("profile kns.shop") comes from: file and
  // line, or revision; empty: nobody knows.
  std::function<std::string(const std::string&)> origin;
};

// Errors: a name that is not there.
Result<std::string> explain_pod(const ExplainContext& context, const std::string& pod);
Result<std::string> explain_policy(const ExplainContext& context, const std::string& policy);
Result<std::string> explain_pair(const ExplainContext& context, const std::string& from,
                                 const std::string& to);
// Every pair that anything passes between, with numbers of explanations that follow as a legend.
std::string explain_all_pairs(const ExplainContext& context);
// Rules that decide nothing. `any` is set if there are such.
std::string explain_dead(const ExplainContext& context, bool& any);

}  // namespace felixsim
