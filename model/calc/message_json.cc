// SPDX-License-Identifier: Apache-2.0
#include "model/calc/message_json.h"

#include <nlohmann/json.hpp>

#include "model/calc/message_json_parts.h"

namespace felixsim::calc {
namespace {

using json_parts::json;
using json_parts::put;

template <class T>
struct Name;
#define FELIXSIM_NAME(type, text)                   \
  template <>                                       \
  struct Name<msg::type> {                          \
    static constexpr std::string_view value = text; \
  };
FELIXSIM_NAME(DatastoreNotReady, "DatastoreNotReady")
FELIXSIM_NAME(ConfigUpdate, "ConfigUpdate")
FELIXSIM_NAME(IpSetUpdate, "IPSetUpdate")
FELIXSIM_NAME(IpSetDeltaUpdate, "IPSetDeltaUpdate")
FELIXSIM_NAME(ActivePolicyUpdate, "ActivePolicyUpdate")
FELIXSIM_NAME(ActiveProfileUpdate, "ActiveProfileUpdate")
FELIXSIM_NAME(WorkloadEndpointUpdate, "WorkloadEndpointUpdate")
FELIXSIM_NAME(HostEndpointUpdate, "HostEndpointUpdate")
FELIXSIM_NAME(WorkloadEndpointRemove, "WorkloadEndpointRemove")
FELIXSIM_NAME(HostEndpointRemove, "HostEndpointRemove")
FELIXSIM_NAME(ActiveProfileRemove, "ActiveProfileRemove")
FELIXSIM_NAME(ActivePolicyRemove, "ActivePolicyRemove")
FELIXSIM_NAME(IpSetRemove, "IPSetRemove")
FELIXSIM_NAME(ServiceAccountRemove, "ServiceAccountRemove")
FELIXSIM_NAME(ServiceAccountUpdate, "ServiceAccountUpdate")
FELIXSIM_NAME(NamespaceRemove, "NamespaceRemove")
FELIXSIM_NAME(NamespaceUpdate, "NamespaceUpdate")
FELIXSIM_NAME(RouteRemove, "RouteRemove")
FELIXSIM_NAME(VtepRemove, "VXLANTunnelEndpointRemove")
FELIXSIM_NAME(VtepUpdate, "VXLANTunnelEndpointUpdate")
FELIXSIM_NAME(RouteUpdate, "RouteUpdate")
FELIXSIM_NAME(WireguardEndpointRemove, "WireguardEndpointRemove")
FELIXSIM_NAME(WireguardEndpointV6Remove, "WireguardEndpointV6Remove")
FELIXSIM_NAME(WireguardEndpointUpdate, "WireguardEndpointUpdate")
FELIXSIM_NAME(WireguardEndpointV6Update, "WireguardEndpointV6Update")
FELIXSIM_NAME(HostMetadataRemove, "HostMetadataRemove")
FELIXSIM_NAME(HostMetadataUpdate, "HostMetadataUpdate")
FELIXSIM_NAME(HostMetadataV6Remove, "HostMetadataV6Remove")
FELIXSIM_NAME(HostMetadataV6Update, "HostMetadataV6Update")
FELIXSIM_NAME(HostMetadataV4V6Remove, "HostMetadataV4V6Remove")
FELIXSIM_NAME(HostMetadataV4V6Update, "HostMetadataV4V6Update")
FELIXSIM_NAME(IpamPoolRemove, "IPAMPoolRemove")
FELIXSIM_NAME(IpamPoolUpdate, "IPAMPoolUpdate")
FELIXSIM_NAME(Encapsulation, "Encapsulation")
FELIXSIM_NAME(GlobalBgpConfigUpdate, "GlobalBGPConfigUpdate")
FELIXSIM_NAME(ServiceRemove, "ServiceRemove")
FELIXSIM_NAME(ServiceUpdate, "ServiceUpdate")
FELIXSIM_NAME(InSync, "InSync")
#undef FELIXSIM_NAME

// A member says by itself what it is: the type of its set does not matter.
json members_json(const std::vector<msg::IpSetMember>& members) {
  json list = json::array();
  for (const auto& member : members)
    list.push_back(msg::member_text(
        member.protocol == 0 ? msg::IpSetType::net : msg::IpSetType::ip_and_port, member));
  return list;
}

json named(Symbol name) {
  json id = json::object();
  put(id, "name", name);
  return id;
}
json named(Symbol ns, Symbol name) {
  json id = named(name);
  put(id, "namespace", ns);
  return id;
}
json endpoint_id(const msg::WorkloadEndpointId& id) {
  json object = json::object();
  put(object, "orchestrator_id", id.orchestrator);
  put(object, "workload_id", id.workload);
  put(object, "endpoint_id", id.endpoint);
  return object;
}
json endpoint_id(Symbol id) {
  json object = json::object();
  put(object, "endpoint_id", id);
  return object;
}
json host_json(Symbol host) {
  json object = json::object();
  put(object, "hostname", host);
  return object;
}

json body(const msg::DatastoreNotReady&) { return json::object(); }
json body(const msg::InSync&) { return json::object(); }

json body(const msg::ConfigUpdate& m) {
  json object = json::object(), sources = json::object();
  put(object, "config", m.config);
  for (const auto& [number, source] : m.sources) {
    json raw = json::object();
    put(raw, "source", source.first);
    put(raw, "config", source.second);
    sources[std::to_string(number)] = std::move(raw);
  }
  if (!sources.empty()) object["source_to_raw_config"] = std::move(sources);
  return object;
}

json body(const msg::IpSetUpdate& m) {
  static constexpr std::array<std::string_view, 3> names{"", "IP_AND_PORT", "NET"};
  json object = json::object();
  put(object, "id", m.id);
  put(object, "type", names[static_cast<size_t>(m.type)]);
  put(object, "members", members_json(m.members.list()));
  return object;
}
json body(const msg::IpSetDeltaUpdate& m) {
  json object = json::object();
  put(object, "id", m.id);
  put(object, "added_members", members_json(m.added.list()));
  put(object, "removed_members", members_json(m.removed.list()));
  return object;
}
json body(const msg::IpSetRemove& m) {
  json object = json::object();
  put(object, "id", m.id);
  return object;
}

json body(const msg::ActivePolicyUpdate& m) {
  return {{"id", json_parts::policy_id(m.id)}, {"policy", json_parts::policy(*m.policy)}};
}
json body(const msg::ActivePolicyRemove& m) { return {{"id", json_parts::policy_id(m.id)}}; }
json body(const msg::ActiveProfileUpdate& m) {
  return {{"id", named(m.id)}, {"profile", json_parts::profile(*m.profile)}};
}
json body(const msg::ActiveProfileRemove& m) { return {{"id", named(m.id)}}; }

json body(const msg::WorkloadEndpointUpdate& m) {
  return {{"id", endpoint_id(m.id)}, {"endpoint", json_parts::workload_endpoint(*m.endpoint)}};
}
json body(const msg::WorkloadEndpointRemove& m) { return {{"id", endpoint_id(m.id)}}; }
json body(const msg::HostEndpointUpdate& m) {
  return {{"id", endpoint_id(m.id)}, {"endpoint", json_parts::host_endpoint(*m.endpoint)}};
}
json body(const msg::HostEndpointRemove& m) { return {{"id", endpoint_id(m.id)}}; }

json body(const msg::ServiceAccountUpdate& m) {
  json object{{"id", named(m.ns, m.name)}};
  put(object, "labels", m.labels);
  return object;
}
json body(const msg::ServiceAccountRemove& m) { return {{"id", named(m.ns, m.name)}}; }
json body(const msg::NamespaceUpdate& m) {
  json object{{"id", named(m.name)}};
  put(object, "labels", m.labels);
  return object;
}
json body(const msg::NamespaceRemove& m) { return {{"id", named(m.name)}}; }

json body(const msg::RouteUpdate& m) { return json_parts::route(m); }
json body(const msg::RouteRemove& m) { return {{"dst", m.dst.str()}}; }
json body(const msg::VtepUpdate& m) {
  json object = json::object();
  put(object, "node", m.node);
  put(object, "mac", m.mac);
  put(object, "ipv4_addr", m.ipv4_addr);
  put(object, "parent_device_ip", m.parent_device_ip);
  put(object, "mac_v6", m.mac_v6);
  put(object, "ipv6_addr", m.ipv6_addr);
  put(object, "parent_device_ipv6", m.parent_device_ipv6);
  return object;
}
json body(const msg::VtepRemove& m) {
  json object = json::object();
  put(object, "node", m.node);
  return object;
}

json body(const msg::WireguardEndpointUpdate& m) {
  json object = host_json(m.host);
  put(object, "public_key", m.public_key);
  put(object, "interface_ipv4_addr", m.interface_ipv4_addr);
  return object;
}
json body(const msg::WireguardEndpointRemove& m) { return host_json(m.host); }
json body(const msg::WireguardEndpointV6Update& m) {
  json object = host_json(m.host);
  put(object, "public_key_v6", m.public_key_v6);
  put(object, "interface_ipv6_addr", m.interface_ipv6_addr);
  return object;
}
json body(const msg::WireguardEndpointV6Remove& m) { return host_json(m.host); }

json body(const msg::HostMetadataUpdate& m) {
  json object = host_json(m.host);
  put(object, "ipv4_addr", m.ipv4_addr);
  return object;
}
json body(const msg::HostMetadataRemove& m) { return host_json(m.host); }
json body(const msg::HostMetadataV6Update& m) {
  json object = host_json(m.host);
  put(object, "ipv6_addr", m.ipv6_addr);
  return object;
}
json body(const msg::HostMetadataV6Remove& m) { return host_json(m.host); }
json body(const msg::HostMetadataV4V6Update& m) {
  json object = host_json(m.host);
  put(object, "ipv4_addr", m.ipv4_addr);
  put(object, "ipv6_addr", m.ipv6_addr);
  put(object, "asnumber", m.as_number);
  put(object, "labels", m.labels);
  return object;
}
json body(const msg::HostMetadataV4V6Remove& m) { return host_json(m.host); }

json body(const msg::IpamPoolUpdate& m) {
  json pool = json::object();
  put(pool, "cidr", m.pool.cidr.str());
  put(pool, "masquerade", m.pool.masquerade);
  put(pool, "ipip_mode", json_parts::encap_mode(m.pool.ipip_mode));
  put(pool, "vxlan_mode", json_parts::encap_mode(m.pool.vxlan_mode));
  put(pool, "allowed_uses", m.pool.allowed_uses);
  return {{"id", m.id}, {"pool", std::move(pool)}};
}
json body(const msg::IpamPoolRemove& m) { return {{"id", m.id}}; }
json body(const msg::Encapsulation& m) {
  json object = json::object();
  put(object, "ipip_enabled", m.ipip_enabled);
  put(object, "vxlan_enabled", m.vxlan_enabled);
  put(object, "vxlan_enabled_v6", m.vxlan_enabled_v6);
  return object;
}
json body(const msg::GlobalBgpConfigUpdate& m) {
  json object = json::object();
  put(object, "service_cluster_cidrs", m.config.service_cluster_cidrs);
  put(object, "service_external_cidrs", m.config.service_external_cidrs);
  put(object, "service_loadbalancer_cidrs", m.config.service_load_balancer_cidrs);
  put(object, "local_workload_peering_ip_v4", m.config.local_workload_peering_ip_v4);
  put(object, "local_workload_peering_ip_v6", m.config.local_workload_peering_ip_v6);
  return object;
}
json body(const msg::ServiceUpdate& m) {
  json object = named(m.ns, m.name), ports = json::array();
  put(object, "type", m.type);
  put(object, "cluster_ips", m.cluster_ips);
  put(object, "loadbalancer_ip", m.load_balancer_ip);
  put(object, "external_ips", m.external_ips);
  for (const auto& port : m.ports) {
    json entry = json::object();
    put(entry, "Protocol", port.protocol);
    put(entry, "Port", port.port);
    put(entry, "NodePort", port.node_port);
    ports.push_back(std::move(entry));
  }
  put(object, "ports", std::move(ports));
  return object;
}
json body(const msg::ServiceRemove& m) { return named(m.ns, m.name); }

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::string_view message_name(const msg::Message& message) {
  return std::visit([](const auto& m) { return Name<std::decay_t<decltype(m)>>::value; }, message);
}

std::string message_json(const msg::Message& message) {
  return std::visit([](const auto& m) { return dump(body(m)); }, message);
}

std::string tagged_message_json(const msg::Message& message) {
  return fmt::format(R"({{"m":{},"t":"{}"}})", message_json(message), message_name(message));
}

std::string rule_json(const msg::Rule& rule) { return dump(json_parts::rule(rule)); }

}  // namespace felixsim::calc
