// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/vxlan_manager.h"

#include "model/rules/names.h"

namespace felixsim {

std::string vxlan_device(IpFamily family) {
  return family == IpFamily::v4 ? "vxlan.calico" : "vxlan-v6.calico";
}

VxlanManager::VxlanManager(VxlanManagerConfig config, IpSets& ip_sets, VxlanFdb& fdb)
    : config_(std::move(config)),
      ip_sets_(ip_sets),
      fdb_(fdb),
      routes_({config_.family, msg::IpPoolType::vxlan, RouteClass::vxlan_tunnel,
               RouteClass::vxlan_same_subnet, vxlan_device(config_.family), config_.mtu_bytes,
               config_.route_protocol, config_.classic}) {}

VxlanManager::VtepFields VxlanManager::fields(const msg::VtepUpdate& vtep) const {
  if (config_.family == IpFamily::v4) return {vtep.mac, vtep.ipv4_addr, vtep.parent_device_ip};
  return {vtep.mac_v6, vtep.ipv6_addr, vtep.parent_device_ipv6};
}

void VxlanManager::set_local_vtep(std::optional<msg::VtepUpdate> vtep) {
  local_ = std::move(vtep);
  routes_.set_parent_address(local_ ? fields(*local_).host_address : "");
}

void VxlanManager::on_vtep(const msg::VtepUpdate& vtep) {
  if (fields(vtep).address.empty()) return;  // that of the other family
  if (vtep.node == config_.hostname) {
    set_local_vtep(vtep);
  } else {
    remote_[vtep.node] = vtep;
  }
  dirty_ = true;
  routes_.trigger_update();
}

void VxlanManager::on_vtep_removed(const msg::VtepRemove& removed) {
  if (removed.node == config_.hostname) {
    set_local_vtep(std::nullopt);
  } else {
    remote_.erase(removed.node);
  }
  dirty_ = true;
  routes_.trigger_update();
}

void VxlanManager::update_neighbours() {
  std::vector<Vtep> vteps;
  std::vector<msg::IpSetMember> sources;
  for (const Cidr& cidr : config_.external_cidrs) sources.push_back({cidr, 0, 0});
  for (const auto& [node, update] : remote_) {
    VtepFields vtep = fields(update);
    auto mac = Mac::parse(vtep.mac);
    auto address = Ip::parse(vtep.address), host = Ip::parse(vtep.host_address);
    if (!mac || !address || !host) continue;
    vteps.push_back({*mac, *address, *host});
    sources.push_back({Cidr::host(*host), 0, 0});
  }
  fdb_.set_vteps(vteps);
  ip_sets_.add_or_replace(rules::ip_set::all_vxlan, msg::IpSetType::net, sources);
}

std::optional<RouteTarget> VxlanManager::tunnel_route(const Cidr& dst,
                                                      const msg::RouteUpdate& route) const {
  RouteTarget target;
  target.key.dst = dst;
  target.mtu_bytes = config_.mtu_bytes;
  bool is_vtep = is_remote_tunnel_route(route, msg::IpPoolType::vxlan) ||
                 is_borrowed_tunnel_route(route, msg::IpPoolType::vxlan);
  if (is_vtep) return target;  // on the link: it has no VTEP before it
  auto vtep = remote_.find(route.dst_node_name);
  if (vtep == remote_.end()) return std::nullopt;
  target.kind = RouteTarget::Kind::on_link;
  target.gateway = Ip::parse(fields(vtep->second).address);
  return target;
}

std::optional<TunnelDevice> VxlanManager::device(const Link& parent) const {
  if (!local_) return std::nullopt;
  VtepFields vtep = fields(*local_);
  auto mac = Mac::parse(vtep.mac);
  auto address = Ip::parse(vtep.address);
  if (!mac || !address) return std::nullopt;
  TunnelDevice wanted;
  wanted.address = *address;
  wanted.link.name = vxlan_device(config_.family);
  wanted.link.kind = "vxlan";
  wanted.link.mac = *mac;
  VxlanLink vxlan;
  vxlan.vni = config_.vni;
  vxlan.local = Ip::parse(vtep.host_address);
  vxlan.device = parent.name;
  vxlan.port = config_.port;
  vxlan.learning = false;
  wanted.link.vxlan = vxlan;
  return wanted;
}

bool VxlanManager::sync_device(Backend& backend) {
  return routes_.sync_device(backend, [this](const Link& parent) { return device(parent); });
}

bool VxlanManager::device_needs_sync(const KernelState& kernel) const {
  return routes_.device_needs_sync(kernel, [this](const Link& parent) { return device(parent); });
}

void VxlanManager::complete(RouteTable& table, const Backend& backend) {
  if (dirty_) {
    update_neighbours();
    dirty_ = false;
  }
  routes_.complete(table, backend, [this](const Cidr& dst, const msg::RouteUpdate& route) {
    return tunnel_route(dst, route);
  });
}

}  // namespace felixsim
