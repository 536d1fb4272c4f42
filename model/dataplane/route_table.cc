// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/route_table.h"

#include <algorithm>

namespace felixsim {

namespace {

constexpr SimTime grace_period = 10 * second;  // int_dataplane.go routeCleanupGracePeriod
constexpr uint32_t ipv6_default_priority = 1024;
constexpr int boot_protocol = 3;
constexpr RouteClass all_classes[] = {RouteClass::local_workload,    RouteClass::wireguard,
                                      RouteClass::vxlan_same_subnet, RouteClass::vxlan_tunnel,
                                      RouteClass::ipip_same_subnet,  RouteClass::ipip_tunnel,
                                      RouteClass::no_encap,          RouteClass::ipam_block_drop};
constexpr int no_such_process = 3;  // ESRCH: the route is gone already

bool contains(const std::vector<int>& values, int value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

// Link-local destinations are the kernel's own business (routeIsIPv6Bootstrap).
bool is_ipv6_bootstrap(const Route& route) {
  return !route.dst.address.is_v4() && route.dst.length == 64 &&
         route.dst.address.bytes[0] == 0xfe && route.dst.address.bytes[1] == 0x80;
}

bool is_special(const Route& route) {
  return route.type != Route::Type::unicast && (route.device.empty() || route.device == "lo");
}

}  // namespace

RouteTableConfig main_route_table(IpFamily family, int device_route_protocol,
                                  std::optional<Ip> source_address,
                                  const std::vector<std::string>& workload_prefixes,
                                  bool remove_external_routes) {
  RouteTableConfig config;
  config.family = family;
  config.source_address = source_address;
  config.default_protocol = device_route_protocol;
  config.workload_prefixes = workload_prefixes;
  config.special_interfaces = {family == IpFamily::v4 ? "vxlan.calico" : "vxlan-v6.calico",
                               "bpfin.cali"};
  config.remove_external_routes = remove_external_routes;
  if (device_route_protocol == boot_protocol) {
    config.all_protocols = {boot_protocol, felix_route_protocol};
    config.exclusive_protocols = {felix_route_protocol};
  } else {
    config.all_protocols = config.exclusive_protocols = {device_route_protocol};
  }
  config.static_arp_entries = family == IpFamily::v4;
  return config;
}

RouteTableConfig classic_main_route_table(RouteTableConfig config, bool vxlan) {
  config.classic = true;
  config.owns_special = vxlan;
  // The protocols that mark routes on foreign devices; workloads' devices have the default one.
  config.all_protocols = {config.default_protocol};
  if (!vxlan) config.special_interfaces.clear();
  return config;
}

RouteTable::RouteTable(RouteTableConfig config) : config_(std::move(config)) {
  interfaces_[std::string(no_interface)] = {0, InterfaceState::up, 0, true};
}

// The kernel takes priority 0 of an IPv6 route for 1024.
RouteKey RouteTable::normalised(RouteKey key) const {
  if (config_.family == IpFamily::v6 && key.priority == 0) key.priority = ipv6_default_priority;
  return key;
}

void RouteTable::set_routes(RouteClass route_class, const std::string& device,
                            const std::vector<RouteTarget>& targets) {
  const bool same_subnet = route_class == RouteClass::vxlan_same_subnet;
  if (config_.classic && same_subnet && same_subnet_devices_.insert(device).second)
    full_resync_needed_ = true;
  const Owner owner{route_class, device};
  Targets fresh;
  for (const RouteTarget& target : targets) fresh[normalised(target.key)] = target;
  Targets old;
  if (auto it = wanted_.find(owner); it != wanted_.end()) old.swap(it->second);
  if (fresh.empty()) {
    wanted_.erase(owner);
  } else {
    wanted_[owner] = fresh;
  }
  for (const auto& [key, target] : old) {
    if (fresh.contains(key)) continue;
    auto owners = owners_.find(key);
    std::erase(owners->second, owner);
    if (owners->second.empty()) owners_.erase(owners);
    recalculate(key);
  }
  if (config_.static_arp_entries) {
    arp_entries_.erase(device);
    to_arp_.erase(device);
  }
  for (const auto& [key, target] : fresh) {
    auto& owners = owners_[key];
    if (const auto at = std::lower_bound(owners.begin(), owners.end(), owner);
        at == owners.end() || *at != owner)
      owners.insert(at, owner);
    recalculate(key);
    if (!config_.static_arp_entries || !target.destination_mac) continue;
    arp_entries_[device][key.dst.address] = *target.destination_mac;
    to_arp_.insert(device);
  }
}

const RouteTarget* RouteTable::best_target(const RouteKey& key, std::string& device) {
  const RouteTarget* best = nullptr;
  RouteClass best_class = RouteClass::local_workload;
  int best_index = -1;
  auto owners = owners_.find(key);
  if (owners == owners_.end()) return nullptr;
  for (const auto& owner : owners->second) {
    auto interface = interfaces_.find(owner.second);
    if (interface == interfaces_.end()) continue;
    if (!config_.classic) interface->second.grace_expired = true;
    if (interface->second.state != InterfaceState::up) continue;
    const auto had = config_.classic ? routes_.actual().find(key) : routes_.actual().end();
    if (had != routes_.actual().end() && had->second.device == owner.second) {
      device = owner.second;
      return &wanted_.at(owner).at(key);
    }
    bool better = !best || owner.first < best_class ||
                  (owner.first == best_class && interface->second.index > best_index);
    if (!better) continue;
    best = &wanted_.at(owner).at(key);
    best_class = owner.first;
    best_index = interface->second.index;
    device = owner.second;
  }
  return best;
}

Route RouteTable::kernel_route(const RouteTarget& target, const RouteKey& key,
                               const std::string& device) const {
  Route route;
  route.dst = key.dst;
  route.metric = key.priority;
  route.table = config_.table;
  route.gateway = target.gateway;
  route.source = config_.source_address;
  route.protocol = target.protocol.value_or(config_.default_protocol);
  if (target.mtu_bytes != 0 && !config_.classic) route.mtu_bytes = target.mtu_bytes;
  switch (target.kind) {
    case RouteTarget::Kind::link_local:
      route.scope = config_.family == IpFamily::v4 ? "link" : "";
      break;
    case RouteTarget::Kind::on_link:
      route.onlink = true;
      break;
    case RouteTarget::Kind::blackhole:
      route.type = Route::Type::blackhole;
      break;
    case RouteTarget::Kind::throw_:
      route.type = Route::Type::throw_;
      break;
  }
  if (device != no_interface) route.device = device;
  return route;
}

// Felix v3.28 fails to add a route that another interface of its own has, and tries again for ever.
void RouteTable::note_contest(const RouteKey& key) {
  const auto owners = owners_.find(key);
  const auto is_up = [&](const auto& owner) {
    const auto interface = interfaces_.find(owner.second);
    return interface != interfaces_.end() && interface->second.state == InterfaceState::up;
  };
  const bool contested = owners != owners_.end() &&
                         std::count_if(owners->second.begin(), owners->second.end(), is_up) > 1;
  if (contested)
    contested_.insert(key);
  else
    contested_.erase(key);
}

void RouteTable::recalculate(const RouteKey& key) {
  if (config_.classic) note_contest(key);
  std::string device;
  const RouteTarget* best = best_target(key, device);
  if (best) {
    routes_.set_desired(key, kernel_route(*best, key, device));
    released_.erase(key);
  } else {
    if (config_.classic && routes_.desired().contains(key)) released_.insert(key);
    routes_.remove_desired(key);
  }
}

void RouteTable::on_interface_changed(const InterfaceChange& change, SimTime now) {
  if (change.state == InterfaceState::not_present) {
    interfaces_.erase(change.name);
    to_rescan_.erase(change.name);
  } else {
    auto [it, is_new] = interfaces_.try_emplace(change.name);
    if (is_new) it->second.first_seen = now;
    it->second.index = change.index;
    it->second.state = change.state;
  }
  // Routes go with an interface that goes down, so what is there is looked up when it is back.
  if (change.state == InterfaceState::up) to_rescan_.insert(change.name);
  for (RouteClass route_class : all_classes) {
    auto targets = wanted_.find({route_class, change.name});
    if (targets == wanted_.end()) continue;
    for (const auto& [key, target] : targets->second) recalculate(key);
  }
}

bool RouteTable::is_workload_interface(const std::string& device) const {
  return std::any_of(config_.workload_prefixes.begin(), config_.workload_prefixes.end(),
                     [&](const std::string& prefix) { return device.starts_with(prefix); });
}

bool RouteTable::is_exclusively_ours(const Route& route, bool special) const {
  if (!contains(config_.exclusive_protocols, route.protocol)) return false;
  if (!config_.classic) return true;
  return special ? config_.owns_special : same_subnet_devices_.contains(route.device);
}

// Somebody else's route is in the way: Felix v3.28 adds routes, it does not replace them.
bool RouteTable::is_taken(const KernelState& kernel, const RouteKey& key) const {
  if (!config_.classic || routes_.actual().contains(key)) return false;
  return std::any_of(kernel.routes.begin(), kernel.routes.end(), [&](const Route& route) {
    return route.table == config_.table && route.dst == key.dst && route.metric == key.priority;
  });
}

// MainTableOwnershipPolicy.RouteIsOurs.
bool RouteTable::is_ours(const Route& route) const {
  if (route.table != config_.table || route.dst.address.family != config_.family) return false;
  bool special = is_special(route);
  if (!special && is_ipv6_bootstrap(route)) return false;
  if (!config_.own_device.empty()) return special || route.device == config_.own_device;
  if (is_exclusively_ours(route, special)) return true;
  if (special) return false;
  if (is_workload_interface(route.device)) {
    return config_.remove_external_routes || contains(config_.all_protocols, route.protocol);
  }
  return std::find(config_.special_interfaces.begin(), config_.special_interfaces.end(),
                   route.device) != config_.special_interfaces.end();
}

// As this table would have asked for it: IPv6 routes have no scope, and their special ones are by
// lo.
Route RouteTable::comparable(Route route) const {
  if (config_.family == IpFamily::v6) route.scope.clear();
  if (is_special(route)) route.device.clear();
  route.rank = 0;
  return route;
}

void RouteTable::resync(const KernelState& kernel) {
  DeltaTracker<RouteKey, Route>::Map actual;
  for (const Route& route : kernel.routes) {
    if (is_ours(route)) actual[{route.dst, route.metric}] = comparable(route);
  }
  routes_.replace_actual(std::move(actual));
  to_rescan_.clear();
  for (const auto& [device, entries] : arp_entries_) to_arp_.insert(device);
  full_resync_needed_ = false;
}

void RouteTable::rescan_interfaces(const KernelState& kernel) {
  if (to_rescan_.empty()) return;
  std::set<RouteKey> gone;
  for (const auto& [key, route] : routes_.actual()) {
    if (to_rescan_.contains(route.device)) gone.insert(key);
  }
  for (const Route& route : kernel.routes) {
    if (!to_rescan_.contains(route.device) || !is_ours(route)) continue;
    RouteKey key{route.dst, route.metric};
    routes_.set_actual(key, comparable(route));
    gone.erase(key);
  }
  for (const RouteKey& key : gone) routes_.remove_actual(key);
  for (const std::string& device : to_rescan_) {
    if (arp_entries_.contains(device)) to_arp_.insert(device);
  }
  to_rescan_.clear();
}

bool RouteTable::in_grace_period(const Route& route, SimTime now, bool woken) {
  auto it = interfaces_.find(route.device);
  if (it == interfaces_.end() || it->second.grace_expired) return false;
  if (!is_workload_interface(route.device)) return false;
  SimTime end = it->second.first_seen + grace_period;
  if (now >= end && woken) return false;
  next_grace_end_ = next_grace_end_ ? std::min(*next_grace_end_, end) : end;
  return true;
}

bool RouteTable::apply_deletions(Backend& backend, SimTime now, bool woken) {
  bool ok = true;
  next_grace_end_.reset();
  std::set<RouteKey> pending = routes_.pending_deletions();
  for (const RouteKey& key : pending) {
    const Route& route = routes_.actual().at(key);
    if (!released_.contains(key) && in_grace_period(route, now, woken)) continue;
    int rc = backend.apply(RouteOp{true, route}).rc;
    if (rc == 0 || rc == no_such_process) {
      routes_.remove_actual(key);
      released_.erase(key);
    } else {
      ok = false;
    }
  }
  return ok;
}

bool RouteTable::apply_updates(Backend& backend) {
  bool ok = true;
  std::set<RouteKey> pending = routes_.pending_updates();
  for (const RouteKey& key : pending) {
    Route route = routes_.desired().at(key);
    if (is_taken(backend.state(), key)) {
      ok = false;
      continue;
    }
    if (backend.apply(RouteOp{false, route}).rc == 0) {
      routes_.set_actual(key, route);
      continue;
    }
    auto link = backend.state().links.find(route.device);
    bool interface_is_why =
        !route.device.empty() && (link == backend.state().links.end() || !link->second.admin_up);
    if (!interface_is_why) ok = false;
  }
  return ok;
}

bool RouteTable::apply_arp_entries(Backend& backend) {
  bool ok = true;
  std::set<std::string> pending = to_arp_;
  for (const std::string& device : pending) {
    auto entries = arp_entries_.find(device);
    if (entries == arp_entries_.end()) {
      to_arp_.erase(device);
      continue;
    }
    auto interface = interfaces_.find(device);
    if (interface == interfaces_.end()) continue;
    bool done = true;
    for (const auto& [address, mac] : entries->second) {
      NeighbourOp op{false, {device, address, mac, "PERMANENT", false}};
      if (backend.apply(op).rc != 0 && interface->second.state == InterfaceState::up) done = false;
    }
    if (done) {
      to_arp_.erase(device);
    } else {
      ok = false;
    }
  }
  return ok;
}

bool RouteTable::apply(Backend& backend, SimTime now, bool woken) {
  woken |= full_resync_needed_;
  if (full_resync_needed_) {
    resync(backend.state());
  } else {
    rescan_interfaces(backend.state());
  }
  bool deleted = apply_deletions(backend, now, woken);
  bool updated = apply_updates(backend);
  return apply_arp_entries(backend) && deleted && updated && contested_.empty();
}

}  // namespace felixsim
