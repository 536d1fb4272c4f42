// SPDX-License-Identifier: Apache-2.0
// Whole felixsim processes, measured from outside.
#pragma once

#include <string>
#include <vector>

namespace felixsim::bench {

struct ProcessCost {
  double wall_s = 0, cpu_s = 0, peak_mib = 0;
  bool good = false;  // it exited with 0
};

// Runs the binary with the arguments (the verb first); what it prints is dropped.
ProcessCost run_felixsim(const std::vector<std::string>& arguments);

}  // namespace felixsim::bench
