// SPDX-License-Identifier: Apache-2.0
// Workload and host endpoints from v3 to v1.
#include <fmt/format.h>

#include <algorithm>

#include "model/datastore/v1_fields.h"
#include "model/datastore/v3_to_v1.h"

namespace felixsim {
namespace {

// names.extractParts: single dashes separate, double dashes stand for one.
std::vector<std::string> dash_separated(std::string_view name) {
  std::vector<std::string> parts(1);
  for (size_t at = 0; at < name.size(); ++at) {
    // The first character is never a separator.
    if (name[at] != '-' || at == 0) {
      parts.back().push_back(name[at]);
    } else if (at + 1 < name.size() && name[at + 1] == '-') {
      parts.back().push_back('-');
      ++at;
    } else {
      parts.emplace_back();
    }
  }
  return parts;
}

struct V3Port {
  std::string name;
  Protocol protocol;
  uint16_t port = 0;
};

struct V3Nat {
  std::string internal, external;
};

// WorkloadEndpointSpec as stored.
struct V3WorkloadEndpoint {
  ObjectMeta meta;
  std::string service_account, ipv4_gateway, ipv6_gateway, interface, mac;
  std::vector<std::string> networks, profiles, allowed_sources;
  std::vector<V3Nat> nats;
  std::vector<V3Port> ports;
  std::optional<QosControls> qos;
};

void read_ports(JsonReader& in, JsonView view, std::vector<V3Port>& out) {
  in.list(
      view,
      [&](JsonView element) {
        V3Port port;
        in.object(element, [&](FieldName name, JsonView value) {
          if (name.is("name")) in.read(value, port.name);
          if (name.is("protocol")) read_protocol(in, value, port.protocol);
          if (name.is("port")) in.read(value, port.port);
        });
        out.push_back(std::move(port));
      },
      [&] { out.clear(); });
}

void read_nats(JsonReader& in, JsonView view, std::vector<V3Nat>& out) {
  in.list(
      view,
      [&](JsonView element) {
        V3Nat nat;
        in.object(element, [&](FieldName name, JsonView value) {
          if (name.is("internalIP")) in.read(value, nat.internal);
          if (name.is("externalIP")) in.read(value, nat.external);
        });
        out.push_back(std::move(nat));
      },
      [&] { out.clear(); });
}

void read_spec(JsonReader& in, JsonView view, V3WorkloadEndpoint& out) {
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("serviceAccountName")) in.read(value, out.service_account);
    if (name.is("ipNetworks")) in.read(value, out.networks);
    if (name.is("ipNATs")) read_nats(in, value, out.nats);
    if (name.is("ipv4Gateway")) in.read(value, out.ipv4_gateway);
    if (name.is("ipv6Gateway")) in.read(value, out.ipv6_gateway);
    if (name.is("profiles")) in.read(value, out.profiles);
    if (name.is("interfaceName")) in.read(value, out.interface);
    if (name.is("mac")) in.read(value, out.mac);
    if (name.is("ports")) read_ports(in, value, out.ports);
    if (name.is("allowSpoofedSourcePrefixes")) in.read(value, out.allowed_sources);
    if (name.is("qosControls")) read_qos(in, value, out.qos);
  });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

EndpointPort to_v1_port(const V3Port& port) {
  Protocol protocol = port.protocol;
  if (!protocol.name.empty()) protocol.name = Symbol(lower(protocol.name.view()));
  return {Symbol(port.name), protocol, port.port};
}

// The label is put where it belongs in the order; an older value goes.
Labels with_label(const Labels& labels, std::string_view name, std::string_view value) {
  auto out = labels ? std::make_shared<LabelMap>(*labels) : std::make_shared<LabelMap>();
  const Symbol key(name);
  auto at = std::lower_bound(out->begin(), out->end(), key,
                             [](const auto& label, Symbol wanted) { return label.first < wanted; });
  if (at == out->end() || at->first != key) at = out->insert(at, {key, Symbol()});
  at->second = Symbol(value);
  return out;
}

// A workload must not pretend to be of another namespace or service account.
Labels workload_labels(const V3WorkloadEndpoint& endpoint) {
  const auto inherited = [](const auto& label) {
    return label.first.view().starts_with("pcns.") || label.first.view().starts_with("pcsa.");
  };
  Labels labels = endpoint.meta.labels;
  if (!labels) labels = std::make_shared<const LabelMap>();
  if (std::any_of(labels->begin(), labels->end(), inherited)) {
    auto kept = std::make_shared<LabelMap>(*labels);
    std::erase_if(*kept, inherited);
    labels = std::move(kept);
  }
  if (endpoint.service_account.empty()) return labels;
  return with_label(labels, "projectcalico.org/serviceaccount", endpoint.service_account);
}

std::vector<Symbol> symbols(const std::vector<std::string>& texts) {
  std::vector<Symbol> out;
  out.reserve(texts.size());
  for (const auto& text : texts) out.emplace_back(text);
  return out;
}

// Addresses of an endpoint by family; the first that does not parse is the refusal.
std::string convert_addresses(const V3WorkloadEndpoint& from, WorkloadEndpoint& to) {
  for (const auto& text : from.networks) {
    const auto net = Cidr::parse_cidr_or_ip(text);
    if (!net) return fmt::format("ipNetworks: '{}' is no network", text);
    (net->address.is_v4() ? to.ipv4_nets : to.ipv6_nets).push_back(*net);
  }
  for (const auto& nat : from.nats) {
    const auto internal = Ip::parse(nat.internal), external = Ip::parse(nat.external);
    if (!internal || !external) continue;
    (internal->is_v4() ? to.ipv4_nat : to.ipv6_nat).push_back({*internal, *external});
  }
  if (!from.ipv4_gateway.empty() && !(to.ipv4_gateway = address_of(from.ipv4_gateway))) {
    return fmt::format("ipv4Gateway: '{}' is no address", from.ipv4_gateway);
  }
  if (!from.ipv6_gateway.empty() && !(to.ipv6_gateway = address_of(from.ipv6_gateway))) {
    return fmt::format("ipv6Gateway: '{}' is no address", from.ipv6_gateway);
  }
  if (!from.mac.empty()) {
    const auto mac = hardware_address(from.mac);
    if (!mac) return fmt::format("mac: '{}' is no MAC address", from.mac);
    to.mac = Symbol(*mac);
  }
  for (const auto& text : from.allowed_sources) {
    const auto net = Cidr::parse_cidr_or_ip(text);
    if (!net) return fmt::format("allowSpoofedSourcePrefixes: '{}' is no network", text);
    to.allow_spoofed_source_prefixes.push_back(*net);
  }
  return "";
}

// hostendpointprocessor.go handleQoSControlsAnnotations.
std::optional<QosControls> host_qos(const StringMap& annotations, Facts& facts) {
  const auto at = annotations.find("qos.projectcalico.org/dscp");
  if (at == annotations.end()) return std::nullopt;
  const auto dscp = parse_dscp(at->second);
  if (!dscp) {
    facts.push_back(fmt::format("annotation {}: '{}' is no DSCP value", at->first, at->second));
    return std::nullopt;
  }
  QosControls qos;
  qos.dscp = dscp->value;
  qos.dscp_name = dscp->name;
  return qos;
}

}  // namespace

std::optional<WorkloadEndpointKey> workload_endpoint_key(std::string_view ns,
                                                         std::string_view name) {
  if (ns.empty() || name.size() < 7) return std::nullopt;
  const auto parts = dash_separated(name);
  if (parts.size() != 4) return std::nullopt;
  return WorkloadEndpointKey{Symbol(parts[0]), Symbol(parts[1]),
                             Symbol(fmt::format("{}/{}", ns, parts[2])), Symbol(parts[3])};
}

Converted<WorkloadEndpoint> read_v3_workload_endpoint(JsonReader& in, JsonView view) {
  V3WorkloadEndpoint from;
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("metadata")) read_metadata(in, value, from.meta);
    if (name.is("spec")) read_spec(in, value, from);
  });
  if (!in.ok() || from.networks.empty()) return {};
  // workloadendpointprocessor.go goes on with the network that an empty text does not give.
  for (const auto& text : from.networks) {
    if (text.empty()) return {std::nullopt, "", std::string(nil_pointer_panic)};
    if (!Cidr::parse_cidr_or_ip(text)) break;  // it ends at the first that does not parse
  }
  WorkloadEndpoint to;
  std::string refusal = convert_addresses(from, to);
  if (!refusal.empty()) return {std::nullopt, std::move(refusal)};
  to.state = Symbol("active");
  to.name = Symbol(from.interface);
  to.profile_ids = symbols(from.profiles);
  to.labels = workload_labels(from);
  for (const auto& port : from.ports) {
    if (!port.name.empty()) to.ports.push_back(to_v1_port(port));
  }
  to.generate_name = Symbol(from.meta.generate_name);
  to.annotations = std::move(from.meta.annotations);
  to.qos = from.qos;
  return {std::move(to), ""};
}

V3HostEndpoint read_v3_host_endpoint(JsonReader& in, JsonView view, Facts& facts) {
  ObjectMeta meta;
  std::vector<std::string> addresses;
  std::vector<V3Port> ports;
  V3HostEndpoint out;
  in.object(view, [&](FieldName part, JsonView body) {
    if (part.is("metadata")) read_metadata(in, body, meta);
    if (!part.is("spec")) return;
    in.object(body, [&](FieldName name, JsonView value) {
      if (name.is("node")) in.read(value, out.key.host);
      if (name.is("interfaceName")) in.read(value, out.value.name);
      if (name.is("expectedIPs")) in.read(value, addresses);
      if (name.is("profiles")) in.read(value, out.value.profile_ids);
      if (name.is("ports")) read_ports(in, value, ports);
    });
  });
  out.key.endpoint = Symbol(meta.name);
  for (const auto& text : addresses) {
    const auto ip = Ip::parse(text);
    if (!ip) {
      facts.push_back(fmt::format("expectedIPs: '{}' is no address and is ignored", text));
      continue;
    }
    (ip->is_v4() ? out.value.expected_ipv4 : out.value.expected_ipv6).push_back(*ip);
  }
  for (const auto& port : ports) out.value.ports.push_back(to_v1_port(port));
  out.value.labels = meta.labels;
  out.value.qos = host_qos(meta.annotations, facts);
  return out;
}

NetworkSet read_v3_network_set(JsonReader& in, JsonView view, bool namespaced, Facts& facts) {
  ObjectMeta meta;
  std::vector<std::string> nets;
  in.object(view, [&](FieldName part, JsonView body) {
    if (part.is("metadata")) read_metadata(in, body, meta);
    if (!part.is("spec")) return;
    in.object(body, [&](FieldName name, JsonView value) {
      if (name.is("nets")) in.read(value, nets);
    });
  });
  NetworkSet out;
  out.nets = to_nets(nets, EmptyNets::kept, facts);
  out.labels = meta.labels;
  if (namespaced) {
    out.labels = with_label(meta.labels, "projectcalico.org/namespace", meta.ns);
    out.profile_ids.emplace_back("kns." + meta.ns);
  }
  return out;
}

}  // namespace felixsim
