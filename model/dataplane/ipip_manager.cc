// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/ipip_manager.h"

namespace felixsim {

namespace {

constexpr char device_name[] = "tunl0";

}  // namespace

IpipManager::IpipManager(IpipManagerConfig config)
    : config_(std::move(config)),
      routes_({IpFamily::v4, msg::IpPoolType::ipip, RouteClass::ipip_tunnel,
               RouteClass::ipip_same_subnet, device_name, config_.mtu_bytes,
               config_.route_protocol}) {}

void IpipManager::on_host(const msg::HostMetadataUpdate& update) {
  if (update.host == config_.hostname) {
    routes_.set_parent_address(update.ipv4_addr);
  } else {
    hosts_[update.host] = update.ipv4_addr;
  }
  routes_.trigger_update();
}

void IpipManager::on_host_removed(const msg::HostMetadataRemove& removed) {
  if (removed.host == config_.hostname) routes_.set_parent_address("");
  hosts_.erase(removed.host);
  routes_.trigger_update();
}

void IpipManager::on_route(const msg::RouteUpdate& route) {
  if (config_.program_routes) routes_.on_route_update(route);
}

void IpipManager::on_route_removed(const msg::RouteRemove& route) {
  if (config_.program_routes) routes_.on_route_remove(route);
}

std::optional<TunnelDevice> IpipManager::device() const {
  if (!config_.tunnel_address) return std::nullopt;
  TunnelDevice wanted;
  wanted.link.name = device_name;
  wanted.link.kind = "ipip";
  wanted.address = *config_.tunnel_address;
  return wanted;
}

bool IpipManager::sync_device(Backend& backend) {
  return routes_.sync_device(backend, [this](const Link&) { return device(); });
}

bool IpipManager::device_needs_sync(const KernelState& kernel) const {
  return routes_.device_needs_sync(kernel, [this](const Link&) { return device(); });
}

void IpipManager::complete(RouteTable& table, const KernelState& kernel) {
  if (!config_.program_routes) return;
  auto tunnel_route = [this](const Cidr& dst,
                             const msg::RouteUpdate& route) -> std::optional<RouteTarget> {
    auto host = hosts_.find(route.dst_node_name);
    if (host == hosts_.end()) return std::nullopt;
    RouteTarget target;
    target.key.dst = dst;
    target.kind = RouteTarget::Kind::on_link;
    target.gateway = Ip::parse(host->second);
    target.protocol = config_.route_protocol;
    target.mtu_bytes = config_.mtu_bytes;
    return target;
  };
  routes_.complete(table, kernel, tunnel_route);
}

void clean_up_ipip_addresses(Backend& backend) {
  auto link = backend.state().links.find(device_name);
  if (link == backend.state().links.end()) return;
  std::vector<Address> addresses = link->second.addresses;
  for (const Address& address : addresses) {
    if (address.prefix.address.is_v4()) backend.apply(AddressOp{true, device_name, address});
  }
}

}  // namespace felixsim
