// SPDX-License-Identifier: Apache-2.0
#include "model/calc/dataplane_passthru.h"

#include "model/datastore/v1_fields.h"

namespace felixsim::calc {
namespace {

std::string text_of(const std::optional<Ip>& ip) { return ip ? ip->str() : std::string(); }

std::optional<IpPrefix> prefix_of(const std::optional<std::string>& text) {
  return text ? IpPrefix::parse(*text) : std::nullopt;
}

std::string prefix_text(const std::optional<std::string>& text) {
  const auto prefix = prefix_of(text);
  return prefix ? prefix->str() : std::string();
}

// libcalico-go/lib/resources FindNodeAddress: the first address of that type and family.
std::optional<Ip> find_ipv6(const Node& node, std::string_view type) {
  for (const auto& address : node.addresses) {
    if (address.type != type) continue;
    std::optional<Ip> ip = Ip::parse(address.address);
    if (!ip)
      if (const auto prefix = IpPrefix::parse(address.address)) ip = prefix->address;
    if (ip && !ip->is_v4()) return ip;
  }
  return std::nullopt;
}

}  // namespace

void DataplanePassthru::on_host_ip(Symbol host, const HostIp* value) {
  if (!value) {
    host_ips_.erase(host);
    return sequencer_.on_host_ip_remove(host);
  }
  auto [it, inserted] = host_ips_.try_emplace(host);
  if (!inserted && it->second) {
    // Felix compares with the old address through a pointer that is nil when the text was none.
    if (!value->ip) return sequencer_.on_panic(std::string(nil_pointer_panic));
    if (value->ip == it->second) return;
  }
  it->second = value->ip;
  sequencer_.on_host_ip_update(host, text_of(value->ip));
}

void DataplanePassthru::on_ip_pool(const IpPoolKey& key, const IpPool* pool) {
  if (!pool) return sequencer_.on_ip_pool_remove(key.cidr);
  sequencer_.on_ip_pool_update(key.cidr, {pool->cidr, pool->masquerade, pool->ipip_mode,
                                          pool->vxlan_mode, pool->allowed_uses});
}

void DataplanePassthru::on_wireguard(Symbol node, const Wireguard* wireguard) {
  if (!wireguard) return sequencer_.on_wireguard_remove(node);
  sequencer_.on_wireguard_update(node, *wireguard);
}

void DataplanePassthru::on_node(Symbol host, const Node* node) {
  if (!node) {
    host_ipv6s_.erase(host);
    sequencer_.on_host_ipv6_remove(host);
    return sequencer_.on_host_metadata_remove(host);
  }
  msg::HostMetadataV4V6Update update;
  update.host = host;
  update.labels = node->labels;
  if (node->has_bgp) {
    update.ipv4_addr = prefix_text(node->bgp_ipv4_address);
    update.ipv6_addr = prefix_text(node->bgp_ipv6_address);
    update.as_number = node->bgp_as_number.value_or("");
  }
  sequencer_.on_host_metadata_update(std::move(update));
  update_node_ipv6(host, *node);
}

// The node's IPv6 address is its BGP address; without BGP (and with IPv6 on) an address of the
// node.
void DataplanePassthru::update_node_ipv6(Symbol host, const Node& node) {
  if (node.has_bgp) {
    if (node.bgp_ipv6_address.value_or("").empty()) return clear_ipv6(host);
    const auto prefix = prefix_of(node.bgp_ipv6_address);
    return set_ipv6(host, prefix ? std::optional(prefix->address) : std::nullopt);
  }
  if (!ipv6_support_) return;
  std::optional<Ip> ip = find_ipv6(node, "InternalIP");
  if (!ip) ip = find_ipv6(node, "ExternalIP");
  if (ip)
    set_ipv6(host, ip);
  else
    clear_ipv6(host);
}

void DataplanePassthru::set_ipv6(Symbol host, const std::optional<Ip>& ip) {
  auto [it, inserted] = host_ipv6s_.try_emplace(host);
  if (!inserted && it->second) {
    if (!ip) return sequencer_.on_panic(std::string(nil_pointer_panic));
    if (ip == it->second) return;
  }
  it->second = ip;
  sequencer_.on_host_ipv6_update(host, text_of(ip));
}

void DataplanePassthru::clear_ipv6(Symbol host) {
  const auto it = host_ipv6s_.find(host);
  if (it == host_ipv6s_.end() || !it->second) return;
  host_ipv6s_.erase(it);
  sequencer_.on_host_ipv6_remove(host);
}

void DataplanePassthru::on_service(const ResourceKey& key, const Service* service) {
  if (!service) return sequencer_.on_service_remove(key.ns, key.name);
  msg::ServiceUpdate update{key.ns,
                            key.name,
                            service->type,
                            service->load_balancer_ip,
                            service->cluster_ips,
                            service->external_ips,
                            {}};
  for (const ServicePort& port : service->ports) {
    const bool known = port.protocol == "UDP" || port.protocol == "SCTP";
    update.ports.push_back({{}, known ? port.protocol : "TCP", port.port, port.node_port});
  }
  sequencer_.on_service_update(std::move(update));
}

void DataplanePassthru::on_bgp_configuration(const BgpConfiguration* config) {
  BgpConfiguration passed = config ? *config : BgpConfiguration{};
  for (auto* cidrs : {&passed.service_cluster_cidrs, &passed.service_external_cidrs,
                      &passed.service_load_balancer_cidrs})
    std::erase(*cidrs, "");
  sequencer_.on_global_bgp_config(std::move(passed));
}

}  // namespace felixsim::calc
