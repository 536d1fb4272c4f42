// SPDX-License-Identifier: Apache-2.0
// Policy of host endpoints for packets that their host forwards (applyOnForward), as sections of a
// workload's program. Mirrors felix/rules/static.go (filterForward) and dispatch.go (host dispatch
// chains): the endpoint of all interfaces is asked about every packet that the host forwards, for
// the interface by which it comes and for that by which it leaves, unless that one has a host
// endpoint of its own.
#pragma once

#include <vector>

#include "sim/analysis/reach/cells.h"
#include "sim/analysis/reach/program_tiers.h"

namespace felixsim::reach {

// For what workloads of the host send, or (ingress) get.
std::vector<HostSection> host_sections(const ClusterState& state, Symbol host, bool ingress,
                                       ProgramTiers& tiers, ElementSets& sets);

}  // namespace felixsim::reach
