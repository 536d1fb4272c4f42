// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/rules.h"

#include <algorithm>

namespace felixsim::reach {
namespace {

bool has_nets(const msg::RuleMatchSide& side) { return !side.net.empty() || !side.not_net.empty(); }

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

}  // namespace

void RuleCompiler::add_nets_of(const std::vector<msg::Rule>& rules) {
  for (const auto& rule : rules)
    for (const auto* side : {&rule.source, &rule.destination})
      for (const auto* nets : {&side->net, &side->not_net})
        for (const Cidr& net : *nets)
          if (net.address.family == addresses_.family()) addresses_.add_net(net);
}

void RuleCompiler::add_nets() {
  for (const auto& [key, policy] : state_.policies()) {
    add_nets_of(policy->inbound);
    add_nets_of(policy->outbound);
  }
  for (const auto& [name, profile] : state_.profiles()) {
    add_nets_of(profile->inbound);
    add_nets_of(profile->outbound);
  }
  for (const auto& [id, set] : state_.ip_sets())
    for (const auto& member : set.members)
      if (member.cidr.address.family == addresses_.family()) addresses_.add_net(member.cidr);
}

// Elements of endpoints of which the input does not tell whether the selector matches.
template <class Each>
void RuleCompiler::for_each_untold(const Selector& selector, Each each) const {
  for (size_t i = 0; i < addresses_.endpoints(); ++i) {
    const auto& name = names_[static_cast<size_t>(addresses_.elements()[i].endpoint)];
    if (unknown_.concerns(name) && unknown_.matches(selector, name) == Verdict::unknown)
      each(i, name);
  }
}

void RuleCompiler::add_untold(Symbol id, Tri& set) const {
  const auto* definition = unknown_.definition(id);
  if (!definition || !definition->selector) return;
  for_each_untold(*definition->selector, [&](size_t element, const EndpointName&) {
    set.yes.reset(element);
    set.may.set(element);
  });
}

void RuleCompiler::add_untold_ports(Symbol id, bool source, PortSet& set) {
  const auto* definition = unknown_.definition(id);
  if (!definition || !definition->selector) return;
  for_each_untold(*definition->selector, [&](size_t element, const EndpointName& name) {
    const auto& value = state_.sources().endpoints.at(name);
    for (const auto& port : std::get<WorkloadEndpoint>(*value).ports) {
      if (port.name != definition->port_name) continue;
      HeaderMatch match;
      match.protocol = protocol_number(port.protocol);
      (source ? match.source_ports : match.destination_ports) = {{port.port, port.port}};
      auto [entry, fresh] = set.members.try_emplace(headers_.add(match));
      if (fresh) entry->second = Tri::none(addresses_.size());
      entry->second.yes.reset(element);
      entry->second.may.set(element);
    }
  });
}

TriPtr RuleCompiler::ip_set(Symbol id) {
  TriPtr& known = ip_sets_[id];
  if (known) return known;
  auto set = std::make_shared<Tri>(Tri::none(addresses_.size()));
  const auto it = state_.ip_sets().find(id);
  if (it != state_.ip_sets().end())
    for (const auto& member : it->second.members)
      if (member.cidr.address.family == addresses_.family()) addresses_.mark(member.cidr, *set);
  add_untold(id, *set);
  return known = std::move(set);
}

PortSetPtr RuleCompiler::port_set(Symbol id, bool source) {
  PortSetPtr& known = port_sets_[{id, source}];
  if (known) return known;
  auto set = std::make_shared<PortSet>();
  const auto it = state_.ip_sets().find(id);
  if (it != state_.ip_sets().end())
    for (const auto& member : it->second.members) {
      if (member.cidr.address.family != addresses_.family()) continue;
      HeaderMatch match;
      match.protocol = member.protocol;
      (source ? match.source_ports : match.destination_ports) = {{member.port, member.port}};
      auto [entry, fresh] = set->members.try_emplace(headers_.add(match));
      if (fresh) entry->second = Tri::none(addresses_.size());
      addresses_.mark(member.cidr, entry->second);
    }
  add_untold_ports(id, source, *set);
  return known = std::move(set);
}

TriPtr RuleCompiler::addresses_of(const msg::RuleMatchSide& side) {
  if (!has_nets(side) && side.not_ip_set_ids.empty()) {
    if (side.ip_set_ids.empty()) return nullptr;
    if (side.ip_set_ids.size() == 1) return ip_set(side.ip_set_ids[0]);
  }
  auto out = std::make_shared<Tri>(Tri::all(addresses_.size()));
  const auto marked = [&](const std::vector<Cidr>& nets) {
    Tri set = Tri::none(addresses_.size());
    for (const Cidr& net : nets)
      if (net.address.family == addresses_.family()) addresses_.mark(net, set);
    return set;
  };
  if (!side.net.empty()) *out &= marked(side.net);
  for (const Symbol id : side.ip_set_ids) *out &= *ip_set(id);
  if (!side.not_net.empty()) *out -= marked(side.not_net);
  for (const Symbol id : side.not_ip_set_ids) *out -= *ip_set(id);
  return out;
}

bool RuleCompiler::compile_side(const msg::RuleMatchSide& side, bool source, RuleSideMatch& out) {
  if (!can_match(side.net, addresses_.family(), false) ||
      !can_match(side.not_net, addresses_.family(), true))
    return false;
  out.addresses = addresses_of(side);
  for (const Symbol id : side.named_port_ip_set_ids) out.any.push_back(port_set(id, source));
  for (const Symbol id : side.not_named_port_ip_set_ids) out.none.push_back(port_set(id, source));
  if (!out.any.empty() && !side.ports.empty()) {
    HeaderMatch numeric;
    (source ? numeric.source_ports : numeric.destination_ports) = side.ports;
    out.ports = headers_.add(numeric);
  }
  return true;
}

RuleMatches RuleCompiler::compile(const std::vector<msg::Rule>& rules) {
  RuleMatches out;
  const int version = addresses_.family() == IpFamily::v4 ? 4 : 6;
  for (size_t i = 0; i < rules.size(); ++i) {
    const msg::Rule& rule = rules[i];
    const auto action = action_of(rule.action);
    if (!action || (rule.ip_version != 0 && rule.ip_version != version)) continue;
    RuleMatch match;
    match.index = i;
    match.action = *action;
    if (!compile_side(rule.source, true, match.source) ||
        !compile_side(rule.destination, false, match.destination))
      continue;
    for (const Symbol id : rule.destination_ip_port_set_ids)
      match.destination.all.push_back(port_set(id, false));
    match.header = headers_.add(header_of(rule));
    out.push_back(std::move(match));
  }
  return out;
}

}  // namespace felixsim::reach
