// SPDX-License-Identifier: Apache-2.0
// Who reaches whom: classes of headers and addresses, policies in Felix's order, and the same
// answer as packets give.
#include "tests/sim/analysis/reach_walk.h"

using felixsim::testing::compare_reach_with_walk;

TEST_CASE("reach and packets agree on random clusters") {
  size_t samples = 0;
  for (uint64_t seed = 1; seed <= 25; ++seed) {
    const auto comparison = compare_reach_with_walk(seed);
    CHECK(comparison.difference == "");
    samples += comparison.samples;
  }
  CHECK(samples > 100'000);
}
