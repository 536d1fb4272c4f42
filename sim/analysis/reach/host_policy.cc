// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/host_policy.h"

namespace felixsim::reach {

std::vector<HostSection> host_sections(const ClusterState& state, Symbol host, bool ingress,
                                       ProgramTiers& tiers, ElementSets& sets) {
  std::vector<HostSection> out;
  const auto* endpoints = state.host_endpoints(host);
  if (!endpoints) return out;
  bool any_named = false, all_interfaces_known = false;
  for (const auto& [name, endpoint] : *endpoints)
    any_named = any_named || endpoint->name.view() != "*";
  for (const auto& [name, endpoint] : *endpoints) {
    const bool all = endpoint->name.view() == "*";
    if (all && std::exchange(all_interfaces_known, true)) continue;  // the first one counts
    // By the workload's own interface a packet meets only the endpoint of all of them.
    for (const bool coming : {true, false}) {
      const bool own_interface = coming != ingress;
      if (!all && own_interface) continue;
      HostSection section;
      // What policy before DNAT accepted is not asked on its way in (felix/rules/static.go
      // StaticFilterForwardChains).
      const bool may_be_accepted = coming && !endpoint->pre_dnat_tiers.empty();
      section.surely = all && (own_interface || !any_named) && !may_be_accepted;
      if (!all) section.never = sets.on_host(host);
      for (const auto& tier : endpoint->forward_tiers)
        if (auto one = tiers.of(tier, coming)) section.tiers.push_back(std::move(one));
      if (!section.tiers.empty()) out.push_back(std::move(section));
    }
    if (endpoint->pre_dnat_tiers.empty() && endpoint->untracked_tiers.empty()) continue;
    HostSection untold;
    untold.untold = true;
    if (!all) untold.never = sets.on_host(host);
    out.push_back(std::move(untold));
  }
  return out;
}

}  // namespace felixsim::reach
