// SPDX-License-Identifier: Apache-2.0
// `reach` against packets: every pair of addresses of a random cluster, and the world, under many
// headers, in the matrix and through the predicted kernels.
#pragma once

#include <cstdint>
#include <string>

namespace felixsim::testing {

struct Comparison {
  size_t samples = 0;
  size_t unknown = 0;      // of them, such that reach leaves open
  std::string difference;  // the first one, with what it takes to repeat it; empty: none
};

Comparison compare_reach_with_walk(uint64_t seed);

}  // namespace felixsim::testing
