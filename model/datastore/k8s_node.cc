// SPDX-License-Identifier: Apache-2.0
// Kubernetes Nodes with Calico's annotations as v3 Nodes
// (libcalico-go/lib/backend/k8s/resources/node.go K8sNodeToCalico).
#include <fmt/format.h>

#include "model/datastore/k8s_objects.h"
#include "model/datastore/v1_fields.h"
#include "model/datastore/v3_json.h"

namespace felixsim {
namespace {

struct K8sNode {
  ObjectMeta meta;
  std::string pod_cidr;
  std::vector<std::string> pod_cidrs;
  std::vector<NodeAddress> addresses;

  std::string annotation(std::string_view name) const {
    const auto at = meta.annotations.find(fmt::format("projectcalico.org/{}", name));
    return at == meta.annotations.end() ? "" : at->second;
  }
  // getAnnotation: what does not pass is as good as absent.
  template <class Valid>
  std::string annotation(std::string_view name, Valid&& valid) const {
    const std::string text = annotation(name);
    return valid(text) ? text : "";
  }
};

K8sNode read_node(JsonReader& in, JsonView view) {
  K8sNode node;
  in.object(view, [&](FieldName part, JsonView body) {
    if (part.is("metadata")) read_metadata(in, body, node.meta);
    if (!part.is("spec") && !part.is("status")) return;
    in.object(body, [&](FieldName name, JsonView value) {
      if (part.is("spec") && name.is("podCIDR")) in.read(value, node.pod_cidr);
      if (part.is("spec") && name.is("podCIDRs")) in.read(value, node.pod_cidrs);
      if (!part.is("status") || !name.is("addresses")) return;
      in.list(
          value,
          [&](JsonView element) {
            NodeAddress address;
            in.object(element, [&](FieldName inner, JsonView text) {
              if (inner.is("address")) in.read(text, address.address);
              if (inner.is("type")) in.read(text, address.type);
            });
            node.addresses.push_back(std::move(address));
          },
          [&] { node.addresses.clear(); });
    });
  });
  return node;
}

// validator/v3: an address or prefix of one family; `strict`: no bits behind the prefix.
auto valid_address(IpFamily family, bool strict) {
  return [family, strict](const std::string& text) {
    const auto address = address_of(text);
    return address && address->family == family && (!strict || is_strict_net(text));
  };
}

bool valid_mac(const std::string& text) { return hardware_address(text).has_value(); }

// A map in one of the node's annotations; nothing if it does not parse.
std::optional<StringMap> annotation_map(const K8sNode& node, std::string_view name) {
  const std::string text = node.annotation(name);
  if (text.empty()) return std::nullopt;
  JsonParser parser;
  const auto view = parser.parse(text);
  JsonReader in;
  StringMap out;
  if (view) in.read(*view, out);
  return view && in.ok() ? std::optional(out) : std::nullopt;
}

// Calico's own labels and annotations, Kubernetes' labels over them, and a note of which these are.
ObjectMeta node_meta(const K8sNode& node) {
  ObjectMeta meta;
  meta.name = node.meta.name;
  meta.uid = node.meta.uid;
  meta.resource_version = node.meta.resource_version;
  meta.creation_timestamp = node.meta.creation_timestamp;
  meta.annotations = annotation_map(node, "annotations").value_or(StringMap{});
  StringMap labels = annotation_map(node, "labels").value_or(StringMap{});
  JsonWriter note;
  if (node.meta.labels) {
    note.object([&] {
      for (const auto& [name, value] : *node.meta.labels) {
        note.member(name.view(), value.view());
        labels.insert_or_assign(name.str(), value.str());
      }
    });
  } else {
    note.null();
  }
  meta.annotations.insert_or_assign("projectcalico.org/kube-labels", std::move(note).take());
  auto sorted = std::make_shared<LabelMap>();
  for (const auto& [name, value] : labels) sorted->emplace_back(Symbol(name), Symbol(value));
  meta.labels = std::move(sorted);
  return meta;
}

// getStaticTunnelAddress: the first address after the one that the pod CIDR is written with.
std::string static_tunnel_address(ResourceJob& job, const std::string& pod_cidr) {
  if (!Cidr::parse(pod_cidr)) {
    job.in.fail(fmt::format("spec.podCIDR: '{}' is no network", pod_cidr));
    return "";
  }
  auto address = address_of(pod_cidr);
  if (!address || !address->is_v4()) return "";
  ++address->bytes[3];
  return address->str();
}

struct Tunnels {
  std::string ipip, wireguard_v4, wireguard_v6;
};

Tunnels tunnels_of(ResourceJob& job, const K8sNode& node) {
  if (job.options.use_pod_cidr && !node.pod_cidr.empty()) {
    const std::string address = static_tunnel_address(job, node.pod_cidr);
    return {address, node.annotation("WireguardPublicKey").empty() ? "" : address, ""};
  }
  const auto v4 = valid_address(IpFamily::v4, true), v6 = valid_address(IpFamily::v6, true);
  return {node.annotation("IPv4IPIPTunnelAddr", v4),
          node.annotation("IPv4WireguardInterfaceAddr", v4),
          node.annotation("IPv6WireguardInterfaceAddr", v6)};
}

// Both addresses of BGP, then those of Kubernetes, in order.
std::vector<NodeAddress> all_addresses(const K8sNode& node, const std::string& bgp_v4,
                                       const std::string& bgp_v6) {
  std::vector<NodeAddress> out;
  for (const auto& text : {bgp_v4, bgp_v6}) {
    if (!text.empty()) out.push_back({text, "CalicoNodeIP"});
  }
  for (const auto& address : node.addresses) {
    if (address.type == "InternalIP" || address.type == "ExternalIP") out.push_back(address);
  }
  return out;
}

struct Interface {
  std::string name;
  std::vector<std::string> addresses;
};

// fillAllInterfaces: takes bad addresses out of the list that it walks along, so that the one after
// a bad one is not looked at, and the last one can come up again.
void drop_invalid(std::vector<std::string>& addresses) {
  std::vector<std::string> walked = addresses;
  size_t left = walked.size();
  for (size_t i = 0; i < walked.size() && i < left; ++i) {
    if (Ip::parse(walked[i])) continue;
    for (size_t k = i; k + 1 < left; ++k) walked[k] = walked[k + 1];
    --left;
  }
  walked.resize(left);
  addresses = std::move(walked);
}

std::vector<Interface> interfaces_of(const K8sNode& node) {
  std::vector<Interface> out;
  JsonParser parser;
  const auto view = parser.parse(node.annotation("Interfaces"));
  if (!view) return out;
  JsonReader in;
  in.list(
      *view,
      [&](JsonView element) {
        Interface interface;
        in.object(element, [&](FieldName name, JsonView value) {
          if (name.is("name")) in.read(value, interface.name);
          if (name.is("addresses")) in.read(value, interface.addresses);
        });
        drop_invalid(interface.addresses);
        out.push_back(std::move(interface));
      },
      [] {});
  return in.ok() ? out : std::vector<Interface>{};
}

void write_spec(ResourceJob& job, const K8sNode& node, JsonWriter& out) {
  const auto v4 = valid_address(IpFamily::v4, true), v6 = valid_address(IpFamily::v6, true);
  const std::string bgp_v4 = node.annotation("IPv4Address", valid_address(IpFamily::v4, false));
  const std::string bgp_v6 = node.annotation("IPv6Address", valid_address(IpFamily::v6, false));
  const Tunnels tunnels = tunnels_of(job, node);
  const auto as_number = parse_as_number(node.annotation("ASNumber"));
  out.name("spec");
  out.object([&] {
    out.optional_object("bgp", [&] {
      if (as_number) out.member_integer("asNumber", *as_number);
      out.optional("ipv4Address", bgp_v4);
      out.optional("ipv6Address", bgp_v6);
      out.optional("ipv4IPIPTunnelAddr", tunnels.ipip);
      out.optional("routeReflectorClusterID", node.annotation("RouteReflectorClusterID", v4));
    });
    out.optional("ipv4VXLANTunnelAddr", node.annotation("IPv4VXLANTunnelAddr", v4));
    out.optional("vxlanTunnelMACAddr", node.annotation("VXLANTunnelMACAddr", valid_mac));
    out.optional("ipv6VXLANTunnelAddr", node.annotation("IPv6VXLANTunnelAddr", v6));
    out.optional("vxlanTunnelMACAddrV6", node.annotation("VXLANTunnelMACAddrV6", valid_mac));
    out.name("orchRefs");
    out.list([&] {
      out.object([&] {
        out.member("nodeName", node.meta.name);
        out.member("orchestrator", "k8s");
      });
    });
    out.optional_object("wireguard", [&] {
      out.optional("interfaceIPv4Address", tunnels.wireguard_v4);
      out.optional("interfaceIPv6Address", tunnels.wireguard_v6);
    });
    out.optional_list("addresses", all_addresses(node, bgp_v4, bgp_v6), [&](const auto& address) {
      out.object([&] {
        out.member("address", address.address);
        out.member("type", address.type);
      });
    });
    out.optional_list("interfaces", interfaces_of(node), [&](const Interface& interface) {
      out.object([&] {
        out.optional("name", interface.name);
        out.optional("addresses", interface.addresses);
      });
    });
  });
}

}  // namespace

void convert_k8s_node(ResourceJob& job) {
  const K8sNode node = read_node(job.in, job.view);
  if (!job.in.ok()) return;
  job.store("Node", "", node.meta.name, [&] {
    return v3_resource_text("Node", node_meta(node), [&](JsonWriter& out) {
      write_spec(job, node, out);
      out.name("status");
      out.object([&] {
        out.optional("wireguardPublicKey", node.annotation("WireguardPublicKey"));
        out.optional("wireguardPublicKeyV6", node.annotation("WireguardPublicKeyV6"));
        out.optional("podCIDRs", node.pod_cidrs);
      });
    });
  });
}

}  // namespace felixsim
