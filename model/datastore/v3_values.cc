// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/v3_values.h"

#include <fmt/format.h>

#include <charconv>

#include "model/datastore/felix_configuration.h"
#include "model/datastore/go_time.h"
#include "model/datastore/v3_validation.h"

namespace felixsim {
namespace {

template <class T>
std::optional<T> number(std::string_view digits) {
  T value{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

void read_bgp(JsonReader& in, JsonView view, Node& out) {
  out.has_bgp = !view.is_null();
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("asNumber")) read_as_number(in, value, out.bgp_as_number);
    if (name.is("ipv4Address")) in.read(value, out.bgp_ipv4_address);
    if (name.is("ipv6Address")) in.read(value, out.bgp_ipv6_address);
    if (name.is("ipv4IPIPTunnelAddr")) in.read(value, out.bgp_ipv4_ipip_tunnel_address);
  });
}

void read_addresses(JsonReader& in, JsonView view, std::vector<NodeAddress>& out) {
  in.list(
      view,
      [&](JsonView element) {
        NodeAddress address;
        in.object(element, [&](FieldName name, JsonView value) {
          if (name.is("address")) in.read(value, address.address);
          if (name.is("type")) in.read(value, address.type);
        });
        out.push_back(std::move(address));
      },
      [&] { out.clear(); });
}

void read_node_spec(JsonReader& in, JsonView view, Node& out) {
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("bgp")) read_bgp(in, value, out);
    if (name.is("ipv4VXLANTunnelAddr")) in.read(value, out.ipv4_vxlan_tunnel_address);
    if (name.is("vxlanTunnelMACAddr")) in.read(value, out.vxlan_tunnel_mac);
    if (name.is("ipv6VXLANTunnelAddr")) in.read(value, out.ipv6_vxlan_tunnel_address);
    if (name.is("vxlanTunnelMACAddrV6")) in.read(value, out.vxlan_tunnel_mac_v6);
    if (name.is("addresses")) read_addresses(in, value, out.addresses);
    if (name.is("wireguard")) {
      in.object(value, [&](FieldName inner, JsonView address) {
        if (inner.is("interfaceIPv4Address")) in.read(address, out.wireguard_ipv4);
        if (inner.is("interfaceIPv6Address")) in.read(address, out.wireguard_ipv6);
      });
    }
  });
}

void read_service_ports(JsonReader& in, JsonView view, std::vector<ServicePort>& out) {
  in.list(
      view,
      [&](JsonView element) {
        ServicePort port;
        in.object(element, [&](FieldName name, JsonView value) {
          if (name.is("name")) in.read(value, port.name);
          if (name.is("protocol")) in.read(value, port.protocol);
          if (name.is("port")) in.read(value, port.port);
          if (name.is("nodePort")) in.read(value, port.node_port);
        });
        out.push_back(std::move(port));
      },
      [&] { out.clear(); });
}

void read_load_balancer(JsonReader& in, JsonView view, Service& out) {
  in.object(view, [&](FieldName name, JsonView value) {
    if (!name.is("ingress")) return;
    in.list(
        value,
        [&](JsonView element) {
          std::string ip;
          in.object(element, [&](FieldName inner, JsonView text) {
            if (inner.is("ip")) in.read(text, ip);
          });
          if (!ip.empty()) out.load_balancer_ingress_ips.push_back(std::move(ip));
        },
        [&] { out.load_balancer_ingress_ips.clear(); });
  });
}

// [{"cidr": "..."}]
void read_cidr_blocks(JsonReader& in, JsonView view, std::vector<std::string>& out) {
  in.list(
      view,
      [&](JsonView element) {
        std::string cidr;
        in.object(element, [&](FieldName name, JsonView value) {
          if (name.is("cidr")) in.read(value, cidr);
        });
        out.push_back(std::move(cidr));
      },
      [&] { out.clear(); });
}

MigrationOwner read_owner(JsonReader& in, JsonView view) {
  MigrationOwner owner;
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("hostname")) in.read(value, owner.host);
    if (name.is("orchestratorID")) in.read(value, owner.orchestrator);
    if (name.is("workloadID")) in.read(value, owner.workload);
    if (name.is("endpointID")) in.read(value, owner.endpoint);
  });
  return owner;
}

// A source prefers the workload over the endpoint; a target names no workload but a selector.
void read_migration_end(JsonReader& in, JsonView view, bool is_target, LiveMigration& out) {
  std::optional<MigrationOwner> workload, endpoint;
  in.object(view, [&](FieldName name, JsonView value) {
    if (value.is_null()) return;
    if (name.is("workload") && !is_target) {
      workload = read_owner(in, value);
      workload->endpoint = Symbol();
    }
    if (name.is("workloadEndpoint")) endpoint = read_owner(in, value);
    if (name.is("selector") && is_target) in.read(value, out.target_selector);
  });
  (is_target ? out.target : out.source) = workload ? workload : endpoint;
}

// `each(FieldName, JsonView)` for spec, status and whatever else there is but metadata. `refused`
// is set to what the validator says against the metadata.
template <class Each>
void resource(JsonReader& in, JsonView view, ObjectMeta& meta, std::string& refused, Each&& each) {
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("metadata")) read_metadata(in, value, meta);
  });
  refused = metadata_problem(meta);
  in.object(view, [&](FieldName name, JsonView value) { each(name, value); });
}

void refuse(std::string& refused, std::string problem) {
  if (refused.empty()) refused = std::move(problem);
}

}  // namespace

void read_time(JsonReader& in, JsonView view, std::string& out) {
  in.read(view, out);
  if (view.is_null() || !in.ok()) return;
  auto time = rfc3339_utc(out);
  if (!time) in.fail(fmt::format("'{}' is no time", out));
  out = time.value_or("");
}

std::optional<uint32_t> parse_as_number(std::string_view text) {
  if (const auto plain = number<uint32_t>(text)) return plain;
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto high = number<uint16_t>(text.substr(0, dot));
  const auto low = number<uint16_t>(text.substr(dot + 1));
  if (!high || !low) return std::nullopt;
  return (uint32_t{*high} << 16) + *low;
}

void read_as_number(JsonReader& in, JsonView view, std::optional<std::string>& out) {
  out.reset();
  if (view.is_null()) return;
  if (const auto text = view.text()) {
    const auto value = parse_as_number(*text);
    if (!value) in.fail(fmt::format("'{}' is no AS number", *text));
    out = fmt::format("{}", value.value_or(0));
    return;
  }
  uint32_t value = 0;
  in.read(view, value);
  out = fmt::format("{}", value);
}

void read_metadata(JsonReader& in, JsonView view, ObjectMeta& out) {
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("name")) in.read(value, out.name);
    if (name.is("namespace")) in.read(value, out.ns);
    if (name.is("uid")) in.read(value, out.uid);
    if (name.is("generateName")) in.read(value, out.generate_name);
    if (name.is("resourceVersion")) in.read(value, out.resource_version);
    if (name.is("creationTimestamp")) read_time(in, value, out.creation_timestamp);
    if (name.is("deletionTimestamp")) read_time(in, value, out.deletion_timestamp);
    if (name.is("labels")) in.read(value, out.labels);
    if (name.is("annotations")) in.read(value, out.annotations);
  });
}

void read_value(JsonReader& in, JsonView view, Node& out) {
  ObjectMeta meta;
  resource(in, view, meta, out.refused, [&](FieldName name, JsonView value) {
    if (name.is("spec")) {
      read_node_spec(in, value, out);
      refuse(out.refused, node_spec_problem(value));
    }
    if (!name.is("status")) return;
    refuse(out.refused, node_status_problem(value));
    in.object(value, [&](FieldName inner, JsonView text) {
      if (inner.is("wireguardPublicKey")) in.read(text, out.wireguard_public_key);
      if (inner.is("wireguardPublicKeyV6")) in.read(text, out.wireguard_public_key_v6);
    });
  });
  out.labels = meta.labels;
}

void read_value(JsonReader& in, JsonView view, Profile& out) {
  ObjectMeta meta;
  resource(in, view, meta, out.refused, [&](FieldName name, JsonView value) {
    if (!name.is("spec")) return;
    refuse(out.refused, profile_problem(value));
    in.object(value, [&](FieldName inner, JsonView labels) {
      if (inner.is("labelsToApply")) in.read(labels, out.labels_to_apply);
    });
  });
}

void read_value(JsonReader& in, JsonView view, Service& out) {
  ObjectMeta meta;
  resource(in, view, meta, out.refused, [&](FieldName part, JsonView body) {
    if (part.is("status")) {
      in.object(body, [&](FieldName name, JsonView value) {
        if (name.is("loadBalancer")) read_load_balancer(in, value, out);
      });
    }
    if (!part.is("spec")) return;
    in.object(body, [&](FieldName name, JsonView value) {
      if (name.is("type")) in.read(value, out.type);
      if (name.is("clusterIP")) in.read(value, out.cluster_ip);
      if (name.is("clusterIPs")) in.read(value, out.cluster_ips);
      if (name.is("externalIPs")) in.read(value, out.external_ips);
      if (name.is("loadBalancerIP")) in.read(value, out.load_balancer_ip);
      if (name.is("ports")) read_service_ports(in, value, out.ports);
    });
  });
}

void read_value(JsonReader& in, JsonView view, EndpointSlice& out) {
  ObjectMeta meta;
  resource(in, view, meta, out.refused, [&](FieldName part, JsonView body) {
    if (part.is("addressType")) in.read(body, out.address_type);
    if (part.is("endpoints")) {
      in.list(
          body,
          [&](JsonView element) {
            std::vector<std::string> addresses;
            in.object(element, [&](FieldName name, JsonView value) {
              if (name.is("addresses")) in.read(value, addresses);
            });
            out.endpoint_addresses.push_back(std::move(addresses));
          },
          [&] { out.endpoint_addresses.clear(); });
    }
    if (!part.is("ports")) return;
    in.list(
        body,
        [&](JsonView element) {
          EndpointSlicePort port;
          in.object(element, [&](FieldName name, JsonView value) {
            if (name.is("name")) in.read(value, port.name);
            if (name.is("protocol")) in.read(value, port.protocol);
            if (name.is("port")) in.read(value, port.port);
          });
          out.ports.push_back(std::move(port));
        },
        [&] { out.ports.clear(); });
  });
  out.labels = meta.labels;
}

void read_value(JsonReader& in, JsonView view, BgpConfiguration& out) {
  ObjectMeta meta;
  resource(in, view, meta, out.refused, [&](FieldName part, JsonView body) {
    if (!part.is("spec")) return;
    refuse(out.refused, bgp_configuration_problem(body));
    in.object(body, [&](FieldName name, JsonView value) {
      if (name.is("serviceClusterIPs")) read_cidr_blocks(in, value, out.service_cluster_cidrs);
      if (name.is("serviceExternalIPs")) read_cidr_blocks(in, value, out.service_external_cidrs);
      if (name.is("serviceLoadBalancerIPs")) {
        read_cidr_blocks(in, value, out.service_load_balancer_cidrs);
      }
      if (name.is("localWorkloadPeeringIPV4")) in.read(value, out.local_workload_peering_ip_v4);
      if (name.is("localWorkloadPeeringIPV6")) in.read(value, out.local_workload_peering_ip_v6);
    });
  });
}

void read_value(JsonReader& in, JsonView view, BgpPeer& out) {
  ObjectMeta meta;
  resource(in, view, meta, out.refused, [&](FieldName part, JsonView body) {
    if (!part.is("spec")) return;
    in.object(body, [&](FieldName name, JsonView value) {
      if (name.is("node")) in.read(value, out.node);
      if (name.is("nodeSelector")) in.read(value, out.node_selector);
      if (name.is("localWorkloadSelector")) in.read(value, out.local_workload_selector);
    });
    refuse(out.refused, bgp_peer_problem(body));
  });
}

void read_value(JsonReader& in, JsonView view, FelixConfiguration& out) {
  ObjectMeta meta;
  ConfigValues values;
  std::string late_panic;
  resource(in, view, meta, out.refused, [&](FieldName part, JsonView body) {
    if (!part.is("spec")) return;
    read_configuration(in, body, felix_configuration_fields(), values);
    refuse(out.refused, felix_configuration_problem(body));
    out.panic = felix_configuration_validator_panic(body);
    if (out.panic.empty()) late_panic = configuration_panic(body);
    in.object(body, [&](FieldName name, JsonView value) {
      if (name.is("nodeSelector")) in.read(value, out.node_selector);
    });
  });
  // Only what is valid and has a selector is taken apart (config_batcher.go).
  if (out.refused.empty() && is_valid_selector(out.node_selector.view()) && out.panic.empty())
    out.panic = std::move(late_panic);
  out.creation_timestamp = meta.creation_timestamp;
  out.config.clear();
  for (const ConfigField& field : felix_configuration_fields()) {
    const auto at = values.find(field.json_name);
    if (at != values.end()) out.config.emplace(field.parameter, at->second);
  }
  for (auto& [name, value] : configuration_annotations(meta.annotations)) {
    out.config.insert_or_assign(name, value);
  }
}

void read_value(JsonReader& in, JsonView view, UnreadResource& out) {
  ObjectMeta meta;
  resource(in, view, meta, out.refused, [](FieldName, JsonView) {});
}

void read_value(JsonReader& in, JsonView view, LiveMigration& out) {
  ObjectMeta meta;
  resource(in, view, meta, out.refused, [&](FieldName part, JsonView body) {
    if (!part.is("spec")) return;
    in.object(body, [&](FieldName name, JsonView value) {
      if (name.is("source")) read_migration_end(in, value, false, out);
      if (name.is("target")) read_migration_end(in, value, true, out);
    });
  });
  out.uid = meta.uid;
}

}  // namespace felixsim
