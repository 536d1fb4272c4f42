// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/value_json.h"

#include <string_view>

#include "model/datastore/json_writer.h"

namespace felixsim {
namespace {

std::string address_text(const std::optional<Ip>& ip) { return ip ? ip->str() : ""; }

std::string_view encap_text(EncapMode mode) {
  if (mode == EncapMode::always) return "always";
  return mode == EncapMode::cross_subnet ? "cross-subnet" : "";
}

struct SideNames {
  std::string_view nets, selector, ports, service, service_namespace, not_nets, not_selector,
      not_ports, original_selector, original_namespace_selector, original_not_selector,
      original_service_account_names, original_service_account_selector;
};
constexpr SideNames source_names{"src_nets",
                                 "src_selector",
                                 "src_ports",
                                 "src_service",
                                 "src_service_ns",
                                 "!src_nets",
                                 "!src_selector",
                                 "!src_ports",
                                 "orig_src_selector",
                                 "orig_src_namespace_selector",
                                 "!orig_src_selector",
                                 "orig_src_service_acct_names",
                                 "orig_src_service_acct_selector"};
constexpr SideNames destination_names{"dst_nets",
                                      "dst_selector",
                                      "dst_ports",
                                      "dst_service",
                                      "dst_service_ns",
                                      "!dst_nets",
                                      "!dst_selector",
                                      "!dst_ports",
                                      "orig_dst_selector",
                                      "orig_dst_namespace_selector",
                                      "!orig_dst_selector",
                                      "orig_dst_service_acct_names",
                                      "orig_dst_service_acct_selector"};

void write_side(JsonWriter& out, const RuleSide& side, const SideNames& names) {
  const auto port = [&](const Port& p) { write_port(out, p); };
  out.optional(names.nets, side.nets);
  out.optional(names.selector, side.selector);
  out.optional_list(names.ports, side.ports, port);
  out.optional(names.service, side.service);
  out.optional(names.service_namespace, side.service_namespace);
  out.optional(names.not_nets, side.not_nets);
  out.optional(names.not_selector, side.not_selector);
  out.optional_list(names.not_ports, side.not_ports, port);
  out.optional(names.original_selector, side.original_selector);
  out.optional(names.original_namespace_selector, side.original_namespace_selector);
  out.optional(names.original_not_selector, side.original_not_selector);
  out.optional(names.original_service_account_names, side.original_service_account_names);
  out.optional(names.original_service_account_selector, side.original_service_account_selector);
}

void write_protocol_member(JsonWriter& out, std::string_view name,
                           const std::optional<Protocol>& protocol) {
  if (!protocol) return;
  out.name(name);
  write_protocol(out, *protocol);
}

void write_rule(JsonWriter& out, const Rule& rule) {
  out.object([&] {
    out.optional("action", rule.action);
    out.optional("ip_version", rule.ip_version);
    write_protocol_member(out, "protocol", rule.protocol);
    write_protocol_member(out, "!protocol", rule.not_protocol);
    out.optional("icmp_type", rule.icmp_type);
    out.optional("icmp_code", rule.icmp_code);
    out.optional("!icmp_type", rule.not_icmp_type);
    out.optional("!icmp_code", rule.not_icmp_code);
    write_side(out, rule.source, source_names);
    write_side(out, rule.destination, destination_names);
    if (rule.http) {
      out.name("http");
      write_http(out, *rule.http);
    }
    if (!rule.annotations) return;
    out.name("metadata");
    out.object([&] { out.optional("annotations", *rule.annotations); });
  });
}

void write_rules(JsonWriter& out, std::string_view name, const std::vector<Rule>& rules) {
  out.optional_list(name, rules, [&](const Rule& rule) { write_rule(out, rule); });
}

void write_nats(JsonWriter& out, std::string_view name, const std::vector<IpNat>& nats) {
  out.optional_list(name, nats, [&](const IpNat& nat) {
    out.object([&] {
      out.member("int_ip", nat.internal.str());
      out.member("ext_ip", nat.external.str());
    });
  });
}

void write_endpoint_ports(JsonWriter& out, const std::vector<EndpointPort>& ports) {
  out.optional_list("ports", ports, [&](const EndpointPort& port) {
    out.object([&] {
      out.member("name", port.name.view());
      out.name("protocol");
      write_protocol(out, port.protocol);
      out.member_integer("port", port.port);
    });
  });
}

void write_qos_member(JsonWriter& out, const std::optional<QosControls>& qos) {
  if (!qos) return;
  out.name("qosControls");
  write_qos(out, *qos);
}

void write_cidr_blocks(JsonWriter& out, std::string_view name,
                       const std::vector<std::string>& cidrs) {
  out.optional_list(
      name, cidrs, [&](const std::string& cidr) { out.object([&] { out.member("cidr", cidr); }); });
}

void write_owner(JsonWriter& out, std::string_view name, const MigrationOwner& owner) {
  out.name(name);
  out.object([&] {
    out.optional("hostname", owner.host);
    out.optional("orchestratorID", owner.orchestrator);
    out.optional("workloadID", owner.workload);
    out.optional("endpointID", owner.endpoint);
  });
}

// The members of each kind's object.
struct Members {
  JsonWriter& out;

  void operator()(const WorkloadEndpoint& v) const {
    out.optional("state", v.state);
    out.optional("name", v.name);
    out.optional("mac", v.mac);
    out.optional("profile_ids", v.profile_ids);
    out.optional("ipv4_nets", v.ipv4_nets);
    out.optional("ipv6_nets", v.ipv6_nets);
    write_nats(out, "ipv4_nat", v.ipv4_nat);
    write_nats(out, "ipv6_nat", v.ipv6_nat);
    out.optional("labels", v.labels);
    out.optional("ipv4_gateway", address_text(v.ipv4_gateway));
    out.optional("ipv6_gateway", address_text(v.ipv6_gateway));
    write_endpoint_ports(out, v.ports);
    out.optional("generate_name", v.generate_name);
    out.optional("allow_spoofed_source_ips", v.allow_spoofed_source_prefixes);
    out.optional("annotations", v.annotations);
    write_qos_member(out, v.qos);
  }
  void operator()(const HostEndpoint& v) const {
    const auto address = [&](const Ip& ip) { out.text(ip.str()); };
    out.optional("name", v.name);
    out.optional_list("expected_ipv4_addrs", v.expected_ipv4, address);
    out.optional_list("expected_ipv6_addrs", v.expected_ipv6, address);
    out.optional("labels", v.labels);
    out.optional("profile_ids", v.profile_ids);
    write_endpoint_ports(out, v.ports);
    write_qos_member(out, v.qos);
  }
  void operator()(const Policy& v) const {
    out.optional("namespace", v.ns);
    out.optional("tier", v.tier);
    out.optional("order", v.order);
    write_rules(out, "inbound_rules", v.inbound);
    write_rules(out, "outbound_rules", v.outbound);
    out.member("selector", v.selector.view());
    out.optional_flag("untracked", v.do_not_track);
    out.optional("annotations", v.annotations);
    out.optional_flag("pre_dnat", v.pre_dnat);
    out.optional_flag("apply_on_forward", v.apply_on_forward);
    out.optional("types", v.types);
    out.optional("performance_hints", v.performance_hints);
    out.optional_pointer("staged_action", v.staged_action);
  }
  void operator()(const Tier& v) const {
    out.optional("order", v.order);
    out.optional("defaultAction", v.default_action);
  }
  void operator()(const ProfileRules& v) const {
    write_rules(out, "inbound_rules", v.inbound);
    write_rules(out, "outbound_rules", v.outbound);
  }
  void operator()(const ProfileLabels& v) const {
    if (!v.labels) return;
    for (const auto& [name, value] : *v.labels) out.member(name.view(), value.view());
  }
  void operator()(const NetworkSet& v) const {
    out.optional("nets", v.nets);
    out.optional("labels", v.labels);
    out.optional("profile_ids", v.profile_ids);
  }
  void operator()(const IpPool& v) const {
    out.member("cidr", v.cidr.str());
    out.member("ipip", v.ipip_interface.view());
    out.member("ipip_mode", encap_text(v.ipip_mode));
    out.member("vxlan_mode", encap_text(v.vxlan_mode));
    out.flag("masquerade", v.masquerade);
    out.flag("ipam", v.ipam);
    out.flag("disabled", v.disabled);
    out.flag("disableBGPExport", v.disable_bgp_export);
    out.member("assignment_mode", v.assignment_mode.view());
    out.optional("allowed_uses", v.allowed_uses);
  }
  void operator()(const AllocationBlock& v) const {
    out.member("cidr", v.cidr.str());
    out.optional_pointer("affinity", v.affinity);
    out.optional_list("allocations", v.allocations, [&](const std::optional<int>& index) {
      index ? out.integer(*index) : out.null();
    });
    out.optional_list("attributes", v.attributes, [&](const BlockAttribute& attribute) {
      out.object([&] {
        out.optional_pointer("handle_id", attribute.handle_id);
        out.optional("secondary", attribute.active_owner);
      });
    });
    out.name("sequenceNumber");
    out.natural(v.sequence_number);
    out.flag("deleted", v.deleted);
  }
  void operator()(const Wireguard& v) const {
    out.optional("interfaceIPv4Addr", address_text(v.interface_ipv4));
    out.optional("publicKey", v.public_key);
    out.optional("interfaceIPv6Addr", address_text(v.interface_ipv6));
    out.optional("publicKeyV6", v.public_key_v6);
  }
  void operator()(const Node& v) const {
    out.member("kind", "Node");
    out.optional_object("metadata", [&] { out.optional("labels", v.labels); });
    out.optional_object("spec", [&] {
      out.optional_object("bgp", [&] {
        out.optional_pointer("asNumber", v.bgp_as_number);
        out.optional("ipv4Address", v.bgp_ipv4_address.value_or(""));
        out.optional("ipv6Address", v.bgp_ipv6_address.value_or(""));
        out.optional("ipv4IPIPTunnelAddr", v.bgp_ipv4_ipip_tunnel_address.value_or(""));
      });
      out.optional("ipv4VXLANTunnelAddr", v.ipv4_vxlan_tunnel_address);
      out.optional("vxlanTunnelMACAddr", v.vxlan_tunnel_mac);
      out.optional("ipv6VXLANTunnelAddr", v.ipv6_vxlan_tunnel_address);
      out.optional("vxlanTunnelMACAddrV6", v.vxlan_tunnel_mac_v6);
      out.optional_object("wireguard", [&] {
        out.optional("interfaceIPv4Address", v.wireguard_ipv4);
        out.optional("interfaceIPv6Address", v.wireguard_ipv6);
      });
      out.optional_list("addresses", v.addresses, [&](const NodeAddress& address) {
        out.object([&] {
          out.member("address", address.address);
          out.optional("type", address.type);
        });
      });
    });
    out.optional_object("status", [&] {
      out.optional("wireguardPublicKey", v.wireguard_public_key);
      out.optional("wireguardPublicKeyV6", v.wireguard_public_key_v6);
    });
  }
  void operator()(const Profile& v) const {
    out.member("kind", "Profile");
    out.optional_object("spec", [&] { out.optional("labelsToApply", v.labels_to_apply); });
  }
  void operator()(const Service& v) const {
    out.member("kind", "Service");
    out.optional_object("spec", [&] {
      out.optional_list("ports", v.ports, [&](const ServicePort& port) {
        out.object([&] {
          out.optional("name", port.name);
          out.optional("protocol", port.protocol);
          out.member_integer("port", port.port);
          out.optional_integer("nodePort", port.node_port);
        });
      });
      out.optional("clusterIP", v.cluster_ip);
      out.optional("clusterIPs", v.cluster_ips);
      out.optional("type", v.type);
      out.optional("externalIPs", v.external_ips);
      out.optional("loadBalancerIP", v.load_balancer_ip);
    });
    // Addresses of ingresses, not the order of those without one.
    out.optional_object("status", [&] {
      out.optional_object("loadBalancer", [&] {
        out.optional_list("ingress", v.load_balancer_ingress_ips, [&](const std::string& ip) {
          out.object([&] { out.member("ip", ip); });
        });
      });
    });
  }
  void operator()(const EndpointSlice& v) const {
    out.member("kind", "EndpointSlice");
    out.optional_object("metadata", [&] { out.optional("labels", v.labels); });
    out.optional("addressType", v.address_type);
    out.optional_list("endpoints", v.endpoint_addresses, [&](const auto& addresses) {
      out.object([&] { out.optional("addresses", addresses); });
    });
    out.optional_list("ports", v.ports, [&](const EndpointSlicePort& port) {
      out.object([&] {
        out.optional_pointer("name", port.name);
        out.optional_pointer("protocol", port.protocol);
        out.optional("port", port.port);
      });
    });
  }
  void operator()(const BgpConfiguration& v) const {
    out.member("kind", "BGPConfiguration");
    out.optional_object("spec", [&] {
      write_cidr_blocks(out, "serviceLoadBalancerIPs", v.service_load_balancer_cidrs);
      write_cidr_blocks(out, "serviceExternalIPs", v.service_external_cidrs);
      write_cidr_blocks(out, "serviceClusterIPs", v.service_cluster_cidrs);
      out.optional("localWorkloadPeeringIPV4", v.local_workload_peering_ip_v4);
      out.optional("localWorkloadPeeringIPV6", v.local_workload_peering_ip_v6);
    });
  }
  // Felix reads the parameters, not the fields they came from: they are printed as annotations
  // would give them.
  void operator()(const FelixConfiguration& v) const {
    out.member("kind", "FelixConfiguration");
    out.optional_object("metadata", [&] {
      out.optional("creationTimestamp", v.creation_timestamp);
      StringMap annotations;
      for (const auto& [name, value] : v.config) {
        annotations.emplace("config.projectcalico.org/" + name, value);
      }
      out.optional("annotations", annotations);
    });
    out.optional_object("spec", [&] { out.optional("nodeSelector", v.node_selector); });
  }
  void operator()(const LiveMigration& v) const {
    out.member("kind", "LiveMigration");
    out.optional_object("metadata", [&] { out.optional("uid", v.uid); });
    out.optional_object("spec", [&] {
      out.optional_object("source", [&] {
        if (!v.source) return;
        write_owner(out, v.source->endpoint.empty() ? "workload" : "workloadEndpoint", *v.source);
      });
      out.optional_object("target", [&] {
        out.optional("selector", v.target_selector);
        if (v.target) write_owner(out, "workloadEndpoint", *v.target);
      });
    });
  }
  void operator()(const BgpPeer& v) const {
    out.member("kind", "BGPPeer");
    out.optional_object("spec", [&] {
      out.optional("node", v.node);
      out.optional("nodeSelector", v.node_selector);
      out.optional("localWorkloadSelector", v.local_workload_selector);
    });
  }
  void operator()(const UnreadResource&) const {}
  void operator()(const FelixPanic&) const {}
  void operator()(const RawText&) const {}
  void operator()(const HostIp&) const {}
  void operator()(const ReadyFlag&) const {}
};

}  // namespace

std::string value_text(const Value& value) {
  if (const auto* raw = std::get_if<RawText>(&value)) return raw->text;
  if (const auto* host = std::get_if<HostIp>(&value)) return address_text(host->ip);
  if (const auto* ready = std::get_if<ReadyFlag>(&value)) return ready->ready ? "true" : "false";
  JsonWriter out;
  out.object([&] { std::visit(Members{out}, value); });
  return std::move(out).take();
}

}  // namespace felixsim
