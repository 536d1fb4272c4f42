// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/dscp_manager.h"

#include <algorithm>

#include "model/rules/nat_chains.h"

namespace felixsim {

void DscpManager::update(const EndpointId& id, std::vector<Ip> addresses,
                         const std::vector<msg::QosPolicy>* policies) {
  if (!policies || policies->empty()) {
    if (rules_.erase(id) > 0) dirty_ = true;
    return;
  }
  int32_t value = policies->front().dscp;  // one policy an endpoint is all that Felix supports
  if (value < 0 || value > 63 || addresses.empty()) return;
  rules_[id] = {std::move(addresses), static_cast<uint8_t>(value)};
  dirty_ = true;
}

void DscpManager::on_workload(const msg::WorkloadEndpointId& id,
                              const msg::WorkloadEndpoint* endpoint) {
  std::vector<Ip> addresses;
  if (endpoint) {
    for (const Cidr& net : renderer_.v4() ? endpoint->ipv4_nets : endpoint->ipv6_nets) {
      addresses.push_back(net.address);
    }
  }
  update(id, std::move(addresses), endpoint ? &endpoint->qos_policies : nullptr);
}

void DscpManager::on_host(Symbol id, const msg::HostEndpoint* endpoint) {
  std::vector<Ip> addresses;
  if (endpoint) addresses = renderer_.v4() ? endpoint->expected_ipv4 : endpoint->expected_ipv6;
  update(id, std::move(addresses), endpoint ? &endpoint->qos_policies : nullptr);
}

void DscpManager::complete() {
  if (!dirty_) return;
  std::vector<rules::DscpRule> rules;
  std::vector<msg::IpSetMember> members;
  for (const auto& [id, rule] : rules_) {
    std::string sources;
    for (const Ip& ip : rule.addresses) {
      if (!sources.empty()) sources += ',';
      sources += ip.str();
      members.push_back({Cidr::host(ip), 0, 0});
    }
    rules.push_back({std::move(sources), rule.value});
  }
  std::stable_sort(rules.begin(), rules.end(),
                   [](const auto& a, const auto& b) { return a.source < b.source; });
  ip_sets_.add_or_replace(rules::ip_set::dscp_endpoints, msg::IpSetType::net, members);
  mangle_.update(rules::egress_dscp_chain(renderer_, rules));
  dirty_ = false;
}

}  // namespace felixsim
