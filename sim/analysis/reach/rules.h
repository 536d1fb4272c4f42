// SPDX-License-Identifier: Apache-2.0
// Rules of policies and profiles as conditions on elements of the address space and classes of
// headers. What a rule matches is what Felix renders of it (felix/rules/policy.go,
// CalculateRuleMatch; model/rules/match_blocks.cc).
#pragma once

#include <limits>
#include <memory>
#include <vector>

#include "sim/analysis/reach/element_sets.h"

namespace felixsim::reach {

inline constexpr size_t no_match = std::numeric_limits<size_t>::max();

struct RuleSideMatch {
  ElementSetPtr addresses;      // null: any
  size_t ports = no_match;      // numeric ports; only where there are named ones beside them
  std::vector<PortSetPtr> any;  // named ports, one of which (or `ports`) must hold; empty: any
  std::vector<PortSetPtr> all;  // services: each must hold
  std::vector<PortSetPtr> none;
  bool says_ports() const { return !any.empty() || !all.empty() || !none.empty(); }
  bool says_nothing() const { return !addresses && !says_ports(); }
};

enum class RuleAction : uint8_t { allow, deny, pass };

struct RuleMatch {
  size_t index = 0;  // in the policy
  RuleAction action = RuleAction::allow;
  size_t header = 0;  // number of the condition
  RuleSideMatch source, destination;
};

// One direction of a policy or profile, for one IP version.
struct RuleMatches {
  uint64_t id = 0;  // of its own, also after it is gone; for CompiledRules
  bool ingress = true;
  std::vector<RuleMatch> rules;
  std::vector<size_t> conditions;  // of all rules on headers, but for those of named ports
  bool says_ports = false;         // some rule has a condition on named ports
  bool passes = false;             // some rule does
  bool asks_local = false;         // some rule has a condition on the endpoint's own side
  bool asked_local = false;        // so it was before the last change
  bool gone = false;               // no longer in force
  auto begin() const { return rules.begin(); }
  auto end() const { return rules.end(); }
};

// The side of the endpoint whose policy it is, and that of its peer.
const RuleSideMatch& local_side(const RuleMatch& rule, bool ingress);
const RuleSideMatch& peer_side(const RuleMatch& rule, bool ingress);

// Nets that rules name, of one IP version.
std::vector<Cidr> nets_of(const std::vector<msg::Rule>& rules, IpFamily family);

// Rules that match nothing of this IP version, and such that only log, are left out.
RuleMatches compile_rules(const std::vector<msg::Rule>& rules, bool ingress, ElementSets& sets,
                          HeaderSpace& headers);

// The sets that rules name, each once: ElementSet and PortSet.
std::vector<const void*> sets_of(const RuleMatches& rules);

// Whether a set with ports among them has this update as its last.
bool ports_touched(const RuleMatches& rules, size_t update);

}  // namespace felixsim::reach
