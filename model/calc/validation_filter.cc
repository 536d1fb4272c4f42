// SPDX-License-Identifier: Apache-2.0
#include "model/calc/validation_filter.h"

#include <charconv>

#include "model/datastore/name_text.h"
#include "model/datastore/v1_fields.h"
#include "model/datastore/v3_validation.h"
#include "model/selector/selector.h"

namespace felixsim::calc {
namespace {

using Problem = std::optional<std::string>;

// numorstring.Protocol.NumValue: a number, or a name that is one.
std::optional<uint8_t> protocol_number(const Protocol& protocol) {
  if (protocol.is_empty_text) return std::nullopt;
  if (protocol.name.empty()) return protocol.number;
  const std::string_view name = protocol.name.view();
  uint8_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

Problem protocol_problem(const Protocol& protocol) {
  if (const auto number = protocol_number(protocol))
    return *number == 0 ? Problem("protocol number 0") : std::nullopt;
  const std::string_view name = protocol.name.view();
  for (const std::string_view known : {"tcp", "udp", "icmp", "icmpv6", "sctp", "udplite"})
    if (name == known) return std::nullopt;
  return fmt::format("unknown protocol '{}'", name);
}

bool supports_ports(const Protocol& protocol) {
  if (const auto number = protocol_number(protocol))
    return *number == 6 || *number == 17 || *number == 132;
  const std::string_view name = protocol.name.view();
  return name == "tcp" || name == "udp" || name == "sctp";
}

Problem selector_problem(Symbol text) {
  if (text.empty()) return std::nullopt;
  auto selector = parse_selector(text.view());
  return selector ? std::nullopt : Problem(std::move(selector.error().message));
}

Problem port_problem(const Port& port) {
  if (!port.name.empty()) {
    if (!is_service_port_name(port.name.view()))
      return fmt::format("invalid port name '{}'", port.name.str());
    return port.first != 0 || port.last != 0 ? Problem("named port with numbers") : std::nullopt;
  }
  if (port.first < 1 || port.last < 1 || port.first > port.last)
    return fmt::format("invalid port range {}:{}", port.first, port.last);
  return std::nullopt;
}

Problem ports_problem(const Rule& rule, const std::vector<Port>& ports) {
  if (ports.empty()) return std::nullopt;
  for (const Port& port : ports)
    if (auto problem = port_problem(port)) return problem;
  if (rule.protocol)
    return supports_ports(*rule.protocol) ? std::nullopt : Problem("ports need TCP, UDP or SCTP");
  const bool named =
      std::all_of(ports.begin(), ports.end(), [](const Port& p) { return !p.name.empty(); });
  return named ? std::nullopt : Problem("numeric ports without a protocol");
}

Problem side_problem(const Rule& rule, const RuleSide& side) {
  for (const Symbol selector :
       {side.selector, side.not_selector, side.original_selector, side.original_namespace_selector,
        side.original_not_selector, side.original_service_account_selector})
    if (auto problem = selector_problem(selector)) return problem;
  if (auto problem = ports_problem(rule, side.ports)) return problem;
  return ports_problem(rule, side.not_ports);
}

Problem range_problem(const char* what, const std::optional<int64_t>& value, int most) {
  if (!value || (*value >= 0 && *value <= most)) return std::nullopt;
  return fmt::format("{} {} is not in 0..{}", what, *value, most);
}

Problem rule_problem(const Rule& rule) {
  if (rule.ip_version && *rule.ip_version != 4 && *rule.ip_version != 6)
    return fmt::format("IP version {}", *rule.ip_version);
  for (const auto* protocol : {&rule.protocol, &rule.not_protocol})
    if (*protocol)
      if (auto problem = protocol_problem(**protocol)) return problem;
  // The kernel cannot match ICMP type 255.
  if (auto problem = range_problem("ICMP type", rule.icmp_type, 254)) return problem;
  if (auto problem = range_problem("ICMP code", rule.icmp_code, 255)) return problem;
  if (auto problem = range_problem("ICMP type", rule.not_icmp_type, 254)) return problem;
  if (auto problem = range_problem("ICMP code", rule.not_icmp_code, 255)) return problem;
  if (auto problem = side_problem(rule, rule.source)) return problem;
  return side_problem(rule, rule.destination);
}

Problem rules_problem(const std::vector<Rule>& inbound, const std::vector<Rule>& outbound) {
  for (const auto* rules : {&inbound, &outbound})
    for (const Rule& rule : *rules)
      if (auto problem = rule_problem(rule)) return problem;
  return std::nullopt;
}

Problem endpoint_ports_problem(const std::vector<EndpointPort>& ports) {
  for (const EndpointPort& port : ports) {
    if (!is_v1_name(port.name.view()))
      return fmt::format("invalid port name '{}'", port.name.str());
    if (port.port == 0) return fmt::format("port '{}' is 0", port.name.str());
    const std::string_view protocol = port.protocol.name.view();
    if (protocol != "tcp" && protocol != "udp" && protocol != "sctp")
      return fmt::format("port '{}' is neither tcp, udp nor sctp", port.name.str());
  }
  return std::nullopt;
}

Problem names_problem(const std::vector<Symbol>& profile_ids) {
  for (const Symbol id : profile_ids)
    if (!is_v1_name(id.view())) return fmt::format("invalid profile name '{}'", id.str());
  return std::nullopt;
}

Problem find_problem(const WorkloadEndpoint& endpoint, const LiveConfig& config) {
  if (auto problem = endpoint_ports_problem(endpoint.ports)) return problem;
  if (endpoint.name.empty()) return "no interface name";
  if (!endpoint.allow_spoofed_source_prefixes.empty() && !config.spoofing_allowed)
    return "source IP spoofing asked for, but WorkloadSourceSpoofing is not Any";
  return std::nullopt;
}

Problem find_problem(const HostEndpoint& endpoint, const LiveConfig&) {
  if (!endpoint.name.empty() && !is_interface(endpoint.name.view()))
    return fmt::format("invalid interface name '{}'", endpoint.name.str());
  if (auto problem = names_problem(endpoint.profile_ids)) return problem;
  return endpoint_ports_problem(endpoint.ports);
}

Problem find_problem(const NetworkSet& set, const LiveConfig&) {
  return names_problem(set.profile_ids);
}

Problem find_problem(const Policy& policy, const LiveConfig&) {
  if (auto problem = selector_problem(policy.selector)) return problem;
  const auto& hints = policy.performance_hints;
  for (const std::string& hint : hints)
    if (hint != "AssumeNeededOnEveryNode") return fmt::format("unknown hint '{}'", hint);
  if (hints.size() > 1) return "a performance hint is given twice";
  return rules_problem(policy.inbound, policy.outbound);
}

Problem find_problem(const ProfileRules& rules, const LiveConfig&) {
  return rules_problem(rules.inbound, rules.outbound);
}

Problem refused_problem(const std::string& why) {
  return why.empty() ? std::nullopt : Problem(why);
}

Problem find_problem(const Profile& profile, const LiveConfig&) {
  return refused_problem(profile.refused);
}
Problem find_problem(const Service& service, const LiveConfig&) {
  return refused_problem(service.refused);
}
Problem find_problem(const EndpointSlice& slice, const LiveConfig&) {
  return refused_problem(slice.refused);
}
Problem find_problem(const LiveMigration& migration, const LiveConfig&) {
  return refused_problem(migration.refused);
}

Problem address_problem(const std::string& text, IpFamily family) {
  if (text.empty()) return std::nullopt;
  const auto ip = Ip::parse(text);
  return ip && ip->family == family ? std::nullopt : Problem(fmt::format("address '{}'", text));
}
Problem address_problem(const std::optional<std::string>& text, IpFamily family) {
  return address_problem(text.value_or(""), family);
}
// An address with or without prefix length.
Problem prefix_problem(const std::optional<std::string>& text, IpFamily family) {
  if (!text || text->empty()) return std::nullopt;
  const auto ip = address_of(*text);
  return ip && ip->family == family ? std::nullopt : Problem(fmt::format("address '{}'", *text));
}
Problem mac_problem(const std::string& text) {
  const bool valid = text.empty() || hardware_address(text);
  return valid ? std::nullopt : Problem(fmt::format("MAC '{}'", text));
}
Problem find_problem(const Node& node, const LiveConfig&) {
  for (const Problem& problem :
       {prefix_problem(node.bgp_ipv4_address, IpFamily::v4),
        prefix_problem(node.bgp_ipv6_address, IpFamily::v6),
        address_problem(node.bgp_ipv4_ipip_tunnel_address, IpFamily::v4),
        address_problem(node.ipv4_vxlan_tunnel_address, IpFamily::v4),
        address_problem(node.ipv6_vxlan_tunnel_address, IpFamily::v6),
        refused_problem(node.refused), mac_problem(node.vxlan_tunnel_mac),
        mac_problem(node.vxlan_tunnel_mac_v6), address_problem(node.wireguard_ipv4, IpFamily::v4),
        address_problem(node.wireguard_ipv6, IpFamily::v6)})
    if (problem) return problem;
  return std::nullopt;
}

Problem find_problem(const BgpPeer& peer, const LiveConfig&) {
  if (!peer.node.empty() && !peer.node_selector.empty()) return "both node and nodeSelector";
  if (!peer.node.empty() && !is_valid_name(peer.node.view()))
    return fmt::format("invalid node name '{}'", peer.node.str());
  if (auto problem = selector_problem(peer.node_selector)) return problem;
  if (auto problem = selector_problem(peer.local_workload_selector)) return problem;
  return refused_problem(peer.refused);
}

Problem find_problem(const FelixConfiguration& configuration, const LiveConfig&) {
  return refused_problem(configuration.refused);
}

Problem find_problem(const BgpConfiguration& config, const LiveConfig&) {
  for (const auto* list : {&config.service_cluster_cidrs, &config.service_external_cidrs,
                           &config.service_load_balancer_cidrs})
    for (const std::string& text : *list) {
      if (text.empty()) continue;
      if (!is_strict_net(text)) return fmt::format("CIDR '{}'", text);
    }
  if (auto problem = address_problem(config.local_workload_peering_ip_v4, IpFamily::v4))
    return problem;
  if (auto problem = address_problem(config.local_workload_peering_ip_v6, IpFamily::v6))
    return problem;
  return refused_problem(config.refused);
}

Problem find_problem(const UnreadResource& resource, const LiveConfig&) {
  return refused_problem(resource.refused);
}

// Values of which Felix checks nothing that is kept here.
template <class T>
Problem find_problem(const T&, const LiveConfig&) {
  return std::nullopt;
}

}  // namespace

std::optional<std::string> find_invalid(const Update& update, const LiveConfig& config) {
  if (!update.value) return std::nullopt;
  return std::visit([&](const auto& value) { return find_problem(value, config); }, *update.value);
}

}  // namespace felixsim::calc
