// SPDX-License-Identifier: Apache-2.0
// reach_differential SAMPLES [FIRST_SEED]: compares `reach` with the packet walk on as many samples
// as asked for, in clusters of the seeds from the first on. Where they differ: exit code 1, and the
// command that repeats that cluster alone.
#include <fmt/format.h>

#include <cstdlib>

#include "tests/sim/analysis/reach_walk.h"

int main(int argc, char** argv) {
  const size_t wanted = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  fmt::print("seeds from {} on\n", seed);
  size_t samples = 0, clusters = 0, unknown = 0;
  for (; samples < wanted; ++seed, ++clusters) {
    const auto comparison = felixsim::testing::compare_reach_with_walk(seed);
    samples += comparison.samples;
    unknown += comparison.unknown;
    if (comparison.difference.empty()) continue;
    fmt::print("FAIL {}\nagain: {} 1 {}\n", comparison.difference, argv[0], seed);
    return 1;
  }
  fmt::print("{} samples in {} clusters agree; of them {} that reach leaves open\n", samples,
             clusters, unknown);
  return 0;
}
