// SPDX-License-Identifier: Apache-2.0
// Why the matrix is as it is: which rule decides for which headers and peers, and which rule never
// does.
#pragma once

#include <string>
#include <vector>

#include "sim/analysis/reach/parties.h"

namespace felixsim::reach {

// Where a decision falls. `index` is that of the rule in its policy or profile.
struct DecisionPlace {
  DecidedBy by = DecidedBy::rule;
  RuleAction action = RuleAction::deny;
  PolicyKey policy;  // of a policy's rule
  Symbol profile;    // of a profile's rule
  Symbol tier;
  bool ingress = true;
  size_t index = 0;
  auto operator<=>(const DecisionPlace&) const = default;
};

std::string_view action_text(RuleAction action);  // "allow", "deny", "pass"

DecisionPlace place_of(const Program& program, const Decided& decided);

// "allow by NetworkPolicy shop/db, ingress rule 0", "deny at the end of tier default (ingress)".
std::string place_text(const DecisionPlace& place);
std::string policy_text(const PolicyKey& policy);  // "NetworkPolicy shop/db"

struct ExplainedPart {
  DecisionPlace place;
  Bits headers;
};

// What decides about headers on their way from one element to the other, in one direction of
// policy; a pass is followed to what decides in the end. Empty: no policy is asked (the world).
std::vector<ExplainedPart> explain_pair(const FamilyMatrix& family, size_t source,
                                        size_t destination, bool ingress);

struct DeadRule {
  PolicyKey policy;
  Symbol profile;  // instead of a policy
  bool ingress = true;
  size_t index = 0;
  enum class Why : uint8_t { selects_nothing, matches_nothing, decided_before } why;
  std::vector<std::string> by;  // decided_before: where
};

// Rules of policies and profiles in force that decide nothing, by policy and index; and, apart,
// policies that select no endpoint. Profiles' rules count only where a profile is in use, and not
// those that Kubernetes' namespaces and service accounts bring.
std::vector<DeadRule> dead_rules(const ClusterState& state, const Matrix& matrix);

}  // namespace felixsim::reach
