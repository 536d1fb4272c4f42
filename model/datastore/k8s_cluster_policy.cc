// SPDX-License-Identifier: Apache-2.0
// ClusterNetworkPolicies (clusternetworkpolicy.go).
#include <fmt/format.h>

#include <map>

#include "model/datastore/k8s_policy.h"
#include "model/datastore/v1_fields.h"

namespace felixsim {
namespace {

struct Peer {
  std::optional<K8sLabelSelector> namespaces;
  bool has_pods = false;
  std::optional<K8sLabelSelector> pod_selector, pod_namespaces;
  std::vector<std::string> networks;
};

struct ProtocolMatch {
  std::string protocol;  // TCP, UDP, SCTP; empty for a named port and for nothing at all
  int32_t number = 0;
  std::optional<std::pair<int32_t, int32_t>> range;
  std::string named_port;
};

struct RuleMatch {
  std::string name, action;
  std::vector<Peer> peers;
  std::vector<ProtocolMatch> protocols;
};

void read_pods(JsonReader& in, JsonView view, Peer& out) {
  out.has_pods = !view.is_null();
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("podSelector")) read_label_selector(in, value, out.pod_selector);
    if (name.is("namespaceSelector")) read_label_selector(in, value, out.pod_namespaces);
  });
  // Neither is a pointer in Go: absent means "without terms".
  if (!out.pod_selector) out.pod_selector.emplace();
  if (!out.pod_namespaces) out.pod_namespaces.emplace();
}

Peer read_peer(JsonReader& in, JsonView view, bool ingress) {
  Peer peer;
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("namespaces")) read_label_selector(in, value, peer.namespaces);
    if (name.is("pods")) read_pods(in, value, peer);
    if (name.is("networks") && !ingress) in.read(value, peer.networks);
  });
  return peer;
}

void read_destination_port(JsonReader& in, JsonView view, ProtocolMatch& out) {
  in.object(view, [&](FieldName outer, JsonView port) {
    if (!outer.is("destinationPort")) return;
    in.object(port, [&](FieldName name, JsonView value) {
      if (name.is("number")) in.read(value, out.number);
      if (!name.is("range") || value.is_null()) return;
      std::pair<int32_t, int32_t> range;
      in.object(value, [&](FieldName end, JsonView number) {
        if (end.is("start")) in.read(number, range.first);
        if (end.is("end")) in.read(number, range.second);
      });
      out.range = range;
    });
  });
}

ProtocolMatch read_protocol_match(JsonReader& in, JsonView view) {
  // The first of these that is there holds.
  std::map<std::string_view, ProtocolMatch> given;
  ProtocolMatch out;
  in.object(view, [&](FieldName name, JsonView value) {
    for (const std::string_view protocol : {"TCP", "UDP", "SCTP"}) {
      if (!name.is(protocol) || value.is_null()) continue;
      auto& match = given[protocol];
      match.protocol = protocol;
      read_destination_port(in, value, match);
    }
    if (name.is("destinationNamedPort")) in.read(value, out.named_port);
  });
  for (const std::string_view protocol : {"TCP", "UDP", "SCTP"}) {
    if (const auto at = given.find(protocol); at != given.end()) return at->second;
  }
  return out;
}

std::vector<RuleMatch> read_rules(JsonReader& in, JsonView view, bool ingress) {
  std::vector<RuleMatch> out;
  in.list(
      view,
      [&](JsonView element) {
        RuleMatch rule;
        in.object(element, [&](FieldName name, JsonView value) {
          if (name.is("name")) in.read(value, rule.name);
          if (name.is("action")) in.read(value, rule.action);
          if (name.is(ingress ? "from" : "to")) {
            in.list(
                value, [&](JsonView peer) { rule.peers.push_back(read_peer(in, peer, ingress)); },
                [&] { rule.peers.clear(); });
          }
          if (name.is("protocols")) {
            in.list(
                value,
                [&](JsonView match) { rule.protocols.push_back(read_protocol_match(in, match)); },
                [&] { rule.protocols.clear(); });
          }
        });
        out.push_back(std::move(rule));
      },
      [&] { out.clear(); });
  return out;
}

using Outcome = std::optional<std::string>;  // why it failed

// k8sCNPPortToCalicoFields: the port that is matched, if any.
Outcome matched_port(const ProtocolMatch& match, std::optional<Port>& out) {
  if (!match.protocol.empty()) {
    if (match.number != 0) {
      const auto number = static_cast<uint16_t>(match.number);
      out = Port{number, number, {}};
    } else if (match.range) {
      const auto first = static_cast<uint16_t>(match.range->first);
      const auto last = static_cast<uint16_t>(match.range->second);
      if (first > last) return fmt::format("port range {}-{} runs backwards", first, last);
      out = Port{first, last, {}};
    }
    return std::nullopt;
  }
  if (match.named_port.empty()) return std::nullopt;
  if (!is_port_name(match.named_port)) {
    return fmt::format("'{}' is no name of a port", match.named_port);
  }
  out = Port{0, 0, Symbol(match.named_port)};
  return std::nullopt;
}

struct ProtocolPorts {
  bool all = false;
  std::vector<Port> ports;
};

Outcome unpack_protocols(const std::vector<ProtocolMatch>& matches,
                         std::map<std::string, ProtocolPorts>& out) {
  for (const auto& match : matches.empty() ? std::vector<ProtocolMatch>(1) : matches) {
    std::optional<Port> port;
    if (auto error = matched_port(match, port)) return error;
    if (match.protocol.empty() && !port) {
      out.clear();
      out[""] = {true, {}};
      return std::nullopt;
    }
    auto& ports = out[match.protocol];
    if (!port) {
      ports = {true, {}};
    } else if (!ports.all) {
      ports.ports.push_back(*port);
    }
  }
  return std::nullopt;
}

// One side of a rule. Felix carries selectors from one ingress peer to the next in the same loop,
// but every peer that is valid sets them anew.
Outcome convert_peer(const Peer& peer, V3EntityRule& out) {
  if (!peer.namespaces && !peer.has_pods && peer.networks.empty()) {
    return "a peer has none of the supported fields";
  }
  if (peer.namespaces) out.namespace_selector = namespace_selector_text(peer.namespaces);
  if (peer.has_pods) {
    out.selector = pod_selector_text(peer.pod_selector);
    out.namespace_selector = namespace_selector_text(peer.pod_namespaces);
  }
  for (const auto& text : peer.networks) {
    const auto cidr = Cidr::parse(text);
    if (!cidr) return fmt::format("'{}' is no network", text);
    out.nets.push_back(cidr->str());
  }
  return std::nullopt;
}

Outcome convert_rule(const RuleMatch& match, bool ingress, std::vector<V3Rule>& out) {
  const bool known = match.action == "Accept" || match.action == "Deny" || match.action == "Pass";
  if (!known) return fmt::format("unknown action '{}'", match.action);
  std::map<std::string, ProtocolPorts> protocols;
  if (auto error = unpack_protocols(match.protocols, protocols)) return error;
  std::vector<V3EntityRule> peers(match.peers.size());
  for (size_t i = 0; i < peers.size(); ++i) {
    if (auto error = convert_peer(match.peers[i], peers[i])) return error;
  }
  for (const auto& [protocol, ports] : protocols) {
    for (const auto& peer : peers) {
      V3Rule rule;
      rule.action = match.action == "Accept" ? "Allow" : match.action;
      if (!match.name.empty()) rule.annotations = StringMap{{"name", match.name}};
      if (!protocol.empty()) rule.protocol = Protocol{Symbol(protocol), 0};
      (ingress ? rule.source : rule.destination) = peer;
      rule.destination.ports = simplify_ports(ports.ports);
      out.push_back(std::move(rule));
    }
  }
  return std::nullopt;
}

void convert_rules(const std::vector<RuleMatch>& rules, bool ingress, std::vector<V3Rule>& out,
                   Facts& failures) {
  for (size_t i = 0; i < rules.size(); ++i) {
    const auto error = convert_rule(rules[i], ingress, out);
    if (!error) continue;
    const bool closes = rules[i].action == "Deny" || rules[i].action == "Pass";
    if (closes) out.emplace_back().action = "Deny";
    failures.push_back(fmt::format("{} rule {} {}: {}", ingress ? "ingress" : "egress", i,
                                   closes ? "becomes a deny-all" : "is dropped", *error));
  }
}

struct Spec {
  std::string tier;
  int32_t priority = 0;
  std::optional<K8sLabelSelector> namespaces;
  Peer pods;
  std::vector<RuleMatch> ingress, egress;
};

Spec read_spec(JsonReader& in, JsonView view) {
  Spec spec;
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("tier")) in.read(value, spec.tier);
    if (name.is("priority")) in.read(value, spec.priority);
    if (name.is("ingress")) spec.ingress = read_rules(in, value, true);
    if (name.is("egress")) spec.egress = read_rules(in, value, false);
    if (!name.is("subject")) return;
    in.object(value, [&](FieldName inner, JsonView subject) {
      if (inner.is("namespaces")) read_label_selector(in, subject, spec.namespaces);
      if (inner.is("pods")) read_pods(in, subject, spec.pods);
    });
  });
  return spec;
}

}  // namespace

std::optional<V3Policy> read_cluster_network_policy(JsonReader& in, JsonView view,
                                                    Facts& failures) {
  V3Policy out;
  Spec spec;
  in.object(view, [&](FieldName part, JsonView body) {
    if (part.is("metadata")) read_metadata(in, body, out.meta);
    if (part.is("spec")) spec = read_spec(in, body);
  });
  if (!in.ok()) return std::nullopt;
  if (spec.tier != "Admin" && spec.tier != "Baseline") return std::nullopt;
  if (!spec.namespaces && !spec.pods.has_pods) return std::nullopt;
  out.tier = spec.tier == "Admin" ? "kube-admin" : "kube-baseline";
  out.order = spec.priority;
  out.selector = pod_selector_text(spec.namespaces ? std::nullopt : spec.pods.pod_selector);
  out.namespace_selector =
      namespace_selector_text(spec.namespaces ? spec.namespaces : spec.pods.pod_namespaces);
  convert_rules(spec.ingress, true, out.ingress, failures);
  convert_rules(spec.egress, false, out.egress, failures);
  if (!out.ingress.empty()) out.types.emplace_back("Ingress");
  if (!out.egress.empty()) out.types.emplace_back("Egress");
  return out;
}

}  // namespace felixsim
