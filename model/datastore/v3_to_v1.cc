// SPDX-License-Identifier: Apache-2.0
// Pools, tiers, profiles and nodes from v3 to v1.
#include "model/datastore/v3_to_v1.h"

#include <fmt/format.h>

#include "felixsim/wireguard_key.h"
#include "model/datastore/v1_fields.h"
#include "model/datastore/v3_validation.h"
#include "model/datastore/v3_values.h"

namespace felixsim {
namespace {

EncapMode encap_mode(const std::string& mode) {
  if (mode == "Always") return EncapMode::always;
  return mode == "CrossSubnet" ? EncapMode::cross_subnet : EncapMode::undefined;
}

bool is_known_mode(const std::string& mode) {
  return mode.empty() || mode == "Always" || mode == "CrossSubnet" || mode == "Never";
}

// libcalico-go/lib/resources FindNodeAddress.
std::optional<Ip> find_address(const Node& node, std::string_view type) {
  for (const auto& address : node.addresses) {
    if (address.type != type) continue;
    const auto ip = address_of(address.address);
    if (ip && ip->is_v4()) return ip;
  }
  return std::nullopt;
}

// An address as text, in its canonical form; what does not parse is noted.
std::optional<std::string> tunnel_address(const std::string& text, std::string_view field,
                                          Facts& errors) {
  if (text.empty()) return std::nullopt;
  const auto ip = Ip::parse(text);
  if (!ip) {
    errors.push_back(fmt::format("{}: '{}' is no address", field, text));
    return std::nullopt;
  }
  return ip->str();
}

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

std::optional<Wireguard> wireguard_of(const Node& node, Facts& errors, Facts& facts) {
  Wireguard out;
  const auto address = [&](const std::string& text, std::string_view field) {
    const auto ip = text.empty() ? std::nullopt : Ip::parse(text);
    if (!text.empty() && !ip) errors.push_back(fmt::format("{}: '{}' is no address", field, text));
    return ip;
  };
  out.interface_ipv4 = address(node.wireguard_ipv4, "wireguard.interfaceIPv4Address");
  out.interface_ipv6 = address(node.wireguard_ipv6, "wireguard.interfaceIPv6Address");
  // A key that does not parse is logged, and passed on all the same.
  out.public_key = node.wireguard_public_key;
  out.public_key_v6 = node.wireguard_public_key_v6;
  for (const auto& key : {out.public_key, out.public_key_v6}) {
    if (!key.empty() && !is_wireguard_key(key)) {
      facts.push_back(fmt::format("'{}' is no wireguard key, but is passed on", key));
    }
  }
  const bool any = out.interface_ipv4 || out.interface_ipv6 || !out.public_key.empty() ||
                   !out.public_key_v6.empty();
  return any ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace

Converted<IpPool> read_v3_ip_pool(JsonReader& in, JsonView view) {
  std::string cidr, ipip_mode, vxlan_mode;
  std::optional<Symbol> assignment_mode;
  IpPool out;
  in.object(view, [&](FieldName part, JsonView body) {
    if (!part.is("spec")) return;
    in.object(body, [&](FieldName name, JsonView value) {
      if (name.is("cidr")) in.read(value, cidr);
      if (name.is("vxlanMode")) in.read(value, vxlan_mode);
      if (name.is("ipipMode")) in.read(value, ipip_mode);
      if (name.is("natOutgoing")) in.read(value, out.masquerade);
      if (name.is("disabled")) in.read(value, out.disabled);
      if (name.is("disableBGPExport")) in.read(value, out.disable_bgp_export);
      if (name.is("allowedUses")) in.read(value, out.allowed_uses);
      if (name.is("assignmentMode")) in.read(value, assignment_mode);
    });
  });
  if (!in.ok()) return {};
  const auto net = Cidr::parse(cidr);
  if (!net) return {std::nullopt, fmt::format("cidr: '{}' is no network", cidr)};
  out.cidr = *net;
  out.ipip_mode = encap_mode(ipip_mode);
  out.vxlan_mode = encap_mode(vxlan_mode);
  if (out.ipip_mode != EncapMode::undefined) out.ipip_interface = Symbol("tunl0");
  out.ipam = !out.disabled;
  out.assignment_mode = assignment_mode.value_or(Symbol("Automatic"));
  Converted<IpPool> converted{std::move(out), ""};
  for (const auto& mode : {ipip_mode, vxlan_mode}) {
    if (!is_known_mode(mode)) converted.refusal = fmt::format("'{}' is no mode: no tunnel", mode);
  }
  return converted;
}

Tier read_v3_tier(JsonReader& in, JsonView view) {
  Tier out;
  std::string action;
  in.object(view, [&](FieldName part, JsonView body) {
    if (!part.is("spec")) return;
    in.object(body, [&](FieldName name, JsonView value) {
      if (name.is("order")) in.read(value, out.order);
      if (name.is("defaultAction")) in.read(value, action);
    });
  });
  // Any value but Pass is Deny (tierprocessor.go).
  out.default_action = Symbol(action == "Pass" ? "Pass" : "Deny");
  return out;
}

V3Profile read_v3_profile(JsonReader& in, JsonView view, Facts& facts) {
  std::vector<V3Rule> ingress, egress;
  V3Profile out;
  in.object(view, [&](FieldName part, JsonView body) {
    if (!part.is("spec")) return;
    in.object(body, [&](FieldName name, JsonView value) {
      if (name.is("ingress")) read_v3_rules(in, value, ingress);
      if (name.is("egress")) read_v3_rules(in, value, egress);
      if (name.is("labelsToApply")) in.read(value, out.labels);
    });
  });
  read_value(in, view, out.whole);
  out.rules.inbound = to_v1_rules(ingress, "", facts);
  out.rules.outbound = to_v1_rules(egress, "", facts);
  return out;
}

V3Node read_v3_node(JsonReader& in, JsonView view, Facts& errors, Facts& facts) {
  V3Node out;
  read_value(in, view, out.node);
  in.object(view, [&](FieldName part, JsonView body) {
    if (!part.is("status")) return;
    in.object(body, [&](FieldName name, JsonView value) {
      if (name.is("podCIDRs")) in.read(value, out.pod_cidrs);
    });
  });
  if (!in.ok()) return out;
  const Node& node = out.node;
  const std::string address = node.bgp_ipv4_address.value_or("");
  if (!address.empty()) {
    out.address = address_of(address);
    if (!out.address) errors.push_back(fmt::format("bgp.ipv4Address: '{}' is no address", address));
  }
  if (!out.address) out.address = find_address(node, "InternalIP");
  if (!out.address) out.address = find_address(node, "ExternalIP");
  out.ipip_address = tunnel_address(node.bgp_ipv4_ipip_tunnel_address.value_or(""),
                                    "bgp.ipv4IPIPTunnelAddr", errors);
  out.vxlan_address = tunnel_address(node.ipv4_vxlan_tunnel_address, "ipv4VXLANTunnelAddr", errors);
  out.vxlan_mac = unless_empty(node.vxlan_tunnel_mac);
  out.vxlan_v6_address =
      tunnel_address(node.ipv6_vxlan_tunnel_address, "ipv6VXLANTunnelAddr", errors);
  out.vxlan_v6_mac = unless_empty(node.vxlan_tunnel_mac_v6);
  out.wireguard = wireguard_of(node, errors, facts);
  return out;
}

}  // namespace felixsim
