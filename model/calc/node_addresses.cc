// SPDX-License-Identifier: Apache-2.0
#include "model/calc/node_addresses.h"

namespace felixsim::calc {
namespace {

bool is_zero(const Ip& ip) {
  return std::all_of(ip.bytes.begin(), ip.bytes.end(), [](uint8_t byte) { return byte == 0; });
}

// cnet.ParseCIDROrIP: host bits are kept in the address.
std::optional<NodeAddresses::Own> parse_own(const std::string& text) {
  if (const auto prefix = IpPrefix::parse(text))
    return NodeAddresses::Own{prefix->address, prefix->network()};
  if (const auto ip = Ip::parse(text)) return NodeAddresses::Own{*ip, Cidr::host(*ip)};
  return std::nullopt;
}

// False: Felix panics.
bool read_bgp_address(const std::optional<std::string>& text, NodeAddresses::Own& own,
                      IpFamily family, std::string& panic) {
  if (!text || text->empty()) return true;
  const auto parsed = parse_own(*text);
  const char version = family == IpFamily::v4 ? '4' : '6';
  if (!parsed) {
    panic = fmt::format("Failed to parse already-validated IPv{} address", version);
    return false;
  }
  if (parsed->address.family != family) {
    panic = fmt::format("interface conversion: ip.Addr is ip.V{}Addr, not ip.V{}Addr",
                        version == '4' ? '6' : '4', version);
    return false;
  }
  own = *parsed;
  return true;
}

bool find_address(const Node& node, std::string_view type, NodeAddresses::Own& own,
                  IpFamily family) {
  for (const auto& address : node.addresses) {
    if (address.type != type) continue;
    const auto parsed = parse_own(address.address);
    if (!parsed || parsed->address.family != family) continue;
    own = *parsed;
    return true;
  }
  return false;
}

bool find_internal_or_external(const Node& node, NodeAddresses::Own& own, IpFamily family) {
  return find_address(node, "InternalIP", own, family) ||
         find_address(node, "ExternalIP", own, family);
}

}  // namespace

std::vector<Cidr> NodeAddresses::hosts() const {
  std::vector<Cidr> out;
  const auto add = [&](const Ip& ip) {
    if (!is_zero(ip)) out.push_back(Cidr::host(ip));
  };
  add(v4.address);
  add(v6.address);
  for (const auto& other : others)
    if (other) add(*other);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

bool NodeAddresses::same_as(const NodeAddresses& other) const {
  const auto listed = [&](const std::optional<Ip>& ip) {
    return std::find(other.others.begin(), other.others.end(), ip) != other.others.end();
  };
  return v4 == other.v4 && v6 == other.v6 && ipip == other.ipip && vxlan == other.vxlan &&
         vxlan_v6 == other.vxlan_v6 && wireguard == other.wireguard &&
         wireguard_v6 == other.wireguard_v6 && others.size() == other.others.size() &&
         std::all_of(others.begin(), others.end(), listed);
}

std::optional<NodeAddresses> node_addresses(const Node& node, std::string& panic) {
  NodeAddresses out;
  const auto given = [](const std::optional<std::string>& text) { return text && !text->empty(); };
  if (node.has_bgp && (given(node.bgp_ipv4_address) || given(node.bgp_ipv6_address))) {
    if (!read_bgp_address(node.bgp_ipv4_address, out.v4, IpFamily::v4, panic) ||
        !read_bgp_address(node.bgp_ipv6_address, out.v6, IpFamily::v6, panic))
      return std::nullopt;
  } else {
    const bool has_v4 = find_internal_or_external(node, out.v4, IpFamily::v4);
    const bool has_v6 = find_internal_or_external(node, out.v6, IpFamily::v6);
    if (!has_v4 && !has_v6) return std::nullopt;
  }
  out.wireguard = Ip::parse(node.wireguard_ipv4);
  out.wireguard_v6 = Ip::parse(node.wireguard_ipv6);
  if (node.has_bgp) out.ipip = Ip::parse(node.bgp_ipv4_ipip_tunnel_address.value_or(""));
  out.vxlan = Ip::parse(node.ipv4_vxlan_tunnel_address);
  out.vxlan_v6 = Ip::parse(node.ipv6_vxlan_tunnel_address);
  for (const auto& address : node.addresses) {
    if (address.address.empty())
      out.others.emplace_back();
    else if (const auto parsed = parse_own(address.address))
      out.others.emplace_back(parsed->address);
  }
  return out;
}

}  // namespace felixsim::calc
