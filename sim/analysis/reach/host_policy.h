// SPDX-License-Identifier: Apache-2.0
// Policy of host endpoints for packets that their host forwards (applyOnForward), as sections of a
// workload's program. Mirrors felix/rules/static.go (filterForward) and dispatch.go (host dispatch
// chains): the endpoint of all interfaces is asked about every packet that the host forwards, for
// the interface by which it comes and for that by which it leaves, unless that one has a host
// endpoint of its own.
#pragma once

#include <vector>

#include "sim/analysis/reach/cells.h"
#include "sim/analysis/reach/compiled_rules.h"

namespace felixsim::reach {

// One direction of an endpoint's tiers, without staged policies and what is not in force.
std::vector<ProgramTier> workload_tiers(const std::vector<calc::TierPtr>& tiers, bool ingress,
                                        const CompiledRules& rules);

// For what workloads of the host send, or (ingress) get.
std::vector<HostSection> host_sections(const ClusterState& state, Symbol host, bool ingress,
                                       const CompiledRules& rules, ElementSets& sets);

}  // namespace felixsim::reach
