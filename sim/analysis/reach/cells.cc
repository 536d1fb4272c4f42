// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/cells.h"

namespace felixsim::reach {
namespace {

bool holds(const HeaderSpace& headers, size_t condition, size_t header) {
  return headers.of(condition).test(header);
}

Verdict in_port_set(const PortSet& set, size_t element, const HeaderSpace& headers, size_t header) {
  Verdict verdict = Verdict::no;
  for (const auto& [condition, members] : set.members)
    if (holds(headers, condition, header)) verdict = either(verdict, verdict_of(members, element));
  return verdict;
}

void add_conditions(const Program& program, Bits& conditions) {
  for (const size_t condition : program.denied_first) conditions.set(condition);
  for_each_policy(program, [&](const RuleMatches& matches) {
    for (const size_t condition : matches.conditions) conditions.set(condition);
    if (!matches.says_ports) return;
    for (const auto& rule : matches)
      for (const auto* side : {&rule.source, &rule.destination})
        for (const auto* sets : {&side->any, &side->all, &side->none})
          for (const auto& set : *sets)
            for (const auto& [condition, members] : set->members) conditions.set(condition);
  });
}

std::vector<Bits> cut(const Bits& conditions, const HeaderSpace& headers) {
  Bits all(headers.size());
  all.set();
  std::vector<Bits> parts{all};
  for (size_t condition = conditions.find_first(); condition != Bits::npos;
       condition = conditions.find_next(condition)) {
    const Bits& bits = headers.of(condition);
    const size_t count = parts.size();
    for (size_t i = 0; i < count; ++i) {
      if (!parts[i].intersects(bits)) continue;
      Bits outside = parts[i] - bits;
      if (outside.none()) continue;
      parts[i] &= bits;
      parts.push_back(std::move(outside));
    }
  }
  return parts;
}

// Whether a rule's header and its condition on the endpoint's own side hold.
Verdict holds_here(const RuleMatch& rule, const Program& program, size_t local,
                   const HeaderSpace& headers, size_t header) {
  if (!holds(headers, rule.header, header)) return Verdict::no;
  const RuleSideMatch& here = local_side(rule, program.ingress);
  const Verdict verdict = ports_hold(here, local, headers, header);
  return here.addresses ? both(verdict, verdict_of(here.addresses->members, local)) : verdict;
}

void append_rules(const RuleMatches& matches, const Program& program, size_t local,
                  const HeaderSpace& headers, Decided decided, bool of_profile, Cell& cell) {
  for (const auto& rule : matches) {
    const Verdict verdict = holds_here(rule, program, local, headers, cell.header);
    Step step;
    step.does = rule.action == RuleAction::allow  ? Step::Does::allow
                : rule.action == RuleAction::deny ? Step::Does::deny
                                                  : Step::Does::pass;
    step.decided = decided;
    step.decided.rule = &rule;
    if (of_profile && step.does == Step::Does::pass)
      step.if_marked = verdict == Verdict::no ? Step::IfMarked::only : Step::IfMarked::also;
    else if (verdict == Verdict::no)
      continue;
    if (verdict != Verdict::no) {
      const RuleSideMatch& peer = peer_side(rule, program.ingress);
      step.surely = verdict == Verdict::yes;
      step.addresses = peer.addresses.get();
      step.says_ports = peer.says_ports();
      cell.says_ports = cell.says_ports || step.says_ports;
    }
    cell.steps.push_back(step);
  }
}

void append_tier(const ProgramTier& tier, uint32_t number, const Program& program, size_t local,
                 const HeaderSpace& headers, Cell& cell) {
  for (uint32_t p = 0; p < tier.policies.size(); ++p)
    append_rules(*tier.policies[p], program, local, headers, {DecidedBy::rule, number, p, nullptr},
                 false, cell);
  Step end;
  end.denies_rest = tier.denies_rest;
  end.decided = {DecidedBy::end_of_tier, number, 0, nullptr};
  cell.steps.push_back(end);
}

Step step_of(Step::Does does, bool surely, const ElementSet* addresses, DecidedBy by) {
  Step step;
  step.does = does;
  step.surely = surely;
  step.addresses = addresses;
  step.decided.by = by;
  return step;
}

// Its end passes what no tier decided (felix/rules/endpoints.go, chains for forwarded traffic).
void append_section(const HostSection& section, const Program& program, size_t local,
                    const HeaderSpace& headers, uint32_t& tier, Cell& cell) {
  using enum Step::Does;
  auto& steps = cell.steps;
  if (!steps.empty()) steps.push_back(step_of(next, true, nullptr, DecidedBy::nobody));
  if (section.never) steps.push_back(step_of(allow, true, section.never.get(), DecidedBy::nobody));
  if (!section.surely) steps.push_back(step_of(allow, false, nullptr, DecidedBy::nobody));
  if (section.untold) steps.push_back(step_of(deny, false, nullptr, DecidedBy::host_endpoint));
  for (const auto& one : section.tiers) append_tier(*one, tier++, program, local, headers, cell);
  steps.push_back(step_of(allow, true, nullptr, DecidedBy::nobody));
}

void append_steps(const Program& program, size_t local, const HeaderSpace& headers, Cell& cell) {
  if (program.policy)
    return append_rules(*program.policy, program, local, headers, {}, false, cell);
  const auto end = [&](DecidedBy by, uint32_t tier, bool denies_rest) {
    Step step;
    step.denies_rest = denies_rest;
    step.decided = {by, tier, 0, nullptr};
    cell.steps.push_back(step);
  };
  if (program.down) return end(DecidedBy::down, 0, true);
  for (const size_t condition : program.denied_first)
    if (holds(headers, condition, cell.header)) return end(DecidedBy::encapsulation, 0, true);
  const auto tiers = static_cast<uint32_t>(program.tiers.size());
  for (uint32_t t = 0; t < tiers; ++t)
    append_tier(*program.tiers[t], t, program, local, headers, cell);
  // A profile's pass only skips the rest of this profile.
  for (uint32_t p = 0; p < program.profiles.size(); ++p) {
    append_rules(*program.profiles[p], program, local, headers,
                 {DecidedBy::rule, tiers, p, nullptr}, true, cell);
    end(DecidedBy::no_profile, tiers, false);
    cell.steps.back().keeps_marks = true;
  }
  if (program.asks_profiles) end(DecidedBy::no_profile, tiers, true);
  uint32_t tier = tiers + 1;
  for (const auto& section : program.host_sections)
    append_section(section, program, local, headers, tier, cell);
}

}  // namespace

const ProgramTier* tier_at(const Program& program, size_t tier) {
  if (tier < program.tiers.size()) return program.tiers[tier].get();
  if (tier == program.tiers.size()) return nullptr;
  tier -= program.tiers.size() + 1;
  for (const auto& section : program.host_sections) {
    if (tier < section.tiers.size()) return section.tiers[tier].get();
    tier -= section.tiers.size();
  }
  return nullptr;
}

Verdict ports_hold(const RuleSideMatch& side, size_t element, const HeaderSpace& headers,
                   size_t header) {
  Verdict verdict = Verdict::yes;
  if (!side.any.empty()) {
    const bool numeric = side.ports != no_match && holds(headers, side.ports, header);
    Verdict any = numeric ? Verdict::yes : Verdict::no;
    for (const auto& set : side.any) any = either(any, in_port_set(*set, element, headers, header));
    verdict = any;
  }
  for (const auto& set : side.all)
    verdict = both(verdict, in_port_set(*set, element, headers, header));
  for (const auto& set : side.none)
    verdict = both(verdict, negated(in_port_set(*set, element, headers, header)));
  return verdict;
}

std::vector<uint8_t> local_answers(const Program& program, size_t local) {
  std::vector<uint8_t> answers;
  if (!program.asks_local) return answers;
  for_each_policy(program, [&](const RuleMatches& matches) {
    for (const auto& rule : matches) {
      const RuleSideMatch& side = local_side(rule, program.ingress);
      if (side.addresses)
        answers.push_back(static_cast<uint8_t>(verdict_of(side.addresses->members, local)));
      for (const auto* sets : {&side.any, &side.all, &side.none})
        for (const auto& set : *sets)
          for (const auto& [condition, members] : set->members)
            answers.push_back(static_cast<uint8_t>(verdict_of(members, local)));
    }
  });
  return answers;
}

const std::vector<Bits>& HeaderCuts::of(const Program& program) {
  if (conditions_.size() != headers_.conditions().size()) known_.clear();
  conditions_.resize(headers_.conditions().size());
  conditions_.reset();
  add_conditions(program, conditions_);
  const auto it = known_.find(conditions_.words());
  if (it != known_.end()) return it->second;
  return known_[conditions_.words()] = cut(conditions_, headers_);
}

std::vector<Cell> cells_of(const Program& program, size_t local, const HeaderSpace& headers,
                           HeaderCuts& cuts) {
  std::vector<Cell> cells;
  for (const Bits& part : cuts.of(program)) {
    cells.push_back({part, part.find_first(), {}, false});
    append_steps(program, local, headers, cells.back());
  }
  return cells;
}

}  // namespace felixsim::reach
