// SPDX-License-Identifier: Apache-2.0
#include "model/calc/message_json_parts.h"

namespace felixsim::calc::json_parts {
namespace {

json protocol(const Protocol& value) {
  if (value.name.empty()) return {{"number", value.number}};
  return {{"name", value.name.str()}};
}

json ports(const std::vector<msg::PortRange>& ranges) {
  json list = json::array();
  for (const auto& range : ranges) {
    json entry = json::object();
    put(entry, "first", range.first);
    put(entry, "last", range.last);
    list.push_back(std::move(entry));
  }
  return list;
}

// A oneof: printed even when it is 0.
void put_icmp(json& object, const char* type_name, const char* pair_name,
              const std::optional<msg::IcmpMatch>& icmp) {
  if (!icmp) return;
  if (!icmp->code) {
    object[type_name] = icmp->type;
    return;
  }
  json pair = json::object();
  put(pair, "type", icmp->type);
  put(pair, "code", *icmp->code);
  object[pair_name] = std::move(pair);
}

json http_match(const HttpMatch& http) {
  json object = json::object(), paths = json::array();
  put(object, "methods", http.methods);
  for (const auto& path : http.paths) {
    json match = json::object();
    match[path.exact.empty() ? "prefix" : "exact"] = path.exact.empty() ? path.prefix : path.exact;
    paths.push_back(std::move(match));
  }
  put(object, "paths", std::move(paths));
  return object;
}

// Field names of one side of a rule.
struct SideNames {
  const char *net, *not_net, *ports, *not_ports, *ip_sets, *not_ip_sets, *named_ports,
      *not_named_ports, *selector, *namespace_selector, *not_selector, *service, *service_namespace,
      *service_account;
};
constexpr SideNames source_names{"src_net",
                                 "not_src_net",
                                 "src_ports",
                                 "not_src_ports",
                                 "src_ip_set_ids",
                                 "not_src_ip_set_ids",
                                 "src_named_port_ip_set_ids",
                                 "not_src_named_port_ip_set_ids",
                                 "original_src_selector",
                                 "original_src_namespace_selector",
                                 "original_not_src_selector",
                                 "original_src_service",
                                 "original_src_service_namespace",
                                 "src_service_account_match"};
constexpr SideNames destination_names{"dst_net",
                                      "not_dst_net",
                                      "dst_ports",
                                      "not_dst_ports",
                                      "dst_ip_set_ids",
                                      "not_dst_ip_set_ids",
                                      "dst_named_port_ip_set_ids",
                                      "not_dst_named_port_ip_set_ids",
                                      "original_dst_selector",
                                      "original_dst_namespace_selector",
                                      "original_not_dst_selector",
                                      "original_dst_service",
                                      "original_dst_service_namespace",
                                      "dst_service_account_match"};

void put_side(json& object, const SideNames& names, const msg::RuleMatchSide& side) {
  put(object, names.net, side.net);
  put(object, names.not_net, side.not_net);
  put(object, names.ports, ports(side.ports));
  put(object, names.not_ports, ports(side.not_ports));
  put(object, names.ip_sets, side.ip_set_ids);
  put(object, names.not_ip_sets, side.not_ip_set_ids);
  put(object, names.named_ports, side.named_port_ip_set_ids);
  put(object, names.not_named_ports, side.not_named_port_ip_set_ids);
  put(object, names.selector, side.original_selector);
  put(object, names.namespace_selector, side.original_namespace_selector);
  put(object, names.not_selector, side.original_not_selector);
  put(object, names.service, side.original_service);
  put(object, names.service_namespace, side.original_service_namespace);
  if (side.service_account) {
    json match = json::object();
    put(match, "selector", side.service_account->selector);
    put(match, "names", side.service_account->names);
    object[names.service_account] = std::move(match);
  }
}

json rules(const std::vector<msg::Rule>& list) {
  json array = json::array();
  for (const auto& entry : list) array.push_back(rule(entry));
  return array;
}

json policy_ids(const std::vector<msg::PolicyId>& ids) {
  json array = json::array();
  for (const auto& id : ids) array.push_back(policy_id(id));
  return array;
}

json tiers(const std::vector<msg::TierInfo>& list) {
  json array = json::array();
  for (const auto& tier : list) {
    json entry = json::object();
    put(entry, "name", tier.name);
    put(entry, "ingress_policies", policy_ids(tier.ingress));
    put(entry, "egress_policies", policy_ids(tier.egress));
    put(entry, "default_action", tier.default_action);
    array.push_back(std::move(entry));
  }
  return array;
}

json nats(const std::vector<IpNat>& list) {
  json array = json::array();
  for (const auto& nat : list)
    array.push_back({{"ext_ip", nat.external.str()}, {"int_ip", nat.internal.str()}});
  return array;
}

json qos_controls(const QosControls& qos) {
  json object = json::object();
  put(object, "IngressBandwidth", qos.ingress_bandwidth);
  put(object, "EgressBandwidth", qos.egress_bandwidth);
  put(object, "IngressBurst", qos.ingress_burst);
  put(object, "EgressBurst", qos.egress_burst);
  put(object, "IngressPacketRate", qos.ingress_packet_rate);
  put(object, "EgressPacketRate", qos.egress_packet_rate);
  put(object, "IngressMaxConnections", qos.ingress_max_connections);
  put(object, "EgressMaxConnections", qos.egress_max_connections);
  put(object, "IngressPeakrate", qos.ingress_peakrate);
  put(object, "EgressPeakrate", qos.egress_peakrate);
  put(object, "IngressMinburst", qos.ingress_minburst);
  put(object, "EgressMinburst", qos.egress_minburst);
  put(object, "IngressPacketBurst", qos.ingress_packet_burst);
  put(object, "EgressPacketBurst", qos.egress_packet_burst);
  return object;
}

json qos_policies(const std::vector<msg::QosPolicy>& list) {
  json array = json::array();
  for (const auto& entry : list) {
    json object = json::object();
    put(object, "destination", entry.destination);
    put(object, "dscp", entry.dscp);
    array.push_back(std::move(object));
  }
  return array;
}

void put_live_migration(json& object, const msg::WorkloadEndpoint& endpoint) {
  if (endpoint.live_migration_role == msg::LiveMigrationRole::source)
    object["live_migration_role"] = "SOURCE";
  if (endpoint.live_migration_role == msg::LiveMigrationRole::target)
    object["live_migration_role"] = "TARGET";
  put(object, "live_migration_uid", endpoint.live_migration_uid);
  put(object, "live_migration_vmi_name", endpoint.live_migration_vmi_name);
}

// A single bit prints as the enum's name, a combination as its number.
json route_types(uint32_t types) {
  switch (types) {
    case msg::remote_workload:
      return "REMOTE_WORKLOAD";
    case msg::remote_host:
      return "REMOTE_HOST";
    case msg::local_workload:
      return "LOCAL_WORKLOAD";
    case msg::local_host:
      return "LOCAL_HOST";
    case msg::remote_tunnel:
      return "REMOTE_TUNNEL";
    case msg::local_tunnel:
      return "LOCAL_TUNNEL";
    default:
      return types;
  }
}

}  // namespace

std::string_view encap_mode(EncapMode mode) {
  switch (mode) {
    case EncapMode::undefined:
    case EncapMode::never:
      return "";
    case EncapMode::always:
      return "always";
    case EncapMode::cross_subnet:
      return "cross-subnet";
  }
  return "";
}

json policy_id(const msg::PolicyId& id) {
  json object = json::object();
  put(object, "name", id.name);
  put(object, "namespace", id.ns);
  put(object, "kind", id.kind);
  return object;
}

json rule(const msg::Rule& value) {
  json object = json::object();
  put(object, "action", value.action);
  if (value.ip_version == 4) object["ip_version"] = "IPV4";
  if (value.ip_version == 6) object["ip_version"] = "IPV6";
  if (value.protocol) object["protocol"] = protocol(*value.protocol);
  if (value.not_protocol) object["not_protocol"] = protocol(*value.not_protocol);
  put_icmp(object, "icmp_type", "icmp_type_code", value.icmp);
  put_icmp(object, "not_icmp_type", "not_icmp_type_code", value.not_icmp);
  put_side(object, source_names, value.source);
  put_side(object, destination_names, value.destination);
  put(object, "dst_ip_port_set_ids", value.destination_ip_port_set_ids);
  if (value.http) object["http_match"] = http_match(*value.http);
  if (value.annotations) {
    json metadata = json::object();
    put(metadata, "annotations", *value.annotations);
    object["metadata"] = std::move(metadata);
  }
  put(object, "rule_id", value.rule_id);
  return object;
}

json policy(const msg::Policy& value) {
  json object = json::object();
  put(object, "namespace", value.ns);
  put(object, "tier", value.tier);
  put(object, "inbound_rules", rules(value.inbound));
  put(object, "outbound_rules", rules(value.outbound));
  put(object, "untracked", value.untracked);
  put(object, "pre_dnat", value.pre_dnat);
  put(object, "original_selector", value.original_selector);
  put(object, "perf_hints", value.perf_hints);
  return object;
}

json profile(const msg::Profile& value) {
  json object = json::object();
  put(object, "inbound_rules", rules(value.inbound));
  put(object, "outbound_rules", rules(value.outbound));
  return object;
}

json workload_endpoint(const msg::WorkloadEndpoint& endpoint) {
  json object = json::object();
  put(object, "state", endpoint.state);
  put(object, "name", endpoint.name);
  put(object, "mac", endpoint.mac);
  put(object, "profile_ids", endpoint.profile_ids);
  put(object, "ipv4_nets", endpoint.ipv4_nets);
  put(object, "ipv6_nets", endpoint.ipv6_nets);
  put(object, "tiers", tiers(endpoint.tiers));
  put(object, "ipv4_nat", nats(endpoint.ipv4_nat));
  put(object, "ipv6_nat", nats(endpoint.ipv6_nat));
  put(object, "allow_spoofed_source_prefixes", endpoint.allow_spoofed_source_prefixes);
  put(object, "annotations", endpoint.annotations);
  if (endpoint.qos) object["qos_controls"] = qos_controls(*endpoint.qos);
  if (endpoint.local_bgp_peer)
    object["local_bgp_peer"] = {{"bgp_peer_name", *endpoint.local_bgp_peer}};
  if (endpoint.skip_redir) {
    json skip = json::object();
    put(skip, "Egress", endpoint.skip_redir->first);
    put(skip, "Ingress", endpoint.skip_redir->second);
    object["skip_redir"] = std::move(skip);
  }
  put(object, "qos_policies", qos_policies(endpoint.qos_policies));
  put(object, "is_istio_ambient", endpoint.is_istio_ambient);
  put_live_migration(object, endpoint);
  return object;
}

json host_endpoint(const msg::HostEndpoint& endpoint) {
  json object = json::object();
  put(object, "name", endpoint.name);
  put(object, "profile_ids", endpoint.profile_ids);
  put(object, "tiers", tiers(endpoint.tiers));
  put(object, "untracked_tiers", tiers(endpoint.untracked_tiers));
  put(object, "pre_dnat_tiers", tiers(endpoint.pre_dnat_tiers));
  put(object, "forward_tiers", tiers(endpoint.forward_tiers));
  put(object, "expected_ipv4_addrs", endpoint.expected_ipv4);
  put(object, "expected_ipv6_addrs", endpoint.expected_ipv6);
  put(object, "qos_policies", qos_policies(endpoint.qos_policies));
  return object;
}

json route(const msg::RouteUpdate& value) {
  static constexpr std::array<std::string_view, 4> pool_types{"", "NO_ENCAP", "VXLAN", "IPIP"};
  json object = json::object();
  if (value.types != 0) object["types"] = route_types(value.types);
  put(object, "ip_pool_type", pool_types[static_cast<size_t>(value.pool_type)]);
  put(object, "dst", value.dst.str());
  put(object, "dst_node_name", value.dst_node_name);
  if (value.dst_node_ip) object["dst_node_ip"] = value.dst_node_ip->str();
  put(object, "same_subnet", value.same_subnet);
  put(object, "nat_outgoing", value.nat_outgoing);
  put(object, "local_workload", value.local_workload);
  if (value.tunnel_type) {
    json tunnel = json::object();
    put(tunnel, "ipip", value.tunnel_type->ipip);
    put(tunnel, "vxlan", value.tunnel_type->vxlan);
    put(tunnel, "wireguard", value.tunnel_type->wireguard);
    object["tunnel_type"] = std::move(tunnel);
  }
  put(object, "borrowed", value.borrowed);
  return object;
}

}  // namespace felixsim::calc::json_parts
