// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/route_manager.h"

namespace felixsim {

namespace {

constexpr int boot_protocol = 3;

bool is_type(const msg::RouteUpdate& route, uint32_t type) { return (route.types & type) == type; }

// vxlanLinksIncompat: settings of a VXLAN device that cannot be changed in place. Of others Felix
// takes what has the name.
bool compatible(const Link& want, const Link& have, bool any_mac) {
  if (!want.vxlan) return true;
  if (!have.vxlan) return false;
  if (want.vxlan->vni != have.vxlan->vni || want.vxlan->device != have.vxlan->device) return false;
  if (want.vxlan->local && have.vxlan->local && want.vxlan->local != have.vxlan->local) {
    return false;
  }
  if (want.vxlan->port > 0 && have.vxlan->port > 0 && want.vxlan->port != have.vxlan->port) {
    return false;
  }
  return any_mac || want.mac == have.mac;
}

}  // namespace

int cluster_route_protocol(int device_route_protocol) {
  return device_route_protocol == boot_protocol ? felix_route_protocol : device_route_protocol;
}

bool is_remote_tunnel_route(const msg::RouteUpdate& route, msg::IpPoolType type) {
  return route.pool_type == type && is_type(route, msg::remote_tunnel | msg::remote_workload);
}

bool is_borrowed_tunnel_route(const msg::RouteUpdate& route, msg::IpPoolType type) {
  return route.pool_type == type && is_type(route, msg::remote_tunnel) && route.borrowed;
}

bool RouteManager::is_local_block(const msg::RouteUpdate& route) const {
  if (!is_type(route, msg::local_workload) || route.pool_type != config_.pool_type) return false;
  // A whole-address route is that of a workload that is on its way: a blackhole would be in its
  // way.
  return !route.local_workload && route.dst.length != route.dst.address.max_prefix();
}

void RouteManager::on_route_update(const msg::RouteUpdate& route) {
  if (route.dst.address.family != config_.family) return;
  on_route_remove({route.dst});
  bool remote = route.pool_type == config_.pool_type && is_type(route, msg::remote_workload);
  if (remote || is_borrowed_tunnel_route(route, config_.pool_type)) {
    routes_[route.dst] = route;
    dirty_ = true;
  }
  if (is_local_block(route)) {
    local_blocks_[route.dst] = route;
    dirty_ = true;
  }
}

void RouteManager::on_route_remove(const msg::RouteRemove& route) {
  if (route.dst.address.family != config_.family) return;
  if (routes_.erase(route.dst) + local_blocks_.erase(route.dst) > 0) dirty_ = true;
}

const Link* RouteManager::find_parent(const KernelState& kernel) const {
  if (parent_address_.empty()) return nullptr;
  const Link* found = nullptr;
  for (const auto& [name, link] : kernel.links) {
    for (const Address& address : link.addresses) {
      if (address.prefix.address.family != config_.family) continue;
      bool matches = address.prefix.address.str() == parent_address_ ||
                     address.prefix.str() == parent_address_;
      if (matches && (!found || link.index < found->index)) found = &link;
    }
  }
  return found;
}

void RouteManager::set_parent(RouteTable& table, const std::string& name) {
  if (name == parent_device_) return;
  if (!parent_device_.empty()) table.set_routes(config_.same_subnet_class, parent_device_, {});
  parent_device_ = name;
  dirty_ = true;
}

std::optional<RouteTarget> RouteManager::no_encap_route(const msg::RouteUpdate& route) const {
  if (parent_device_.empty() || !route.dst_node_ip) return std::nullopt;
  if (config_.pool_type != msg::IpPoolType::no_encap && !route.same_subnet) return std::nullopt;
  RouteTarget target;
  target.key.dst = route.dst;
  target.kind = RouteTarget::Kind::on_link;
  target.gateway = route.dst_node_ip;
  target.protocol = config_.route_protocol;
  return target;
}

void RouteManager::update_routes(RouteTable& table, const TunnelRoute& tunnel_route) {
  std::vector<RouteTarget> tunnelled, unencapsulated, blackholes;
  for (const auto& [dst, route] : routes_) {
    if (auto target = no_encap_route(route)) {
      unencapsulated.push_back(*target);
    } else if (auto by_tunnel = tunnel_route ? tunnel_route(dst, route) : std::nullopt) {
      tunnelled.push_back(*by_tunnel);
    }
  }
  for (const auto& [dst, route] : local_blocks_) {
    RouteTarget target;
    target.key.dst = dst;
    target.kind = RouteTarget::Kind::blackhole;
    target.protocol = config_.route_protocol;
    blackholes.push_back(target);
  }
  if (!config_.tunnel_device.empty()) {
    table.set_routes(config_.tunnel_class, config_.tunnel_device, tunnelled);
  }
  table.set_routes(RouteClass::ipam_block_drop, std::string(no_interface), blackholes);
  if (!parent_device_.empty()) {
    table.set_routes(config_.same_subnet_class, parent_device_, unencapsulated);
  }
}

void RouteManager::complete(RouteTable& table, const Backend& backend,
                            const TunnelRoute& tunnel_route) {
  const uint64_t links = backend.links_version();
  if (links == 0 || links != links_seen_) {
    if (const Link* parent = find_parent(backend.state())) set_parent(table, parent->name);
    links_seen_ = links;
  }
  if (!dirty_) return;
  update_routes(table, tunnel_route);
  dirty_ = false;
}

bool RouteManager::ensure_only_address(Backend& backend, const Ip& address) const {
  Address wanted;
  wanted.prefix = {address, static_cast<uint8_t>(address.max_prefix())};
  std::vector<Address> existing = backend.state().links.at(config_.tunnel_device).addresses;
  bool present = false, ok = true;
  for (const Address& have : existing) {
    if (have.prefix.address.family != config_.family) continue;
    if (have.prefix == wanted.prefix) {
      present = true;
    } else {
      ok &= backend.apply(AddressOp{true, config_.tunnel_device, have}).rc == 0;
    }
  }
  if (!ok || present) return ok;
  return backend.apply(AddressOp{false, config_.tunnel_device, wanted}).rc == 0;
}

bool RouteManager::device_needs_sync(const KernelState& kernel, const Device& device) const {
  const Link* parent = find_parent(kernel);
  if (!parent) return false;
  std::optional<TunnelDevice> want = device(*parent);
  if (!want) return false;
  auto have = kernel.links.find(config_.tunnel_device);
  if (have == kernel.links.end()) return true;
  const Link& link = have->second;
  bool mtu_differs = config_.mtu_bytes != 0 && link.mtu_bytes != config_.mtu_bytes;
  if (mtu_differs || !link.admin_up || !compatible(want->link, link, config_.classic)) return true;
  bool present = false;
  for (const Address& address : link.addresses) {
    if (address.prefix.address.family != config_.family) continue;
    bool wanted = address.prefix.address == want->address &&
                  address.prefix.length == want->address.max_prefix();
    if (!wanted) return true;
    present = true;
  }
  return !present;
}

bool RouteManager::sync_device(Backend& backend, const Device& device) {
  const Link* parent = find_parent(backend.state());
  if (!parent) return parent_address_.empty();  // not known yet is not a failure
  std::optional<TunnelDevice> want = device(*parent);
  if (!want) return true;
  const std::string& name = config_.tunnel_device;
  auto have = backend.state().links.find(name);
  if (have != backend.state().links.end() &&
      !compatible(want->link, have->second, config_.classic)) {
    if (backend.apply(LinkRemoveOp{name}).rc != 0) return false;
    have = backend.state().links.end();
  }
  if (have == backend.state().links.end()) {
    if (backend.apply(LinkAddOp{want->link}).rc != 0) return false;
    have = backend.state().links.find(name);
    if (have == backend.state().links.end()) return false;
  }
  if (config_.mtu_bytes != 0 && have->second.mtu_bytes != config_.mtu_bytes) {
    backend.apply(LinkSetOp{name, std::nullopt, config_.mtu_bytes, std::nullopt});
  }
  bool was_up = have->second.admin_up;
  if (!ensure_only_address(backend, want->address)) return false;
  if (was_up) return true;
  return backend.apply(LinkSetOp{name, true, std::nullopt, std::nullopt}).rc == 0;
}

}  // namespace felixsim
