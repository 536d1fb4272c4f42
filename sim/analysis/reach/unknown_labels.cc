// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/unknown_labels.h"

namespace felixsim::reach {
namespace {

// The labels of its namespace, as profiles hand them to pods (conversion.NamespaceLabelPrefix).
constexpr std::string_view namespace_prefix = "pcns.";

bool is_known(std::string_view label) {
  if (!label.starts_with(namespace_prefix)) return true;
  label.remove_prefix(namespace_prefix.size());
  return label == "projectcalico.org/name" || label == "kubernetes.io/metadata.name";
}

Verdict evaluate(const SelectorNode& node, const LabelLookup& labels) {
  switch (node.op) {
    case SelectorOp::negation:
      return negated(evaluate(node.operands[0], labels));
    case SelectorOp::conjunction:
    case SelectorOp::disjunction: {
      const Verdict ends = node.op == SelectorOp::conjunction ? Verdict::no : Verdict::yes;
      Verdict out = negated(ends);
      for (const auto& operand : node.operands) {
        const Verdict one = evaluate(operand, labels);
        if (one == ends) return ends;
        if (one == Verdict::unknown) out = Verdict::unknown;
      }
      return out;
    }
    default:
      if (!is_known(node.label.view())) return Verdict::unknown;
      return Selector(node).matches(labels) ? Verdict::yes : Verdict::no;
  }
}

}  // namespace

UnknownLabels::UnknownLabels(const ClusterState& state, const std::set<Symbol>& namespaces)
    : state_(state), namespaces_(namespaces) {
  if (namespaces.empty()) return;
  const auto add = [&](const calc::ParsedRulesPtr& parsed) {
    for (const auto& set : parsed->ip_sets) definitions_.emplace(set.id, set);
  };
  for (const auto& [key, value] : state.sources().policies) {
    if (state.policies().contains(key)) add(calc::parse_policy(key, value));
    auto subject = parse_selector(std::get<Policy>(*value).selector.view());
    if (subject) subjects_.push_back(*subject);
  }
  for (const auto& [name, value] : state.sources().profile_rules)
    if (state.profiles().contains(name)) add(calc::parse_profile(name, value));
}

bool UnknownLabels::concerns(const EndpointName& name) const {
  if (namespaces_.empty()) return false;
  const std::string_view workload = name.workload.view();
  return namespaces_.contains(Symbol(workload.substr(0, workload.find('/'))));
}

Verdict UnknownLabels::matches(const Selector& selector, const EndpointName& name) const {
  const auto& sources = state_.sources();
  const auto found = state_.endpoints().find(name);
  if (found == state_.endpoints().end()) return Verdict::unknown;
  const auto& endpoint = found->second.workload();
  const auto look_up = [&](Symbol label) -> const Symbol* {
    if (endpoint.labels)
      if (const Symbol* own = find_label(*endpoint.labels, label)) return own;
    for (const Symbol profile : endpoint.profile_ids) {
      const auto it = sources.profile_labels.find(profile);
      if (it == sources.profile_labels.end() || !it->second) continue;
      if (const Symbol* inherited = find_label(*it->second, label)) return inherited;
    }
    return nullptr;
  };
  return evaluate(selector.root(), LabelLookup(look_up));
}

bool UnknownLabels::policy_unknown(const EndpointName& name) const {
  return std::any_of(subjects_.begin(), subjects_.end(), [&](const auto& subject) {
    return matches(*subject, name) == Verdict::unknown;
  });
}

const calc::IpSetDefinition* UnknownLabels::definition(Symbol ip_set) const {
  const auto it = definitions_.find(ip_set);
  return it == definitions_.end() ? nullptr : &it->second;
}

}  // namespace felixsim::reach
