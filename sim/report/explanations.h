// SPDX-License-Identifier: Apache-2.0
// What policies do, as values that explain_text.h and explain_json.h write: for a pod, a policy, a
// pair, all pairs; and what they do not.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "felixsim/result.h"
#include "sim/analysis/reach/explain.h"

namespace felixsim {

struct ExplainContext {
  const reach::ClusterState& state;
  const reach::Matrix& matrix;
  // Where a policy ("NetworkPolicy shop/db") or profile ("profile kns.shop") comes from: file and
  // line, or revision; empty: nobody knows.
  std::function<std::string(const std::string&)> origin;
};

struct ExplainedPolicy {
  std::string name, origin;
  bool staged = false;  // it only watches
};
struct ExplainedTier {
  std::string name;
  bool passes_rest = false;
  std::vector<ExplainedPolicy> policies;
};
struct ExplainedDirection {
  std::vector<ExplainedTier> tiers;
  std::vector<ExplainedPolicy> profiles;
};
struct PodExplanation {
  std::string pod;
  bool address_unknown = false;
  ExplainedDirection ingress, egress;
};

struct ExplainedRule {
  bool ingress = true;
  size_t index = 0;
  IpFamily family = IpFamily::v4;
  reach::RuleAction action = reach::RuleAction::allow;
  std::string headers;
  std::vector<std::string> port_names;  // that it asks for, beside ports in `headers`
  bool anybody = false;
  std::vector<std::string> peers;  // pods by name, ranges of the world
  std::string nets_not_asked;      // "destination": it has networks, but its chain does not ask
};
struct PolicyExplanation {
  std::string policy, origin;
  std::vector<std::string> selects;
  std::vector<ExplainedRule> rules;
};

struct ExplainedDecision {
  std::string headers;
  reach::DecisionPlace place;
  std::string origin;
};
struct PairExplanation {
  IpFamily family = IpFamily::v4;
  std::string allowed, unknown;  // unknown: empty if the input tells all
  std::vector<ExplainedDecision> egress, ingress;
};

struct ExplainedDeadRule {
  std::string name, origin;
  reach::DeadRule rule;
};

// Errors: a name that is not there.
Result<PodExplanation> explain_pod(const ExplainContext& context, const std::string& pod);
Result<std::vector<PolicyExplanation>> explain_policy(const ExplainContext& context,
                                                      const std::string& policy);
Result<std::vector<PairExplanation>> explain_pair(const ExplainContext& context,
                                                  const std::string& from, const std::string& to);
std::vector<ExplainedDeadRule> explain_dead(const ExplainContext& context);

}  // namespace felixsim
