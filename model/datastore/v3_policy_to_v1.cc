// SPDX-License-Identifier: Apache-2.0
// updateprocessors/rules.go and selectors.go: v3 policies in their v1 form.
#include <fmt/format.h>

#include "model/datastore/v1_fields.h"
#include "model/datastore/v3_policy.h"
#include "model/selector/selector.h"

namespace felixsim {
namespace {

constexpr std::string_view namespace_prefix = "pcns.";
constexpr std::string_view service_account_prefix = "pcsa.";

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return text;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// parseSelectorAttachPrefix: canonical, with every label name prefixed; empty if it does not parse.
std::string prefixed(const std::string& selector, std::string_view prefix, Facts& facts) {
  const auto parsed = parse_selector(selector);
  if (!parsed) {
    facts.push_back(fmt::format("selector '{}' is ignored: {}", selector, parsed.error().message));
    return "";
  }
  return with_label_prefix(**parsed, prefix)->text();
}

// prefixAndAppendSelector.
std::string with_prefixed(std::string selector, const std::string& added, std::string_view prefix,
                          Facts& facts) {
  if (added.empty()) return selector;
  const std::string text = prefixed(added, prefix, facts);
  if (text.empty()) return selector;
  return selector.empty() ? text : fmt::format("({}) && {}", selector, text);
}

// parseServiceAccounts.
std::string service_account_selector(const V3EntityRule& side, Facts& facts) {
  std::string selector;
  if (!side.service_account_selector.empty()) {
    selector = prefixed(side.service_account_selector, service_account_prefix, facts);
  }
  if (side.service_account_names.empty()) return selector;
  const std::string names = fmt::format("projectcalico.org/serviceaccount in {{ '{}' }}",
                                        fmt::join(side.service_account_names, "', '"));
  const auto parsed = parse_selector(names);
  if (!parsed) {
    facts.push_back(fmt::format("service account names are ignored: {}", parsed.error().message));
    return "";
  }
  return selector.empty() ? (*parsed)->text()
                          : fmt::format("({}) && ({})", selector, (*parsed)->text());
}

// The namespaces that one side of a rule is about, as a selector; empty for all.
std::string namespaces_of(const V3EntityRule& side, std::string_view ns, Facts& facts) {
  if (side.namespace_selector.empty()) {
    return ns.empty() ? "" : fmt::format("projectcalico.org/namespace == '{}'", ns);
  }
  std::string selector = prefixed(side.namespace_selector, namespace_prefix, facts);
  selector = replaced(std::move(selector), "all()", "has(projectcalico.org/namespace)");
  return replaced(std::move(selector), "global()", "!has(projectcalico.org/namespace)");
}

// getEndpointSelector: selector, service accounts and namespaces folded into one.
std::string combined_selector(const V3EntityRule& side, std::string_view ns, Facts& facts) {
  const std::string accounts = service_account_selector(side, facts);
  const std::string namespaces = namespaces_of(side, ns, facts);
  std::string selector = accounts.empty() ? side.selector : accounts;
  if (!accounts.empty() && !side.selector.empty()) {
    selector = fmt::format("({}) && ({})", accounts, side.selector);
  }
  const bool selects =
      !selector.empty() || !side.not_selector.empty() || !side.namespace_selector.empty();
  if (namespaces.empty() || !selects) return selector;
  return selector.empty() ? namespaces : fmt::format("({}) && ({})", namespaces, selector);
}

RuleSide to_v1_side(const V3EntityRule& side, std::string_view ns, EmptyNets empty, Facts& facts) {
  RuleSide out;
  out.nets = to_nets(side.nets, empty, facts);
  out.not_nets = to_nets(side.not_nets, empty, facts);
  out.selector = Symbol(combined_selector(side, ns, facts));
  out.not_selector = Symbol(side.not_selector);
  out.ports = side.ports;
  out.not_ports = side.not_ports;
  out.service = Symbol(side.service);
  out.service_namespace = Symbol(side.service_namespace);
  out.original_selector = Symbol(side.selector);
  out.original_namespace_selector = Symbol(side.namespace_selector);
  out.original_not_selector = Symbol(side.not_selector);
  for (const auto& name : side.service_account_names) {
    out.original_service_account_names.emplace_back(name);
  }
  out.original_service_account_selector = Symbol(side.service_account_selector);
  return out;
}

std::optional<Protocol> to_v1_protocol(std::optional<Protocol> protocol) {
  if (protocol && !protocol->name.empty()) protocol->name = Symbol(lower(protocol->name.str()));
  return protocol;
}

Rule to_v1_rule(const V3Rule& rule, std::string_view ns, Facts& facts) {
  Rule out;
  out.action = Symbol(rule.action == "Pass" ? "next-tier" : lower(rule.action));
  out.ip_version = rule.ip_version;
  out.protocol = to_v1_protocol(rule.protocol);
  out.not_protocol = to_v1_protocol(rule.not_protocol);
  out.icmp_type = rule.icmp_type;
  out.icmp_code = rule.icmp_code;
  out.not_icmp_type = rule.not_icmp_type;
  out.not_icmp_code = rule.not_icmp_code;
  out.source = to_v1_side(rule.source, ns, EmptyNets::kept, facts);
  out.destination = to_v1_side(rule.destination, ns, EmptyNets::dropped, facts);
  out.http = rule.http;
  out.annotations = rule.annotations;
  return out;
}

// What both kinds of policy have in common.
Policy common_policy(const V3Policy& policy, std::string_view ns, Facts& facts) {
  Policy out;
  out.tier = Symbol(policy.tier.empty() ? "default" : policy.tier);
  out.order = policy.order;
  out.inbound = to_v1_rules(policy.ingress, ns, facts);
  out.outbound = to_v1_rules(policy.egress, ns, facts);
  for (const auto& type : policy.types) out.types.push_back(lower(type));
  out.performance_hints = policy.performance_hints;
  if (!policy.staged_action.empty()) out.staged_action = policy.staged_action;
  return out;
}

}  // namespace

std::vector<Cidr> to_nets(const std::vector<std::string>& texts, EmptyNets empty, Facts& facts) {
  std::vector<Cidr> nets;
  nets.reserve(texts.size());
  for (const auto& text : texts) {
    if (text.empty() && empty == EmptyNets::dropped) continue;
    if (const auto net = parse_net(text)) {
      nets.push_back(*net);
    } else {
      facts.push_back(fmt::format("'{}' is no network and is ignored", text));
    }
  }
  return nets;
}

std::vector<Rule> to_v1_rules(const std::vector<V3Rule>& rules, std::string_view ns, Facts& facts) {
  std::vector<Rule> out;
  out.reserve(rules.size());
  for (const auto& rule : rules) out.push_back(to_v1_rule(rule, ns, facts));
  return out;
}

Policy namespaced_policy_to_v1(const V3Policy& policy, Facts& facts) {
  Policy out = common_policy(policy, policy.meta.ns, facts);
  out.ns = Symbol(policy.meta.ns);
  std::string selector = policy.selector;
  if (!policy.meta.ns.empty()) {
    const std::string own = fmt::format("projectcalico.org/namespace == '{}'", policy.meta.ns);
    selector = selector.empty() ? own : fmt::format("({}) && {}", selector, own);
  }
  out.selector = Symbol(with_prefixed(std::move(selector), policy.service_account_selector,
                                      service_account_prefix, facts));
  return out;
}

Policy global_policy_to_v1(const V3Policy& policy, Facts& facts) {
  Policy out = common_policy(policy, "", facts);
  std::string selector = policy.selector;
  if (!policy.namespace_selector.empty()) {
    selector =
        with_prefixed(std::move(selector), policy.namespace_selector, namespace_prefix, facts);
    selector = replaced(std::move(selector), "all()", "has(projectcalico.org/namespace)");
  }
  if (!policy.service_account_selector.empty()) {
    selector = with_prefixed(std::move(selector), policy.service_account_selector,
                             service_account_prefix, facts);
    selector = replaced(std::move(selector), "all()", "has(projectcalico.org/serviceaccount)");
  }
  out.selector = Symbol(selector);
  out.do_not_track = policy.do_not_track;
  out.pre_dnat = policy.pre_dnat;
  out.apply_on_forward = policy.apply_on_forward;
  return out;
}

}  // namespace felixsim
