// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/rules_json.h"

#include "model/rules/render.h"
#include "tests/conformance/rule_json.h"

namespace felixsim::conform {
namespace {

using namespace felixsim::rules;

Symbol symbol_at(const json& object, const char* key) {
  return Symbol(object.value(key, std::string()));
}

std::vector<msg::Rule> rules_at(const json& object, const char* key) {
  std::vector<msg::Rule> rules;
  for (const auto& rule : object.value(key, json::array())) rules.push_back(rule_of(rule));
  return rules;
}

std::vector<PolicyGroup> groups_at(const json& tier, const char* key) {
  std::vector<PolicyGroup> groups;
  for (const auto& group : tier.value(key, json::array())) {
    std::vector<msg::PolicyId> policies;
    for (const auto& id : group.at("policies")) policies.push_back(policy_id_of(id));
    const bool inbound = group.at("direction") == "inbound";
    groups.push_back(make_policy_group(inbound ? Direction::inbound : Direction::outbound,
                                       group.at("selector"), std::move(policies)));
  }
  return groups;
}

// protojson writes 64-bit integers as strings.
int64_t integer_at(const json& object, const char* key) {
  if (!object.contains(key)) return 0;
  const json& value = object.at(key);
  return value.is_string() ? std::stoll(value.get<std::string>()) : value.get<int64_t>();
}

json rule_json(const rules::Rule& rule, const std::string& chain, const std::string& hash,
               Dialect dialect) {
  if (dialect == Dialect::iptables) return append_text(rule, chain, hash);
  return {{"r", nft_text(rule)}, {"c", nft_comment(rule, hash)}};
}

// The parts of rules_config_of().

Verdict verdict_of(const std::string& action) {
  if (action == "ACCEPT") return Verdict::accept;
  if (action == "RETURN") return Verdict::return_;
  return action == "REJECT" ? Verdict::reject : Verdict::drop;
}

std::optional<Ip> address_at(const json& config, const char* key) {
  return Ip::parse(config.value(key, ""));
}

std::vector<ProtoPort> failsafe_at(const json& config, const char* key) {
  std::vector<ProtoPort> ports;
  const json list = config.value(key, json());
  if (!list.is_array()) return ports;
  for (const auto& port : list)
    ports.push_back({port.at("protocol"), port.at("port"), port.value("net", "")});
  return ports;
}

// "30000:32767", or one port as a number.
msg::PortRange range_of(const json& value) {
  if (value.is_number()) return {value.get<int32_t>(), value.get<int32_t>()};
  const std::string text = value;
  const size_t colon = text.find(':');
  return {std::stoi(text), std::stoi(colon == std::string::npos ? text : text.substr(colon + 1))};
}

void read_marks(RulesConfig& c, const json& j) {
  c.marks.accept = j.at("MarkAccept");
  c.marks.pass = j.at("MarkPass");
  c.marks.drop = j.at("MarkDrop");
  c.marks.scratch0 = j.at("MarkScratch0");
  c.marks.scratch1 = j.at("MarkScratch1");
  c.marks.wireguard = j.at("WireguardMark");
  c.marks.endpoint = j.at("MarkEndpoint");
  c.marks.non_cali_endpoint = j.at("MarkNonCaliEndpoint");
}

void read_overlays(RulesConfig& c, const json& j) {
  c.vxlan_enabled = j.at("VXLANEnabled");
  c.vxlan_enabled_v6 = j.at("VXLANEnabledV6");
  c.ipip_enabled = j.at("IPIPEnabled");
  c.vxlan_port = j.at("VXLANPort");
  c.ipip_tunnel_address = address_at(j, "IPIPTunnelAddress");
  c.vxlan_tunnel_address = address_at(j, "VXLANTunnelAddress");
  c.vxlan_tunnel_address_v6 = address_at(j, "VXLANTunnelAddressV6");
  c.allow_vxlan_from_workloads = j.at("AllowVXLANPacketsFromWorkloads");
  c.allow_ipip_from_workloads = j.at("AllowIPIPPacketsFromWorkloads");
  c.wireguard_enabled = j.at("WireguardEnabled");
  c.wireguard_enabled_v6 = j.at("WireguardEnabledV6");
  c.wireguard_interface = j.at("WireguardInterfaceName");
  c.wireguard_interface_v6 = j.at("WireguardInterfaceNameV6");
  c.wireguard_port = j.at("WireguardListeningPort");
  c.wireguard_port_v6 = j.at("WireguardListeningPortV6");
  c.wireguard_encrypt_host_traffic = j.at("WireguardEncryptHostTraffic");
}

void read_actions(RulesConfig& c, const json& j) {
  c.log_prefix = j.at("LogPrefix");
  c.log_rate_limit = j.at("LogActionRateLimit");
  c.log_rate_limit_burst = j.at("LogActionRateLimitBurst");
  c.endpoint_to_host = verdict_of(j.at("EndpointToHostAction"));
  c.filter_allow = verdict_of(j.at("FilterAllowAction"));
  c.mangle_allow = verdict_of(j.at("MangleAllowAction"));
  c.filter_deny = verdict_of(j.at("FilterDenyAction"));
  const std::string loops = j.at("ServiceLoopPrevention");
  c.blocked_cidrs = loops == "Drop"     ? std::optional(Verdict::drop)
                    : loops == "Reject" ? std::optional(Verdict::reject)
                                        : std::nullopt;
  c.failsafe_inbound = failsafe_at(j, "FailsafeInboundHostPorts");
  c.failsafe_outbound = failsafe_at(j, "FailsafeOutboundHostPorts");
  c.disable_conntrack_invalid = j.at("DisableConntrackInvalid");
}

void read_nat(RulesConfig& c, const json& j) {
  const auto range = range_of(j.at("NATPortRange"));
  if (range.last > 0) c.nat_port_range = range;
  c.nat_outgoing_address = address_at(j, "NATOutgoingAddress");
  c.nat_outgoing_interface_filter = j.at("IptablesNATOutgoingInterfaceFilter");
  c.nat_outgoing_excludes_hosts = j.at("NATOutgoingExclusions") == "IPPoolsAndHostIPs";
}

}  // namespace

RulesConfig rules_config_of(const json& meta) {
  const json& j = meta.at("rules_config");
  RulesConfig c;
  c.dialect = meta.at("nft").get<bool>() ? Dialect::nft : Dialect::iptables;
  c.workload_interface_prefixes = strings_of(j.at("WorkloadIfacePrefixes"));
  read_marks(c, j);
  c.kube_node_port_ranges.clear();
  for (const auto& range : j.at("KubeNodePortRanges"))
    c.kube_node_port_ranges.push_back(range_of(range));
  c.kube_ipvs = j.at("KubeIPVSSupportEnabled");
  c.openstack = j.at("OpenStackSpecialCasesEnabled");
  c.openstack_metadata_ip = address_at(j, "OpenStackMetadataIP");
  c.openstack_metadata_port = j.at("OpenStackMetadataPort");
  read_overlays(c, j);
  read_actions(c, j);
  read_nat(c, j);
  c.bpf_enabled = j.at("BPFEnabled");
  c.bpf_force_track_interfaces = strings_of(j.at("BPFForceTrackPacketsFromIfaces"));
  c.flow_logs = j.at("FlowLogsEnabled");
  c.istio_ambient = j.at("IstioAmbientModeEnabled");
  c.istio_dscp = j.at("IstioDSCPMark");
  return c;
}

Features features_of(const json& features) {
  return {features.value("SNATFullyRandom", false), features.value("MASQFullyRandom", false),
          features.value("NFLogSize", false), true};
}

msg::PolicyId policy_id_of(const json& id) {
  return {symbol_at(id, "kind"), symbol_at(id, "namespace"), symbol_at(id, "name")};
}

msg::Policy policy_of(const json& object) {
  msg::Policy policy;
  policy.tier = symbol_at(object, "tier");
  policy.ns = symbol_at(object, "namespace");
  policy.untracked = object.value("untracked", false);
  policy.inbound = rules_at(object, "inbound_rules");
  policy.outbound = rules_at(object, "outbound_rules");
  return policy;
}

std::vector<TierGroups> tiers_of(const json& tiers) {
  std::vector<TierGroups> result;
  if (!tiers.is_array()) return result;
  for (const auto& tier : tiers)
    result.push_back({symbol_at(tier, "name"), symbol_at(tier, "default_action"),
                      groups_at(tier, "ingress_groups"), groups_at(tier, "egress_groups")});
  return result;
}

std::optional<QosControls> qos_of(const json& line) {
  if (!line.contains("qos") || line.at("qos").is_null()) return std::nullopt;
  const json& j = line.at("qos");
  QosControls qos;
  qos.ingress_packet_rate = integer_at(j, "IngressPacketRate");
  qos.egress_packet_rate = integer_at(j, "EgressPacketRate");
  qos.ingress_packet_burst = integer_at(j, "IngressPacketBurst");
  qos.egress_packet_burst = integer_at(j, "EgressPacketBurst");
  qos.ingress_max_connections = integer_at(j, "IngressMaxConnections");
  qos.egress_max_connections = integer_at(j, "EgressMaxConnections");
  return qos;
}

std::vector<Symbol> symbols_of(const json& list) {
  std::vector<Symbol> symbols;
  for (const auto& text : strings_of(list)) symbols.emplace_back(text);
  return symbols;
}

std::vector<std::string> strings_of(const json& list) {
  return list.is_array() ? list.get<std::vector<std::string>>() : std::vector<std::string>();
}

json chains_json(const Chains& chains, Dialect dialect) {
  json result = json::array();
  for (const Chain& chain : chains) {
    const auto hashes = rule_hashes(chain.name, chain.rules, dialect);
    json lines = json::array();
    for (size_t i = 0; i < chain.rules.size(); ++i)
      lines.push_back(rule_json(chain.rules[i], chain.name, hashes[i], dialect));
    json entry{{"name", chain.name}, {"rules", std::move(lines)}};
    if (chain.force) entry["force"] = true;
    result.push_back(std::move(entry));
  }
  return result;
}

}  // namespace felixsim::conform
