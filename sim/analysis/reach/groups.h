// SPDX-License-Identifier: Apache-2.0
// What one direction of policy lets through to or from the endpoints that have the same policy.
// Mirrors the order in which a workload's chains ask (felix/rules/endpoints.go,
// endpointIptablesChain): tiers, policies, the tier's default action, profiles.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "sim/analysis/reach/rules.h"

namespace felixsim::reach {

struct ProgramTier {
  Symbol name;
  std::vector<const RuleMatches*> policies;
  std::vector<PolicyKey> names;  // of the policies
  bool denies_rest = true;
};

// The policies of one direction, in Felix's order.
struct Program {
  bool ingress = true;
  bool down = false;  // the endpoint's state is not active
  std::vector<ProgramTier> tiers;
  std::vector<const RuleMatches*> profiles;
  std::vector<Symbol> profile_names;
  std::vector<size_t> denied_first;  // header conditions: encapsulation that workloads may not send
  bool asks_local = false;           // some rule has a condition on the endpoint's own side
};

// Headers with which the endpoints' peers may be met; parts have no header in common, and none that
// no peer may use.
struct AllowedPart {
  Bits headers;
  Tri peers;
};
using Allowed = std::vector<AllowedPart>;

enum class DecidedBy : uint8_t { rule, end_of_tier, no_profile, encapsulation, down };

// Where in a program a decision (or a pass) falls. A tier past the last one: the profiles.
struct Decided {
  DecidedBy by = DecidedBy::rule;
  size_t tier = 0, policy = 0;
  const RuleMatch* rule = nullptr;
};

bool says_local(const RuleMatch& rule, bool ingress);

// What rules find at the endpoint's own address `local`: endpoints with equal answers are treated
// alike. O(rules with a local condition).
std::vector<uint8_t> local_answers(const Program& program, size_t local);

// `local` stands for all endpoints of the group. O(rules × parts × elements / 64).
Allowed evaluate(const Program& program, size_t local, const HeaderSpace& headers, size_t elements);

// The same evaluation, told step by step: for which headers what decides (perhaps, where the input
// does not tell) about which peers.
using Observer =
    std::function<void(const Bits& headers, const Decided& decided, const Bits& peers)>;
void observe(const Program& program, size_t local, const HeaderSpace& headers, size_t elements,
             const Observer& observer);

}  // namespace felixsim::reach
