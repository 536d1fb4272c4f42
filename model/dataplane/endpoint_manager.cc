// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/endpoint_manager.h"

#include <algorithm>

namespace felixsim {

EndpointManager::EndpointManager(EndpointManagerConfig config, rules::Renderer renderer,
                                 EndpointManagerOutputs outputs)
    : config_(std::move(config)), renderer_(std::move(renderer)), out_(std::move(outputs)) {}

bool EndpointManager::is_workload_interface(const std::string& name) const {
  const auto& prefixes = renderer_.config.workload_interface_prefixes;
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const std::string& prefix) { return name.starts_with(prefix); });
}

void EndpointManager::on_workload(const msg::WorkloadEndpointId& id, WorkloadPtr endpoint) {
  pending_workloads_[id] = std::move(endpoint);
}

void EndpointManager::on_host(Symbol id, HostPtr endpoint) {
  if (endpoint) {
    hosts_[id] = std::move(endpoint);
  } else {
    hosts_.erase(id);
  }
  hosts_dirty_ = true;
  status_dirty_.push_back(id);
}

void EndpointManager::on_policy(const msg::PolicyId& id, const msg::Policy& policy) {
  auto it = selectors_.find(id);
  if (it == selectors_.end()) {
    // An endpoint that is to use it gets an update after it.
    selectors_[id] = policy.original_selector;
  } else if (it->second != policy.original_selector) {
    it->second = policy.original_selector;
    changed_policies_.insert(id);
  }
}

void EndpointManager::on_policy_removed(const msg::PolicyId& id) {
  changed_policies_.erase(id);
  selectors_.erase(id);
}

void EndpointManager::on_bgp_config(const BgpConfiguration& config) {
  const std::string& address =
      renderer_.v4() ? config.local_workload_peering_ip_v4 : config.local_workload_peering_ip_v6;
  if (address == bgp_peer_address_) return;
  bgp_peer_address_dirty_ = true;
  new_bgp_peer_address_ = address;
}

void EndpointManager::on_interface(const InterfaceChange& change) {
  pending_interfaces_[change.name] = change.state;
}

void EndpointManager::on_addresses(const AddressChange& change) {
  if (is_workload_interface(change.name)) return;
  if (change.addresses) {
    host_addresses_[change.name] = *change.addresses;
  } else {
    host_addresses_.erase(change.name);
  }
  hosts_dirty_ = true;
}

void EndpointManager::resolve() {
  for (const auto& [name, state] : pending_interfaces_) {
    if (state == InterfaceState::up) {
      up_interfaces_.insert(name);
      if (is_workload_interface(name)) to_configure_.insert(name);
    } else {
      up_interfaces_.erase(name);
    }
    if (auto workload = workload_of_.find(name); workload != workload_of_.end()) {
      status_dirty_.push_back(workload->second);
    } else if (auto host = active_hosts_.find(name); host != active_hosts_.end()) {
      status_dirty_.push_back(host->second);
    }
  }
  pending_interfaces_.clear();
  if (hosts_dirty_) resolved_hosts_ = resolve_hosts();
}

std::optional<std::string> EndpointManager::complete(Backend& backend) {
  mark_endpoints_of_changed_policies();
  resolve_workloads();
  configure_interfaces(backend);
  if (hosts_dirty_) {
    update_hosts();
    hosts_dirty_ = false;
  }
  if (rpf_skip_dirty_) {
    update_rpf_skip_chain();
    rpf_skip_dirty_ = false;
  }
  if (out_.marks && marks_dirty_) {
    update_endpoint_marks();
    marks_dirty_ = false;
  }
  update_statuses();
  return panic_;
}

bool EndpointManager::uses_changed_policy(const std::vector<msg::TierInfo>& tiers) const {
  for (const msg::TierInfo& tier : tiers) {
    for (const auto* policies : {&tier.ingress, &tier.egress}) {
      for (const msg::PolicyId& id : *policies) {
        if (changed_policies_.contains(id)) return true;
      }
    }
  }
  return false;
}

// A policy's selector decides which group it is in, so its endpoints need new chains.
void EndpointManager::mark_endpoints_of_changed_policies() {
  if (changed_policies_.empty()) return;
  for (const auto& [id, workload] : workloads_) {
    if (pending_workloads_.contains(id)) continue;
    if (uses_changed_policy(workload.endpoint->tiers)) pending_workloads_[id] = workload.endpoint;
  }
  for (const auto& [id, endpoint] : hosts_) {
    if (hosts_dirty_) break;
    hosts_dirty_ = uses_changed_policy(endpoint->tiers) ||
                   uses_changed_policy(endpoint->pre_dnat_tiers) ||
                   uses_changed_policy(endpoint->untracked_tiers) ||
                   uses_changed_policy(endpoint->forward_tiers);
  }
  changed_policies_.clear();
}

std::vector<rules::TierGroups> EndpointManager::groups(const std::vector<msg::TierInfo>& tiers,
                                                       bool with_egress) const {
  static const std::string no_selector;
  auto selector_of = [this](const msg::PolicyId& id) -> const std::string& {
    auto it = selectors_.find(id);
    return it == selectors_.end() ? no_selector : it->second;
  };
  return rules::group_tiers(tiers, selector_of, true, with_egress);
}

void EndpointManager::incref_group(const GroupChain& group) {
  if (++group_references_[group.name] != 1) return;
  update_tables({&out_.filter, &out_.mangle, &out_.raw},
                rules::policy_group_chain(renderer_, group.group));
}

void EndpointManager::decref_group(const std::string& chain) {
  auto it = group_references_.find(chain);
  if (it == group_references_.end() || --it->second > 0) return;
  group_references_.erase(it);
  out_.filter.remove(chain);
  out_.mangle.remove(chain);
  out_.raw.remove(chain);
}

void EndpointManager::update_policy_groups(const std::string& interface,
                                           const std::vector<GroupChain>& groups) {
  std::vector<std::string> names;
  for (const GroupChain& group : groups) {
    incref_group(group);
    names.push_back(group.name);
  }
  std::vector<std::string> old;
  if (auto it = group_chains_of_.find(interface); it != group_chains_of_.end()) {
    old.swap(it->second);
  }
  for (const std::string& name : old) decref_group(name);
  if (names.empty()) {
    group_chains_of_.erase(interface);
  } else {
    group_chains_of_[interface] = std::move(names);
  }
}

void EndpointManager::update_chains(RuleTable& table, ActiveChains& active, rules::Chains wanted) {
  std::set<std::string> seen;
  for (rules::Chain& wanted_chain : wanted) {
    ChainPtr chain = table.chain(std::move(wanted_chain));
    seen.insert(chain->name());
    ChainPtr& known = active[chain->name()];
    if (known && *known == *chain) continue;
    known = chain;
    table.update(chain);
  }
  for (auto it = active.begin(); it != active.end();) {
    if (seen.contains(it->first)) {
      ++it;
      continue;
    }
    table.remove(it->second);
    it = active.erase(it);
  }
}

std::string EndpointManager::workload_status(const msg::WorkloadEndpointId& id) const {
  auto it = workloads_.find(id);
  if (it == workloads_.end()) return "";
  const msg::WorkloadEndpoint& endpoint = *it->second.endpoint;
  const std::string& name = endpoint.name.str();
  if (to_configure_.contains(name))
    return std::string(renderer_.config.felix.failed_workload_status);
  return endpoint.state.view() == "active" && up_interfaces_.contains(name) ? "up" : "down";
}

std::string EndpointManager::host_status(Symbol id) const {
  if (!hosts_.contains(id)) return "";
  auto interfaces = interfaces_of_host_.find(id);
  if (interfaces == interfaces_of_host_.end()) return "error";
  for (const std::string& name : interfaces->second) {
    if (name != rules::any_interface && !up_interfaces_.contains(name)) return "down";
  }
  return "up";
}

void EndpointManager::update_statuses() {
  for (const EndpointId& id : status_dirty_) {
    if (const auto* workload = std::get_if<msg::WorkloadEndpointId>(&id)) {
      auto it = workloads_.find(*workload);
      out_.statuses->update(renderer_.family, id, workload_status(*workload),
                            it == workloads_.end() ? nullptr : it->second.endpoint);
    } else {
      out_.statuses->update(renderer_.family, id, host_status(std::get<Symbol>(id)), nullptr);
    }
  }
  status_dirty_.clear();
}

}  // namespace felixsim
