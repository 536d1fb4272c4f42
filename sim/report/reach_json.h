// SPDX-License-Identifier: Apache-2.0
// The matrix as factored JSON: classes of endpoints, and what each may send to each.
#pragma once

#include <string>
#include <vector>

#include "sim/analysis/reach/parties.h"

namespace felixsim {

// What every format is made of.
struct ReachAnswer {
  const reach::Matrix& matrix;
  reach::Focus focus;
  std::vector<std::string> unusable;  // why the answer is incomplete; empty: it is complete
};

std::string reach_json(const ReachAnswer& answer, int schema);

}  // namespace felixsim
