// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/ipip_manager.h"

namespace felixsim {

namespace {

constexpr char device_name[] = "tunl0";

}  // namespace

IpipManager::IpipManager(IpipManagerConfig config)
    : config_(std::move(config)),
      routes_({IpFamily::v4, msg::IpPoolType::ipip, RouteClass::ipip_tunnel,
               RouteClass::ipip_same_subnet, device_name, config_.mtu_bytes, config_.route_protocol,
               config_.classic}) {}

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

// ipip_mgr.go configureIPIPDevice of v3.28.5.
bool IpipManager::classic_device_needs_sync(const KernelState& kernel) const {
  const auto have = kernel.links.find(device_name);
  if (have == kernel.links.end()) return true;
  const Link& link = have->second;
  if (!link.admin_up || link.mtu_bytes != config_.mtu_bytes) return true;
  bool present = false;
  for (const Address& address : link.addresses) {
    if (!address.prefix.address.is_v4()) continue;
    if (address.prefix.address != config_.tunnel_address) return true;
    present = true;
  }
  return config_.tunnel_address && !present;
}

bool IpipManager::sync_classic_address(Backend& backend) {
  bool present = false;
  const std::vector<Address> existing = backend.state().links.at(device_name).addresses;
  for (const Address& address : existing) {
    if (!address.prefix.address.is_v4()) continue;
    if (address.prefix.address == config_.tunnel_address)
      present = true;
    else if (backend.apply(AddressOp{true, device_name, address}).rc != 0)
      return false;
  }
  if (present || !config_.tunnel_address) return true;
  Address wanted;
  const Ip& ip = *config_.tunnel_address;
  wanted.prefix = {ip, static_cast<uint8_t>(ip.max_prefix())};
  return backend.apply(AddressOp{false, device_name, wanted}).rc == 0;
}

bool IpipManager::sync_classic_device(Backend& backend) {
  const auto& links = backend.state().links;
  if (!links.contains(device_name)) {
    Link wanted;
    wanted.name = device_name;
    wanted.kind = "ipip";
    if (backend.apply(LinkAddOp{wanted}).rc != 0 || !links.contains(device_name)) return false;
  }
  if (links.at(device_name).mtu_bytes != config_.mtu_bytes &&
      backend.apply(LinkSetOp{device_name, std::nullopt, config_.mtu_bytes, std::nullopt}).rc != 0)
    return false;
  if (!links.at(device_name).admin_up &&
      backend.apply(LinkSetOp{device_name, true, std::nullopt, std::nullopt}).rc != 0)
    return false;
  return sync_classic_address(backend);
}

bool IpipManager::sync_device(Backend& backend) {
  if (config_.classic) {
    return !classic_device_needs_sync(backend.state()) || sync_classic_device(backend);
  }
  return routes_.sync_device(backend, [this](const Link&) { return device(); });
}

bool IpipManager::device_needs_sync(const KernelState& kernel) const {
  if (config_.classic) return classic_device_needs_sync(kernel);
  return routes_.device_needs_sync(kernel, [this](const Link&) { return device(); });
}

void IpipManager::complete(RouteTable& table, const Backend& backend) {
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
  routes_.complete(table, backend, tunnel_route);
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
