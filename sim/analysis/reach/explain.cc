// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/explain.h"

#include <fmt/format.h>

#include <set>

#include "sim/analysis/reach/evaluation.h"

namespace felixsim::reach {
namespace {

// A rule by where it stands in the compiled ones.
using RulePtr = const RuleMatch*;

// What the dead-rule search keeps of each rule.
struct RuleFate {
  bool asked = false, decides = false, matches = false;
  std::set<std::string> before;
};

class DeadRuleSearch {
 public:
  explicit DeadRuleSearch(std::map<DecisionPlace, RuleFate>& fates) : fates_(fates) {}

  void add(const FamilyMatrix& family) {
    for (size_t g = 0; g < family.programs.size(); ++g) look(family, g);
  }
  // Who decides what dead rules match.
  void add_reasons(const FamilyMatrix& family) {
    for (size_t g = 0; g < family.programs.size(); ++g) find_reasons(family, g);
  }

 private:
  static DecisionPlace identity(const Program& program, const Decided& decided) {
    DecisionPlace place = place_of(program, decided);
    place.tier = Symbol();
    return place;
  }

  template <class Each>
  static void for_each_rule(const Program& program, Each each) {
    const auto tiers = static_cast<uint32_t>(program.tiers.size());
    for (uint32_t t = 0; t < tiers; ++t)
      for (uint32_t p = 0; p < program.tiers[t]->policies.size(); ++p)
        for (const auto& rule : *program.tiers[t]->policies[p])
          each(rule, Decided{DecidedBy::rule, t, p, &rule});
    for (uint32_t t = tiers + 1; const auto* tier = tier_at(program, t); ++t)
      for (uint32_t p = 0; p < tier->policies.size(); ++p)
        for (const auto& rule : *tier->policies[p])
          each(rule, Decided{DecidedBy::rule, t, p, &rule});
    for (uint32_t p = 0; p < program.profiles.size(); ++p)
      for (const auto& rule : *program.profiles[p])
        each(rule, Decided{DecidedBy::rule, tiers, p, &rule});
  }

  // Whether there is anything that the rule matches at the endpoints like `local`, whatever is
  // decided before.
  static bool may_match(const RuleMatch& rule, bool ingress, size_t local,
                        const FamilyMatrix& family) {
    const auto& here = local_side(rule, ingress);
    const auto& peer = peer_side(rule, ingress);
    if (here.addresses && verdict_of(here.addresses->members, local) == Verdict::no) return false;
    if (peer.addresses && peer.addresses->members.may.none()) return false;
    const bool nobody_has_the_ports =
        !peer.any.empty() && peer.ports == no_match &&
        std::all_of(peer.any.begin(), peer.any.end(),
                    [](const auto& set) { return set->members.empty(); });
    if (nobody_has_the_ports) return false;
    const Bits& headers = family.headers.of(rule.header);
    if (!here.says_ports()) return headers.any();
    for (size_t h = headers.find_first(); h != Bits::npos; h = headers.find_next(h))
      if (ports_hold(here, local, family.headers, h) != Verdict::no) return true;
    return false;
  }

  void look(const FamilyMatrix& family, size_t g) {
    const Program& program = family.programs[g];
    for_each_rule(program, [&](const RuleMatch& rule, const Decided& decided) {
      RuleFate& fate = fates_[identity(program, decided)];
      fate.asked = true;
      fate.matches =
          fate.matches || may_match(rule, program.ingress, family.representatives[g], family);
    });
    observe(program, family.representatives[g], family.headers, family.addresses.live(),
            [&](const Bits&, const Decided& decided, const Bits& peers) {
              if (decided.by == DecidedBy::rule && peers.any())
                fates_[identity(program, decided)].decides = true;
            });
  }

  void find_reasons(const FamilyMatrix& family, size_t g) {
    const Program& program = family.programs[g];
    std::vector<std::pair<const RuleMatch*, RuleFate*>> dead;
    for_each_rule(program, [&](const RuleMatch& rule, const Decided& decided) {
      RuleFate& fate = fates_[identity(program, decided)];
      if (!fate.decides && fate.matches) dead.emplace_back(&rule, &fate);
    });
    if (dead.empty()) return;
    observe(program, family.representatives[g], family.headers, family.addresses.live(),
            [&](const Bits& headers, const Decided& decided, const Bits& peers) {
              for (const auto& [rule, fate] : dead) {
                const auto& matched = peer_side(*rule, program.ingress).addresses;
                if (!headers.intersects(family.headers.of(rule->header))) continue;
                if (matched ? !peers.intersects(matched->members.may) : peers.none()) continue;
                fate->before.insert(place_text(place_of(program, decided)));
              }
            });
  }

  std::map<DecisionPlace, RuleFate>& fates_;
};

// Profiles that stand for namespaces and service accounts (libcalico-go/lib/backend/k8s/conversion,
// NamespaceProfileNamePrefix, ServiceAccountProfileNamePrefix): nobody wrote their rules, nor can
// take them away.
bool is_of_kubernetes(Symbol profile) {
  return profile.view().starts_with("kns.") || profile.view().starts_with("ksa.");
}

}  // namespace

std::string_view action_text(RuleAction action) {
  switch (action) {
    case RuleAction::allow:
      return "allow";
    case RuleAction::deny:
      return "deny";
    case RuleAction::pass:
      return "pass";
  }
  return "";
}

DecisionPlace place_of(const Program& program, const Decided& decided) {
  DecisionPlace place;
  place.by = decided.by;
  place.ingress = program.ingress;
  if (decided.rule) {
    place.action = decided.rule->action;
    place.index = decided.rule->index;
  }
  if (const ProgramTier* tier = tier_at(program, decided.tier)) {
    place.tier = tier->name;
    if (!tier->policies.empty()) place.ingress = tier->policies[0]->ingress;
    if (decided.by == DecidedBy::rule) place.policy = tier->names[decided.policy];
  } else if (decided.by == DecidedBy::rule) {
    place.profile = program.profile_names[decided.policy];
  }
  return place;
}

std::string policy_text(const PolicyKey& policy) {
  return fmt::format("{} {}{}{}", policy.kind.str(), policy.ns.str(), policy.ns.empty() ? "" : "/",
                     policy.name.str());
}

std::string place_text(const DecisionPlace& place) {
  const std::string_view direction = place.ingress ? "ingress" : "egress";
  switch (place.by) {
    case DecidedBy::rule:
      return fmt::format(
          "{} by {}, {} rule {}", action_text(place.action),
          place.profile.empty() ? policy_text(place.policy) : "profile " + place.profile.str(),
          direction, place.index);
    case DecidedBy::end_of_tier:
      return fmt::format("deny at the end of tier {} ({})", place.tier.str(), direction);
    case DecidedBy::no_profile:
      return fmt::format("deny: no profile allows it ({})", direction);
    case DecidedBy::encapsulation:
      return "deny: workloads may not send encapsulated packets (egress)";
    case DecidedBy::host_endpoint:
      return "perhaps denied by a host endpoint, before DNAT or untracked";
    case DecidedBy::nobody:
      return "";
    case DecidedBy::down:
      return fmt::format("deny: the endpoint is not active ({})", direction);
  }
  return "";
}

std::vector<ExplainedPart> explain_pair(const FamilyMatrix& family, size_t source,
                                        size_t destination, bool ingress) {
  std::vector<ExplainedPart> out;
  const int group = ingress ? family.ingress[destination] : family.egress[source];
  if (group < 0) return out;
  const size_t peer = ingress ? source : destination;
  const Program& program = family.programs[static_cast<size_t>(group)];
  observe(program, family.representatives[static_cast<size_t>(group)], family.headers,
          family.addresses.live(),
          [&](const Bits& headers, const Decided& decided, const Bits& peers) {
            if (!peers.test(peer)) return;
            if (decided.rule && decided.rule->action == RuleAction::pass) return;
            const DecisionPlace place = place_of(program, decided);
            for (auto& part : out)
              if (part.place == place) {
                part.headers |= headers;
                return;
              }
            out.push_back({place, headers});
          });
  return out;
}

std::vector<DeadRule> dead_rules(const ClusterState& state, const Matrix& matrix) {
  std::map<DecisionPlace, RuleFate> fates;
  DeadRuleSearch search(fates);
  for (const auto* family : families_of(matrix)) search.add(*family);
  for (const auto* family : families_of(matrix)) search.add_reasons(*family);
  std::vector<DeadRule> out;
  for (const auto& [key, value] : state.sources().policies)
    if (!state.policies().contains(key))
      out.push_back({key, {}, true, 0, DeadRule::Why::selects_nothing, {}});
  for (const auto& [place, fate] : fates) {
    if (fate.decides || is_of_kubernetes(place.profile)) continue;
    out.push_back({place.policy,
                   place.profile,
                   place.ingress,
                   place.index,
                   fate.matches ? DeadRule::Why::decided_before : DeadRule::Why::matches_nothing,
                   {fate.before.begin(), fate.before.end()}});
  }
  return out;
}

}  // namespace felixsim::reach
