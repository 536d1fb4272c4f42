// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/rules.h"

#include "model/rules/match_blocks.h"

namespace felixsim::reach {
namespace {

// Nets of another IP version only, or a negated net that is everything: Felix leaves the rule out.
bool can_match(const std::vector<Cidr>& nets, IpFamily family, bool negated) {
  if (nets.empty()) return true;
  bool any = false;
  for (const Cidr& net : nets) {
    if (net.address.family != family) continue;
    if (negated && net.length == 0) return false;
    any = true;
  }
  return any;
}

HeaderMatch header_of(const msg::Rule& rule) {
  HeaderMatch match;
  if (rule.protocol) match.protocol = protocol_number(*rule.protocol);
  if (rule.not_protocol) match.not_protocol = protocol_number(*rule.not_protocol);
  // Beside named ports the numeric ones are one of two ways to match.
  if (rule.source.named_port_ip_set_ids.empty()) match.source_ports = rule.source.ports;
  if (rule.destination.named_port_ip_set_ids.empty())
    match.destination_ports = rule.destination.ports;
  match.not_source_ports = rule.source.not_ports;
  match.not_destination_ports = rule.destination.not_ports;
  match.icmp = rule.icmp;
  match.not_icmp = rule.not_icmp;
  return match;
}

std::optional<RuleAction> action_of(const std::string& action) {
  if (action == "deny") return RuleAction::deny;
  if (action == "pass" || action == "next-tier") return RuleAction::pass;
  if (action == "log") return std::nullopt;
  return RuleAction::allow;
}

ElementSetPtr addresses_of(const msg::RuleMatchSide& side, bool nets_asked, ElementSets& sets) {
  if (nets_asked) return sets.addresses_of(side);
  msg::RuleMatchSide rest = side;
  rest.net.clear();
  return sets.addresses_of(rest);
}

bool compile_side(const msg::RuleMatchSide& side, bool source, bool nets_asked, ElementSets& sets,
                  HeaderSpace& headers, RuleSideMatch& out) {
  if (!can_match(side.net, headers.family(), false) ||
      !can_match(side.not_net, headers.family(), true))
    return false;
  out.addresses = addresses_of(side, nets_asked, sets);
  for (const Symbol id : side.named_port_ip_set_ids) out.any.push_back(sets.ports(id, source));
  for (const Symbol id : side.not_named_port_ip_set_ids) out.none.push_back(sets.ports(id, source));
  if (!out.any.empty() && !side.ports.empty()) {
    HeaderMatch numeric;
    (source ? numeric.source_ports : numeric.destination_ports) = side.ports;
    out.ports = headers.add(numeric);
  }
  return true;
}

}  // namespace

const RuleSideMatch& local_side(const RuleMatch& rule, bool ingress) {
  return ingress ? rule.destination : rule.source;
}
const RuleSideMatch& peer_side(const RuleMatch& rule, bool ingress) {
  return ingress ? rule.source : rule.destination;
}

std::vector<Cidr> nets_of(const std::vector<msg::Rule>& rules, IpFamily family) {
  std::vector<Cidr> out;
  for (const auto& rule : rules)
    for (const auto* side : {&rule.source, &rule.destination})
      for (const auto* nets : {&side->net, &side->not_net})
        for (const Cidr& net : *nets)
          if (net.address.family == family) out.push_back(net);
  return out;
}

RuleMatches compile_rules(const std::vector<msg::Rule>& rules, bool ingress, ElementSets& sets,
                          HeaderSpace& headers) {
  RuleMatches out;
  out.ingress = ingress;
  const int version = headers.family() == IpFamily::v4 ? 4 : 6;
  for (size_t i = 0; i < rules.size(); ++i) {
    const msg::Rule& rule = rules[i];
    const auto action = action_of(rule.action);
    if (!action || (rule.ip_version != 0 && rule.ip_version != version)) continue;
    RuleMatch match;
    match.index = i;
    match.action = *action;
    const auto asked = rules::asked_nets(rule, headers.family());
    if (!compile_side(rule.source, true, asked.source, sets, headers, match.source) ||
        !compile_side(rule.destination, false, asked.destination, sets, headers, match.destination))
      continue;
    for (const Symbol id : rule.destination_ip_port_set_ids)
      match.destination.all.push_back(sets.ports(id, false));
    match.header = headers.add(header_of(rule));
    out.passes = out.passes || match.action == RuleAction::pass;
    out.conditions.push_back(match.header);
    for (const auto* side : {&match.source, &match.destination}) {
      if (side->ports != no_match) out.conditions.push_back(side->ports);
      out.says_ports = out.says_ports || side->says_ports();
    }
    out.asks_local = out.asks_local || !local_side(match, ingress).says_nothing();
    out.rules.push_back(std::move(match));
  }
  std::sort(out.conditions.begin(), out.conditions.end());
  out.conditions.erase(std::unique(out.conditions.begin(), out.conditions.end()),
                       out.conditions.end());
  return out;
}

std::vector<const void*> sets_of(const RuleMatches& rules) {
  std::vector<const void*> out;
  for (const auto& rule : rules)
    for (const auto* side : {&rule.source, &rule.destination}) {
      if (side->addresses) out.push_back(side->addresses.get());
      for (const auto* sets : {&side->any, &side->all, &side->none})
        for (const auto& set : *sets) out.push_back(set.get());
    }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

bool ports_touched(const RuleMatches& rules, size_t update) {
  for (const auto& rule : rules)
    for (const auto* side : {&rule.source, &rule.destination})
      for (const auto* sets : {&side->any, &side->all, &side->none})
        for (const auto& set : *sets)
          if (set->touched == update) return true;
  return false;
}

}  // namespace felixsim::reach
