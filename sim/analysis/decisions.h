// SPDX-License-Identifier: Apache-2.0
// From the rules that a packet met to the policies that they come from. Reads the names of chains
// and the comments that Felix writes (felix/rules/policy.go, endpoints.go), and counts a policy's
// rules by their verdicts.
#pragma once

#include "sim/analysis/probe.h"

namespace felixsim {

std::vector<Decision> find_decisions(const walk::TraceResult& trace, const Cluster& cluster,
                                     IpFamily family);

}  // namespace felixsim
