// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/floating_ip_manager.h"

#include "model/rules/nat_chains.h"

namespace felixsim {

void FloatingIpManager::on_workload(const msg::WorkloadEndpointId& id,
                                    const msg::WorkloadEndpoint* endpoint) {
  bool served = endpoint && (enabled_ || id.orchestrator.view() == "openstack");
  const std::vector<IpNat>* nat = nullptr;
  if (served) nat = renderer_.v4() ? &endpoint->ipv4_nat : &endpoint->ipv6_nat;
  if (nat && !nat->empty()) {
    mappings_[id] = *nat;
    dirty_ = true;
  } else if (mappings_.erase(id) > 0) {
    dirty_ = true;
  }
}

void FloatingIpManager::complete() {
  if (!dirty_) return;
  // Of several the smallest, as text: which one does not matter, that it is always the same does.
  std::map<std::string, std::string> dnat, snat;
  auto keep_smallest = [](auto& map, const std::string& key, const std::string& value) {
    auto [it, is_new] = map.try_emplace(key, value);
    if (!is_new && value < it->second) it->second = value;
  };
  for (const auto& [id, mappings] : mappings_) {
    for (const IpNat& nat : mappings) {
      keep_smallest(dnat, nat.external.str(), nat.internal.str());
    }
  }
  for (const auto& [external, internal] : dnat) keep_smallest(snat, internal, external);
  nat_.update(rules::dnat_chain(renderer_, dnat));
  nat_.update(rules::snat_chain(renderer_, snat));
  dirty_ = false;
}

}  // namespace felixsim
