// SPDX-License-Identifier: Apache-2.0
// The host half of the endpoint manager (endpoint_mgr.go resolveHostEndpoints,
// updateHostEndpoints).
#include "model/dataplane/endpoint_manager.h"
#include "model/rules/dispatch_chains.h"
#include "model/rules/endpoint_chains.h"

namespace felixsim {

namespace {

bool is_for_all_interfaces(const msg::HostEndpoint& endpoint) {
  return endpoint.name.view() == "*";
}

// By name if the endpoint has one, else by one of its addresses.
bool matches(const msg::HostEndpoint& endpoint, const std::string& interface,
             const std::set<Ip>& addresses) {
  if (!endpoint.name.empty()) return endpoint.name.view() == interface;
  for (const auto* expected : {&endpoint.expected_ipv4, &endpoint.expected_ipv6}) {
    for (const Ip& ip : *expected) {
      if (addresses.contains(ip)) return true;
    }
  }
  return false;
}

std::vector<std::string> names_of(const EndpointManager::HostsByInterface& hosts) {
  std::vector<std::string> names;
  for (const auto& [interface, id] : hosts) names.push_back(interface);
  return names;
}

// The endpoint of all interfaces is not dispatched to by name: it is what is left.
std::string take_default(EndpointManager::HostsByInterface& hosts) {
  return hosts.erase(std::string(rules::any_interface)) > 0 ? std::string(rules::any_interface)
                                                            : std::string();
}

}  // namespace

// One endpoint an interface: the one with the smallest ID of those that match.
EndpointManager::HostsByInterface EndpointManager::resolve_hosts() const {
  HostsByInterface resolved;
  for (const auto& [interface, addresses] : host_addresses_) {
    for (const auto& [id, endpoint] : hosts_) {
      if (is_for_all_interfaces(*endpoint) || !matches(*endpoint, interface, addresses)) continue;
      resolved[interface] = id;
      break;
    }
  }
  for (const auto& [id, endpoint] : hosts_) {
    if (!is_for_all_interfaces(*endpoint)) continue;
    resolved[std::string(rules::any_interface)] = id;
    break;
  }
  return resolved;
}

void EndpointManager::mark_changed_hosts() {
  interfaces_of_host_.clear();
  for (const auto& [interface, id] : resolved_hosts_) {
    interfaces_of_host_[id].push_back(interface);
    auto old = active_hosts_.find(interface);
    if (old != active_hosts_.end() && old->second == id) continue;
    if (old != active_hosts_.end()) status_dirty_.push_back(old->second);
    status_dirty_.push_back(id);
  }
}

void EndpointManager::replace_chains(RuleTable& table, ChainsByInterface& active,
                                     ChainsByInterface fresh) {
  for (const auto& [interface, chains] : fresh) {
    auto old = active.find(interface);
    if (old == active.end() || old->second != chains) table.update(chains);
  }
  for (const auto& [interface, chains] : active) {
    if (!fresh.contains(interface)) table.remove(chains);
  }
  active = std::move(fresh);
}

void EndpointManager::render_host_chains(const HostsByInterface& pre_dnat,
                                         const HostsByInterface& untracked) {
  std::map<std::string, std::vector<rules::TierGroups>> groups_of;
  auto tiers_of = [&](const std::string& interface, const std::vector<msg::TierInfo>& tiers,
                      bool with_egress) {
    std::vector<rules::TierGroups> made = groups(tiers, with_egress);
    auto& all = groups_of[interface];
    all.insert(all.end(), made.begin(), made.end());
    return made;
  };
  ChainsByInterface filter, mangle_egress, mangle_ingress, raw;
  for (const auto& [interface, id] : resolved_hosts_) {
    const msg::HostEndpoint& endpoint = *hosts_.at(id);
    auto normal = tiers_of(interface, endpoint.tiers, true);
    auto forward = tiers_of(interface, endpoint.forward_tiers, true);
    filter[interface] = rules::host_endpoint_filter_chains(renderer_, interface, normal, forward,
                                                           endpoint.profile_ids, out_.marks);
    mangle_egress[interface] = rules::host_endpoint_mangle_egress_chains(
        renderer_, interface, normal, endpoint.profile_ids);
  }
  for (const auto& [interface, id] : pre_dnat) {
    auto tiers = tiers_of(interface, hosts_.at(id)->pre_dnat_tiers, false);
    mangle_ingress[interface] =
        rules::host_endpoint_mangle_ingress_chains(renderer_, interface, tiers);
  }
  for (const auto& [interface, id] : untracked) {
    auto tiers = tiers_of(interface, hosts_.at(id)->untracked_tiers, true);
    raw[interface] = rules::host_endpoint_raw_chains(renderer_, interface, tiers);
  }
  replace_chains(out_.filter, host_filter_, std::move(filter));
  replace_chains(out_.mangle, host_mangle_egress_, std::move(mangle_egress));
  replace_chains(out_.mangle, host_mangle_ingress_, std::move(mangle_ingress));
  replace_chains(out_.raw, host_raw_, std::move(raw));
  for (const auto& [interface, id] : active_hosts_) {
    if (!groups_of.contains(interface)) update_policy_groups(interface, {});
  }
  for (const auto& [interface, tiers] : groups_of)
    update_policy_groups(interface, group_chains(tiers));
}

void EndpointManager::update_host_dispatch(HostsByInterface pre_dnat,
                                           const HostsByInterface& untracked) {
  using rules::HostDispatch;
  update_chains(
      out_.raw, host_raw_dispatch_,
      rules::host_dispatch_chains(renderer_, names_of(untracked), "", HostDispatch::both));
  // Felix takes the endpoint of all interfaces out of the resolved ones for good, so that it is
  // gone if it renders them again before it resolves them again.
  std::string other = take_default(resolved_hosts_);
  std::vector<std::string> names = names_of(resolved_hosts_);
  update_chains(out_.filter, host_filter_dispatch_,
                rules::host_dispatch_chains(renderer_, names, other, HostDispatch::with_forward));
  std::string pre_dnat_other = take_default(pre_dnat);
  rules::Chains mangle = rules::host_dispatch_chains(renderer_, names_of(pre_dnat), pre_dnat_other,
                                                     HostDispatch::from);
  for (rules::Chain& chain :
       rules::host_dispatch_chains(renderer_, names, other, HostDispatch::to)) {
    mangle.push_back(std::move(chain));
  }
  update_chains(out_.mangle, host_mangle_dispatch_, std::move(mangle));
}

void EndpointManager::update_hosts() {
  HostsByInterface pre_dnat, untracked;
  for (const auto& [interface, id] : resolved_hosts_) {
    const msg::HostEndpoint& endpoint = *hosts_.at(id);
    if (!endpoint.pre_dnat_tiers.empty()) pre_dnat[interface] = id;
    bool all = interface == rules::any_interface;  // untracked policy cannot apply to all of them
    if (!endpoint.untracked_tiers.empty() && !all) untracked[interface] = id;
  }
  mark_changed_hosts();
  render_host_chains(pre_dnat, untracked);
  update_host_dispatch(std::move(pre_dnat), untracked);
  active_hosts_ = resolved_hosts_;
  marks_dirty_ = true;
}

void EndpointManager::update_endpoint_marks() {
  std::vector<std::string> workloads;
  for (const auto& [name, id] : workload_of_) workloads.push_back(name);
  update_chains(out_.filter, mark_dispatch_,
                rules::endpoint_mark_dispatch_chains(renderer_, *out_.marks, std::move(workloads),
                                                     names_of(active_hosts_)));
}

}  // namespace felixsim
