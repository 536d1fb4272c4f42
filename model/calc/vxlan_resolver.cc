// SPDX-License-Identifier: Apache-2.0
#include "model/calc/vxlan_resolver.h"

#include "model/hash/hash.h"

namespace felixsim::calc {
namespace {

// cnet.ParseCIDROrIP of a node's BGP address: "" is no address, and no error.
struct ParsedAddress {
  bool valid = true;
  std::optional<std::string> ip;
};
ParsedAddress parse_bgp_address(const std::optional<std::string>& text) {
  if (!text || text->empty()) return {};
  if (const auto prefix = IpPrefix::parse(*text)) return {true, prefix->address.str()};
  if (const auto ip = Ip::parse(*text)) return {true, ip->str()};
  return {false, std::nullopt};
}

template <class T>
const T* as(const Value* value) {
  return value ? std::get_if<T>(value) : nullptr;
}

}  // namespace

std::string generated_vtep_mac(std::string_view node_name, IpFamily family) {
  const Bytes digest = sha1({node_name, family == IpFamily::v4 ? "" : "-v6"});
  Mac mac{{'f'}};
  std::copy_n(digest.begin(), 5, mac.bytes.begin() + 1);
  return mac.str();
}

bool VxlanResolver::NodeState::forgettable() const {
  return !ipv4 && !ipv6 && !tunnel_ipv4 && !tunnel_ipv6 && mac.empty() && mac_v6.empty() && !sent;
}

void VxlanResolver::on_update(const Update& update) {
  const Value* value = update.value.get();
  if (const auto* key = std::get_if<ResourceKey>(&update.key)) {
    static const Symbol node_kind("Node");
    if (use_node_resources_ && key->kind == node_kind) on_node(key->name, value);
  } else if (const auto* host = std::get_if<HostIpKey>(&update.key)) {
    if (!use_node_resources_) on_host_ip(host->host, value);
  } else if (const auto* config = std::get_if<HostConfigKey>(&update.key)) {
    on_host_config(*config, value);
  }
}

void VxlanResolver::on_node(Symbol name, const Value* value) {
  const auto* node = as<Node>(value);
  auto& state = nodes_[name];
  if (node && node->has_bgp) {
    const auto ipv4 = parse_bgp_address(node->bgp_ipv4_address);
    const auto ipv6 = parse_bgp_address(node->bgp_ipv6_address);
    // Felix logs and keeps what it knew of the node, both families.
    if (!ipv4.valid || !ipv6.valid) return;
    state.ipv4 = ipv4.ip;
    state.ipv6 = ipv6.ip;
  } else {
    state.ipv4.reset();
    state.ipv6.reset();
  }
  refresh(name);
}

void VxlanResolver::on_host_ip(Symbol name, const Value* value) {
  auto& state = nodes_[name];
  const auto* host = as<HostIp>(value);
  if (host) {
    state.ipv4 = host->ip ? std::optional(host->ip->str()) : std::nullopt;
    state.ipv6.reset();
  } else {
    state.ipv4.reset();
  }
  refresh(name);
}

void VxlanResolver::on_host_config(const HostConfigKey& key, const Value* value) {
  const auto* raw = as<RawText>(value);
  const auto text = raw ? std::optional(raw->text) : std::nullopt;
  const std::string& parameter = key.name.str();
  if (parameter == "IPv4VXLANTunnelAddr")
    nodes_[key.host].tunnel_ipv4 = text;
  else if (parameter == "IPv6VXLANTunnelAddr")
    nodes_[key.host].tunnel_ipv6 = text;
  else if (parameter == "VXLANTunnelMACAddr")
    nodes_[key.host].mac = text.value_or("");
  else if (parameter == "VXLANTunnelMACAddrV6")
    nodes_[key.host].mac_v6 = text.value_or("");
  else
    return;
  refresh(key.host);
}

void VxlanResolver::refresh(Symbol name) {
  auto& state = nodes_[name];
  const bool has_v4 = state.tunnel_ipv4 && state.ipv4, has_v6 = state.tunnel_ipv6 && state.ipv6;
  msg::VtepUpdate vtep{name, {}, {}, {}, {}, {}, {}};
  if (has_v4) {
    vtep.mac = state.mac.empty() ? generated_vtep_mac(name.view(), IpFamily::v4) : state.mac;
    vtep.ipv4_addr = *state.tunnel_ipv4;
    vtep.parent_device_ip = *state.ipv4;
  }
  if (has_v6) {
    vtep.mac_v6 =
        state.mac_v6.empty() ? generated_vtep_mac(name.view(), IpFamily::v6) : state.mac_v6;
    vtep.ipv6_addr = *state.tunnel_ipv6;
    vtep.parent_device_ipv6 = *state.ipv6;
  }
  const bool wanted = has_v4 || has_v6;
  if (!(wanted && state.sent == vtep)) {
    if (state.sent) sink_.on_remove(name);
    state.sent.reset();
    if (wanted) {
      state.sent = vtep;
      sink_.on_update(vtep);
    }
  }
  if (state.forgettable()) nodes_.erase(name);
}

}  // namespace felixsim::calc
