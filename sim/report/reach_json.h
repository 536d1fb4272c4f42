// SPDX-License-Identifier: Apache-2.0
// The matrix as factored JSON: classes of endpoints, and what each may send to each.
#pragma once

#include <string>
#include <vector>

#include "sim/analysis/reach/classes.h"

namespace felixsim {

// What every format is made of.
struct ReachAnswer {
  const reach::Matrix& matrix;
  reach::Focus focus;
  std::vector<std::string> unusable;  // why the answer is incomplete; empty: it is complete
};

// The IP versions that have endpoints; IPv4 where there are none at all.
std::vector<const reach::FamilyMatrix*> families_of(const reach::Matrix& matrix);

// "ns/pod", with the host or endpoint behind it where there are several of this name.
std::string endpoint_text(const reach::Matrix& matrix, size_t endpoint);

std::string reach_json(const ReachAnswer& answer, int schema);

}  // namespace felixsim
