// SPDX-License-Identifier: Apache-2.0
// The workload half of the endpoint manager (endpoint_mgr.go resolveWorkloadEndpoints and what it
// calls).
#include "model/dataplane/endpoint_manager.h"
#include "model/dataplane/sysctls.h"
#include "model/rules/arp_chains.h"
#include "model/rules/dispatch_chains.h"
#include "model/rules/endpoint_chains.h"
#include "model/rules/static_chains.h"

namespace felixsim {

void EndpointManager::resolve_workloads() {
  // A removal may bring a shadowed endpoint back, so this ends only when nothing is pending.
  while (!pending_workloads_.empty()) {
    auto [id, endpoint] = *pending_workloads_.begin();
    pending_workloads_.erase(pending_workloads_.begin());
    if (!endpoint) {
      Symbol interface;
      auto known = workloads_.find(id);
      bool was_active = known != workloads_.end();
      if (was_active) interface = known->second.endpoint->name;
      remove_workload(id);
      shadowed_.erase(id);
      if (was_active) promote_shadowed(interface);
    } else if (yields_to_existing(id, endpoint)) {
      continue;
    } else {
      activate_workload(id, endpoint);
    }
    status_dirty_.push_back(id);
  }
  if (dispatch_dirty_) {
    update_workload_dispatch();
    dispatch_dirty_ = false;
    marks_dirty_ = true;
  }
}

// Two endpoints with one interface: the smaller ID has it, the other waits in its shadow.
bool EndpointManager::yields_to_existing(const msg::WorkloadEndpointId& id,
                                         const WorkloadPtr& endpoint) {
  auto existing = workload_of_.find(endpoint->name.str());
  if (existing == workload_of_.end() || existing->second == id) return false;
  msg::WorkloadEndpointId other = existing->second;
  if (other < id) {
    shadowed_[id] = endpoint;
    return true;
  }
  shadowed_[other] = workloads_.at(other).endpoint;
  remove_workload(other);
  return false;
}

void EndpointManager::promote_shadowed(Symbol interface) {
  for (auto it = shadowed_.begin(); it != shadowed_.end(); ++it) {
    if (it->second->name != interface) continue;
    pending_workloads_[it->first] = it->second;
    shadowed_.erase(it);
    return;
  }
}

void EndpointManager::remove_workload(const msg::WorkloadEndpointId& id) {
  migrations_.erase(id);
  auto it = workloads_.find(id);
  if (it == workloads_.end()) return;
  for (const ChainPtr& chain : it->second.chains) out_.filter.remove(chain);
  if (!it->second.arp_chain.empty()) out_.arp->remove(it->second.arp_chain);
  const std::string name = it->second.endpoint->name.str();
  if (out_.marks) out_.marks->release(name);
  if (out_.routes) out_.routes->set_routes(RouteClass::local_workload, name, {});
  if (out_.link_addresses) out_.link_addresses->remove(name);
  to_configure_.erase(name);
  workload_of_.erase(name);
  dispatch_dirty_ = true;
  if (spoofable_.erase(name) > 0) rpf_skip_dirty_ = true;
  update_policy_groups(name, {});
  workloads_.erase(it);
}

void EndpointManager::forget_old_interface(const Workload& workload,
                                           const msg::WorkloadEndpoint& old,
                                           const std::string& new_name) {
  const std::string& old_name = old.name.str();
  if (out_.marks) out_.marks->release(old_name);
  for (const ChainPtr& chain : workload.chains) out_.filter.remove(chain);
  // Felix looks for the old interface's allowed sources but forgets the new one's.
  if (spoofable_.contains(old_name)) {
    spoofable_.erase(new_name);
    rpf_skip_dirty_ = true;
  }
  if (out_.routes) out_.routes->set_routes(RouteClass::local_workload, old_name, {});
  if (out_.link_addresses) out_.link_addresses->remove(old_name);
  to_configure_.erase(old_name);
  workload_of_.erase(old_name);
  dispatch_dirty_ = true;
}

void EndpointManager::activate_workload(const msg::WorkloadEndpointId& id,
                                        const WorkloadPtr& endpoint) {
  const std::string& name = endpoint->name.str();
  Workload& workload = workloads_[id];
  const WorkloadPtr old = std::exchange(workload.endpoint, endpoint);
  if (old && old->name != endpoint->name) forget_old_interface(workload, *old, name);
  // Dispatch depends on which interfaces there are, and which have IPv4; Felix works it out anew
  // for each update and finds it unchanged.
  if (!old || old->ipv4_nets.empty() != endpoint->ipv4_nets.empty() || !workload_of_.contains(name))
    dispatch_dirty_ = true;
  update_workload_chains(workload);
  update_spoofing(*endpoint);
  if (out_.routes) {
    bool active = endpoint->state.view() == "active";
    out_.routes->set_routes(RouteClass::local_workload, name,
                            active ? routes_of(id, *endpoint) : std::vector<RouteTarget>());
  }
  to_configure_.insert(name);
  workload_of_[name] = id;
}

void EndpointManager::on_migration(const msg::WorkloadEndpointId& id, MigrationState state) {
  if (state == MigrationState::none) {
    migrations_.erase(id);
  } else {
    migrations_[id] = state;
  }
  // The routes are made with the rest of the endpoint.
  if (const auto known = workloads_.find(id); known != workloads_.end())
    pending_workloads_.try_emplace(id, known->second.endpoint);
}

void EndpointManager::update_workload_chains(Workload& workload) {
  const msg::WorkloadEndpoint& endpoint = *workload.endpoint;
  const std::string& name = endpoint.name.str();
  if (out_.arp) {
    rules::Chain chain = rules::workload_arp_chain(name, endpoint.ipv4_nets);
    workload.arp_chain = chain.name;
    out_.arp->update(std::move(chain));
  }
  auto rules =
      out_.workload_chains->rules_of(renderer_, out_.filter,
                                     {endpoint.state.view() == "active", groups(endpoint.tiers),
                                      endpoint.profile_ids, endpoint.qos});
  if (!rules) {
    panic_ = std::move(rules).error().with_context(name).message;
    return;
  }
  update_policy_groups(name, (*rules)->groups);
  const auto& [to, from] =
      out_.workload_chains->chains_of(renderer_, out_.filter, endpoint.name, *rules);
  workload.chains = {to, from};
  if (renderer_.config.kube_ipvs)
    workload.chains.push_back(
        out_.filter.chain(rules::set_endpoint_mark_chain(renderer_, name, *out_.marks)));
  for (const ChainPtr& chain : workload.chains) out_.filter.update(chain);
}

// Felix takes note of the first list of allowed sources only, not of a change to another list.
void EndpointManager::update_spoofing(const msg::WorkloadEndpoint& endpoint) {
  const std::string& name = endpoint.name.str();
  bool known = spoofable_.contains(name);
  if (known == !endpoint.allow_spoofed_source_prefixes.empty()) return;
  if (known) {
    spoofable_.erase(name);
  } else {
    spoofable_[name] = endpoint.allow_spoofed_source_prefixes;
  }
  rpf_skip_dirty_ = true;
}

std::vector<RouteTarget> EndpointManager::routes_of(const msg::WorkloadEndpointId& id,
                                                    const msg::WorkloadEndpoint& endpoint) const {
  const auto migration = migrations_.find(id);
  const bool migrates = migration != migrations_.end();
  if (migrates && migration->second == MigrationState::target) return {};
  std::vector<Cidr> nets = renderer_.v4() ? endpoint.ipv4_nets : endpoint.ipv6_nets;
  if (config_.floating_ips || id.orchestrator.view() == "openstack") {
    for (const IpNat& nat : renderer_.v4() ? endpoint.ipv4_nat : endpoint.ipv6_nat) {
      nets.push_back(Cidr::host(nat.external));
    }
  }
  // The kernel takes as many bytes of a longer address as the device has.
  const std::string ethernet = endpoint.mac.substr(0, Mac{}.str().size());
  const std::optional<Mac> mac = Mac::parse(ethernet);
  std::vector<RouteTarget> targets;
  for (const Cidr& net : nets) {
    RouteTarget target;
    target.key = {net, migrates ? config_.elevated_route_priority : config_.route_priority};
    target.destination_mac = mac;
    targets.push_back(std::move(target));
  }
  return targets;
}

void EndpointManager::update_workload_dispatch() {
  std::vector<std::string> names, with_ipv4;
  for (const auto& [name, id] : workload_of_) {
    names.push_back(name);
    if (out_.arp && !workloads_.at(id).endpoint->ipv4_nets.empty()) with_ipv4.push_back(name);
  }
  std::sort(names.begin(), names.end());
  if (out_.arp) {
    out_.arp->set_map(rules::map::arp_dispatch, rules::arp_dispatch_map(with_ipv4));
    update_chains(*out_.arp, arp_dispatch_, {rules::arp_dispatch_chain()});
  }
  if (renderer_.nft()) {
    rules::DispatchMaps maps = rules::workload_dispatch_maps(renderer_, names);
    out_.filter.set_map(rules::map::from_workload_dispatch, std::move(maps.from));
    out_.filter.set_map(rules::map::to_workload_dispatch, std::move(maps.to));
  }
  update_chains(out_.filter, workload_dispatch_,
                rules::workload_dispatch_chains(renderer_, std::move(names)));
}

void EndpointManager::update_rpf_skip_chain() {
  std::vector<std::pair<std::string, Cidr>> allowed;
  for (const auto& [interface, nets] : spoofable_) {
    for (const Cidr& net : nets) allowed.emplace_back(interface, net);
  }
  out_.raw.update(rules::rpf_skip_chain(renderer_, allowed));
}

// False while the peer's address is not known: Felix tries again.
bool EndpointManager::ensure_bgp_peer_address(const std::string& interface) {
  if (!out_.link_addresses) return true;
  auto id = workload_of_.find(interface);
  bool peer = false;
  if (id != workload_of_.end()) {
    const auto& name = workloads_.at(id->second).endpoint->local_bgp_peer;
    peer = name && !name->empty();
  }
  if (!peer) {
    out_.link_addresses->remove(interface);
    return true;
  }
  auto address = Ip::parse(bgp_peer_address_);
  if (!address || address->family != renderer_.family) return false;
  out_.link_addresses->set(interface, *address);
  return true;
}

void EndpointManager::configure_interfaces(Backend& backend) {
  if (bgp_peer_address_dirty_) {
    bgp_peer_address_dirty_ = false;
    bgp_peer_address_ = new_bgp_peer_address_;
    for (const auto& [name, id] : workload_of_) to_configure_.insert(name);
  }
  for (auto it = to_configure_.begin(); it != to_configure_.end();) {
    bool done = true;  // a down interface is left until it comes up
    if (up_interfaces_.contains(*it)) {
      std::string rp_filter = spoofable_.contains(*it) ? "0" : config_.default_rp_filter;
      done = configure_workload_interface(backend, renderer_.family, *it, rp_filter) &&
             ensure_bgp_peer_address(*it);
    }
    it = done ? to_configure_.erase(it) : std::next(it);
  }
}

}  // namespace felixsim
