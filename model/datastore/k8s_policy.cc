// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/k8s_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "model/datastore/v1_fields.h"

namespace felixsim {
namespace {

constexpr std::string_view is_kubernetes = "projectcalico.org/orchestrator == 'k8s'";

// Ports of one protocol; `all` also where none are listed.
struct ProtocolPorts {
  bool all = false;
  std::vector<Port> ports;
};

// The terms of a selector, "&&" between them.
void append_terms(std::vector<std::string>& terms, const K8sLabelSelector& selector) {
  for (const auto& [key, value] : selector.match_labels) {
    terms.push_back(fmt::format("{} == '{}'", key, value));
  }
  for (const auto& expression : selector.match_expressions) {
    const std::string values = fmt::format("{}", fmt::join(expression.values, "', '"));
    if (expression.op == "In") {
      terms.push_back(fmt::format("{} in {{ '{}' }}", expression.key, values));
    } else if (expression.op == "NotIn") {
      terms.push_back(fmt::format("{} not in {{ '{}' }}", expression.key, values));
    } else if (expression.op == "Exists") {
      terms.push_back(fmt::format("has({})", expression.key));
    } else if (expression.op == "DoesNotExist") {
      terms.push_back(fmt::format("! has({})", expression.key));
    }
  }
}

// IntOrString: its text.
void read_int_or_string(JsonReader& in, JsonView view, std::optional<std::string>& out) {
  if (view.is_null() || view.text()) {
    in.read(view, out);
    return;
  }
  int32_t number = 0;
  in.read(view, number);
  out = fmt::format("{}", number);
}

void read_peers(JsonReader& in, JsonView view, std::vector<K8sNetworkPolicy::Peer>& out) {
  in.list(
      view,
      [&](JsonView element) {
        K8sNetworkPolicy::Peer peer;
        in.object(element, [&](FieldName name, JsonView value) {
          if (name.is("podSelector")) read_label_selector(in, value, peer.pods);
          if (name.is("namespaceSelector")) read_label_selector(in, value, peer.namespaces);
          if (!name.is("ipBlock")) return;
          peer.has_block = !value.is_null();
          in.object(value, [&](FieldName inner, JsonView text) {
            if (inner.is("cidr")) in.read(text, peer.block_cidr);
            if (inner.is("except")) in.read(text, peer.block_except);
          });
        });
        out.push_back(std::move(peer));
      },
      [&] { out.clear(); });
}

void read_port_matches(JsonReader& in, JsonView view,
                       std::vector<K8sNetworkPolicy::PortMatch>& out) {
  in.list(
      view,
      [&](JsonView element) {
        K8sNetworkPolicy::PortMatch match;
        in.object(element, [&](FieldName name, JsonView value) {
          if (name.is("protocol")) in.read(value, match.protocol);
          if (name.is("port")) read_int_or_string(in, value, match.port);
          if (name.is("endPort")) in.read(value, match.end_port);
        });
        out.push_back(std::move(match));
      },
      [&] { out.clear(); });
}

void read_rules(JsonReader& in, JsonView view, std::string_view peers,
                std::vector<K8sNetworkPolicy::RuleMatch>& out) {
  in.list(
      view,
      [&](JsonView element) {
        K8sNetworkPolicy::RuleMatch rule;
        in.object(element, [&](FieldName name, JsonView value) {
          if (name.is("ports")) read_port_matches(in, value, rule.ports);
          if (name.is(peers)) read_peers(in, value, rule.peers);
        });
        out.push_back(std::move(rule));
      },
      [&] { out.clear(); });
}

// numorstring.ProtocolFromString: the spelling of known names is Calico's.
std::string canonical_protocol(std::string_view text) {
  for (const std::string_view known : {"UDP", "TCP", "ICMP", "ICMPv6", "SCTP", "UDPLite"}) {
    if (FieldName(text).is(known)) return std::string(known);
  }
  return std::string(text);
}

// Ports by protocol, in the order of protocol names; the empty one stands for "any".
std::optional<std::string> add_port(const K8sNetworkPolicy::PortMatch& match,
                                    std::map<std::string, ProtocolPorts>& out) {
  std::optional<Port> port;
  if (match.port) {
    const std::string text =
        match.end_port ? fmt::format("{}:{}", *match.port, *match.end_port) : *match.port;
    port = parse_port(text);
    if (!port) return fmt::format("port '{}' is not valid", text);
  }
  auto& ports = out[canonical_protocol(match.protocol.value_or("TCP"))];
  if (!port) {
    ports = {true, {}};
  } else if (!ports.all) {
    ports.ports.push_back(*port);
  }
  return std::nullopt;
}

V3EntityRule to_entity(const K8sNetworkPolicy::Peer& peer) {
  V3EntityRule out;
  if (!peer.has_block) {
    out.selector = pod_selector_text(peer.pods);
    if (peer.namespaces) out.namespace_selector = namespace_selector_text(peer.namespaces);
    return out;
  }
  const auto cidr = Cidr::parse(peer.block_cidr);
  if (!cidr) return out;
  out.nets.push_back(cidr->str());
  for (const auto& text : peer.block_except) {
    const auto except = Cidr::parse(text);
    if (!except) break;
    out.not_nets.push_back(except->str());
  }
  return out;
}

std::optional<Protocol> rule_protocol(const std::string& name) {
  if (name.empty()) return std::nullopt;
  return parse_protocol(name);
}

// k8sRuleToCalico: one rule for each protocol and peer. An error drops them all.
std::optional<std::string> convert_rule(const K8sNetworkPolicy::RuleMatch& match, bool ingress,
                                        std::vector<V3Rule>& out) {
  std::map<std::string, ProtocolPorts> protocols;
  for (const auto& port : match.ports) {
    if (auto error = add_port(port, protocols)) return error;
  }
  if (match.ports.empty()) protocols[""] = {true, {}};
  std::vector<V3EntityRule> peers;
  for (const auto& peer : match.peers) peers.push_back(to_entity(peer));
  if (peers.empty()) peers.emplace_back();
  for (const auto& [protocol, ports] : protocols) {
    for (const auto& peer : peers) {
      V3Rule rule;
      rule.action = "Allow";
      rule.protocol = rule_protocol(protocol);
      (ingress ? rule.source : rule.destination) = peer;
      rule.destination.ports = simplify_ports(ports.ports);
      out.push_back(std::move(rule));
    }
  }
  return std::nullopt;
}

bool contains(const std::vector<std::string>& texts, std::string_view wanted) {
  return std::find(texts.begin(), texts.end(), wanted) != texts.end();
}

}  // namespace

void read_label_selector(JsonReader& in, JsonView view, std::optional<K8sLabelSelector>& out) {
  if (view.is_null()) {
    out.reset();
    return;
  }
  if (!out) out.emplace();
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("matchLabels")) in.read(value, out->match_labels);
    if (!name.is("matchExpressions")) return;
    in.list(
        value,
        [&](JsonView element) {
          K8sLabelSelector::Expression expression;
          in.object(element, [&](FieldName inner, JsonView part) {
            if (inner.is("key")) in.read(part, expression.key);
            if (inner.is("operator")) in.read(part, expression.op);
            if (inner.is("values")) in.read(part, expression.values);
          });
          out->match_expressions.push_back(std::move(expression));
        },
        [&] { out->match_expressions.clear(); });
  });
}

std::string pod_selector_text(const std::optional<K8sLabelSelector>& selector) {
  std::vector<std::string> terms{std::string(is_kubernetes)};
  if (selector) append_terms(terms, *selector);
  return fmt::format("{}", fmt::join(terms, " && "));
}

std::string namespace_selector_text(const std::optional<K8sLabelSelector>& selector) {
  if (!selector) return "";
  std::vector<std::string> terms;
  append_terms(terms, *selector);
  if (selector->match_labels.empty() && selector->match_expressions.empty()) return "all()";
  return fmt::format("{}", fmt::join(terms, " && "));
}

K8sNetworkPolicy read_k8s_network_policy(JsonReader& in, JsonView view) {
  K8sNetworkPolicy out;
  in.object(view, [&](FieldName part, JsonView body) {
    if (part.is("metadata")) read_metadata(in, body, out.meta);
    if (!part.is("spec")) return;
    in.object(body, [&](FieldName name, JsonView value) {
      if (name.is("stagedAction")) in.read(value, out.staged_action);
      if (name.is("podSelector")) read_label_selector(in, value, out.pod_selector);
      if (name.is("ingress")) read_rules(in, value, "from", out.ingress);
      if (name.is("egress")) read_rules(in, value, "to", out.egress);
      if (name.is("policyTypes")) in.read(value, out.policy_types);
    });
  });
  return out;
}

V3Policy k8s_network_policy_to_v3(const K8sNetworkPolicy& policy, Facts& failures) {
  V3Policy out;
  out.meta = policy.meta;
  out.tier = "default";
  out.order = 1000;
  out.selector = pod_selector_text(policy.pod_selector);
  const auto convert = [&](const auto& rules, bool ingress, std::vector<V3Rule>& to) {
    for (size_t i = 0; i < rules.size(); ++i) {
      if (const auto error = convert_rule(rules[i], ingress, to)) {
        failures.push_back(
            fmt::format("{} rule {} is dropped: {}", ingress ? "ingress" : "egress", i, *error));
      }
    }
  };
  convert(policy.ingress, true, out.ingress);
  convert(policy.egress, false, out.egress);
  const bool egress = contains(policy.policy_types, "Egress");
  if (contains(policy.policy_types, "Ingress") || !egress) out.types.emplace_back("Ingress");
  if (egress) out.types.emplace_back("Egress");
  return out;
}

std::vector<Port> simplify_ports(const std::vector<Port>& ports) {
  std::vector<Port> names, ranges;
  int64_t count = 0;
  for (const Port& port : ports) {
    (port.name.empty() ? ranges : names).push_back(port);
    if (port.name.empty()) count += port.last - port.first + 1;
  }
  // Felix leaves the list in its order where there is nothing to combine.
  if (ports.size() <= 1 || count <= 1) return ports;
  std::sort(ranges.begin(), ranges.end());
  for (const Port& range : ranges) {
    const bool joins = !names.empty() && names.back().name.empty() &&
                       int{range.first} <= int{names.back().last} + 1;
    if (joins) {
      names.back().last = std::max(names.back().last, range.last);
    } else {
      names.push_back(range);
    }
  }
  return names;
}

}  // namespace felixsim
