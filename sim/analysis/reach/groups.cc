// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/groups.h"

#include <set>

namespace felixsim::reach {
namespace {

const RuleSideMatch& local_side(const RuleMatch& rule, bool ingress) {
  return ingress ? rule.destination : rule.source;
}
const RuleSideMatch& peer_side(const RuleMatch& rule, bool ingress) {
  return ingress ? rule.source : rule.destination;
}

template <class Each>
void for_each_rule(const Program& program, Each each) {
  for (const auto& tier : program.tiers)
    for (const auto* policy : tier.policies)
      for (const auto& rule : *policy) each(rule);
  for (const auto* profile : program.profiles)
    for (const auto& rule : *profile) each(rule);
}

void add_conditions(const RuleSideMatch& side, std::set<size_t>& out) {
  if (side.ports != no_match) out.insert(side.ports);
  for (const auto* sets : {&side.any, &side.all, &side.none})
    for (const auto& set : *sets)
      for (const auto& [condition, members] : set->members) out.insert(condition);
}

// The coarsest cut of the headers that all conditions of the program respect.
std::vector<Bits> header_parts(const Program& program, const HeaderSpace& headers) {
  std::set<size_t> conditions(program.denied_first.begin(), program.denied_first.end());
  for_each_rule(program, [&](const RuleMatch& rule) {
    conditions.insert(rule.header);
    add_conditions(rule.source, conditions);
    add_conditions(rule.destination, conditions);
  });
  Bits all(headers.size());
  all.set();
  std::vector<Bits> parts{all};
  for (const size_t condition : conditions) {
    const Bits& bits = headers.of(condition);
    const size_t count = parts.size();
    for (size_t i = 0; i < count; ++i) {
      Bits inside = parts[i] & bits;
      if (inside.none() || inside == parts[i]) continue;
      parts[i] -= bits;
      parts.push_back(std::move(inside));
    }
  }
  return parts;
}

// Evaluates a program for one part of the headers, of which `header` is one. Follows all that may
// happen: what may be left for the next rule, and what may have been decided. Exactly one decision
// falls in the end, so what may be allowed and cannot be denied is allowed.
class Evaluation {
 public:
  // `tell` gets each decision with its peers; null: nobody asks.
  using Tell = std::function<void(const Decided&, const Bits&)>;
  Evaluation(const Program& program, size_t local, const HeaderSpace& headers, size_t header,
             size_t elements, const Tell* tell = nullptr)
      : program_(program),
        local_(local),
        headers_(headers),
        header_(header),
        tell_(tell),
        left_(elements),
        allowed_(elements),
        denied_(elements) {
    left_.set();
  }

  Tri run() {
    if (program_.down) return end(DecidedBy::down, 0);
    for (const size_t condition : program_.denied_first)
      if (holds(condition)) return end(DecidedBy::encapsulation, 0);
    for (size_t t = 0; t < program_.tiers.size(); ++t) ask(t);
    // A profile's pass only skips the rest of this profile.
    for (size_t p = 0; p < program_.profiles.size(); ++p) {
      Bits passed(left_.size());
      for (const auto& rule : *program_.profiles[p])
        apply(rule, {DecidedBy::rule, program_.tiers.size(), p, &rule}, passed);
      left_ |= passed;
    }
    return end(DecidedBy::no_profile, program_.tiers.size());
  }

 private:
  void ask(size_t number) {
    const ProgramTier& tier = program_.tiers[number];
    Bits passed(left_.size());
    for (size_t p = 0; p < tier.policies.size(); ++p)
      for (const auto& rule : *tier.policies[p])
        apply(rule, {DecidedBy::rule, number, p, &rule}, passed);
    if (tier.denies_rest) {
      if (tell_ && left_.any()) (*tell_)({DecidedBy::end_of_tier, number, 0, nullptr}, left_);
      denied_ |= left_;
    } else {
      passed |= left_;
    }
    left_ = std::move(passed);
  }

  // What is left is denied.
  Tri end(DecidedBy by, size_t tier) {
    if (tell_ && left_.any()) (*tell_)({by, tier, 0, nullptr}, left_);
    denied_ |= left_;
    Bits surely = allowed_;
    surely -= denied_;
    return {std::move(surely), std::move(allowed_)};
  }

  bool holds(size_t condition) const { return headers_.of(condition).test(header_); }

  static Verdict both(Verdict a, Verdict b) {
    if (a == Verdict::no || b == Verdict::no) return Verdict::no;
    return a == Verdict::yes && b == Verdict::yes ? Verdict::yes : Verdict::unknown;
  }
  static Verdict negated(Verdict a) {
    return a == Verdict::yes ? Verdict::no : a == Verdict::no ? Verdict::yes : Verdict::unknown;
  }
  static Verdict either(Verdict a, Verdict b) { return negated(both(negated(a), negated(b))); }

  Verdict in_port_set(const PortSet& set) const {
    Verdict verdict = Verdict::no;
    for (const auto& [condition, members] : set.members)
      if (holds(condition)) verdict = either(verdict, verdict_of(members, local_));
    return verdict;
  }

  // Whether the rule's condition on the endpoint's own side holds.
  Verdict local(const RuleSideMatch& side) const {
    Verdict verdict = side.addresses ? verdict_of(*side.addresses, local_) : Verdict::yes;
    if (!side.any.empty()) {
      Verdict any = side.ports != no_match && holds(side.ports) ? Verdict::yes : Verdict::no;
      for (const auto& set : side.any) any = either(any, in_port_set(*set));
      verdict = both(verdict, any);
    }
    for (const auto& set : side.all) verdict = both(verdict, in_port_set(*set));
    for (const auto& set : side.none) verdict = both(verdict, negated(in_port_set(*set)));
    return verdict;
  }

  void add_members(const PortSet& set, Tri& out) const {
    for (const auto& [condition, members] : set.members)
      if (holds(condition)) out |= members;
  }

  // The peers for which the rule matches, in scratch_; null: all that are left.
  const Tri* peers(const RuleSideMatch& side) {
    const bool named = !side.any.empty() || !side.all.empty() || !side.none.empty();
    if (!named) return side.addresses.get();
    scratch_ = side.addresses ? *side.addresses : Tri::all(left_.size());
    if (!side.any.empty() && !(side.ports != no_match && holds(side.ports))) {
      Tri members = Tri::none(left_.size());
      for (const auto& set : side.any) add_members(*set, members);
      scratch_ &= members;
    }
    for (const auto& set : side.all) {
      Tri members = Tri::none(left_.size());
      add_members(*set, members);
      scratch_ &= members;
    }
    for (const auto& set : side.none) {
      Tri members = Tri::none(left_.size());
      add_members(*set, members);
      scratch_ -= members;
    }
    return &scratch_;
  }

  void apply(const RuleMatch& rule, const Decided& decided, Bits& passed) {
    if (!holds(rule.header) || left_.none()) return;
    const Verdict here = local(local_side(rule, program_.ingress));
    if (here == Verdict::no) return;
    const Tri* matched = peers(peer_side(rule, program_.ingress));
    Bits hit = left_;
    if (matched) hit &= matched->may;
    if (tell_ && hit.any()) (*tell_)(decided, hit);
    (rule.action == RuleAction::allow  ? allowed_
     : rule.action == RuleAction::deny ? denied_
                                       : passed) |= hit;
    if (here == Verdict::unknown) return;
    if (matched)
      left_ -= matched->yes;
    else
      left_.reset();
  }

  const Program& program_;
  size_t local_;
  const HeaderSpace& headers_;
  size_t header_;
  const Tell* tell_;
  Bits left_, allowed_, denied_;
  Tri scratch_;
};

}  // namespace

bool says_local(const RuleMatch& rule, bool ingress) {
  return !local_side(rule, ingress).says_nothing();
}

std::vector<uint8_t> local_answers(const Program& program, size_t local) {
  std::vector<uint8_t> answers;
  if (!program.asks_local) return answers;
  for_each_rule(program, [&](const RuleMatch& rule) {
    const RuleSideMatch& side = local_side(rule, program.ingress);
    if (side.addresses) answers.push_back(static_cast<uint8_t>(verdict_of(*side.addresses, local)));
    for (const auto* sets : {&side.any, &side.all, &side.none})
      for (const auto& set : *sets)
        for (const auto& [condition, members] : set->members)
          answers.push_back(static_cast<uint8_t>(verdict_of(members, local)));
  });
  return answers;
}

Allowed evaluate(const Program& program, size_t local, const HeaderSpace& headers,
                 size_t elements) {
  Allowed allowed;
  if (program.down) return allowed;
  for (auto& part : header_parts(program, headers)) {
    Tri peers = Evaluation(program, local, headers, part.find_first(), elements).run();
    if (peers.may.none()) continue;
    bool merged = false;
    for (auto& other : allowed)
      if (!merged && other.peers == peers) {
        other.headers |= part;
        merged = true;
      }
    if (!merged) allowed.push_back({std::move(part), std::move(peers)});
  }
  return allowed;
}

void observe(const Program& program, size_t local, const HeaderSpace& headers, size_t elements,
             const Observer& observer) {
  for (const auto& part : header_parts(program, headers)) {
    const Evaluation::Tell tell = [&](const Decided& decided, const Bits& peers) {
      observer(part, decided, peers);
    };
    Evaluation(program, local, headers, part.find_first(), elements, &tell).run();
  }
}

}  // namespace felixsim::reach
