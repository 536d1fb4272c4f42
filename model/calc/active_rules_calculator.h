// SPDX-License-Identifier: Apache-2.0
// Which policies and profiles are active here: those that match, or are listed by, a local
// endpoint, and policies hinted as needed on every node. Mirrors
// felix/calc/active_rules_calculator.go. Selectors inside rules are the rule scanner's business.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <functional>
#include <span>
#include <vector>

#include "felixsim/keys.h"
#include "felixsim/resource.h"
#include "model/calc/calc_hash.h"
#include "model/calc/endpoint_tiers.h"
#include "model/calc/policy_resolver.h"
#include "model/calc/rule_scanner.h"
#include "model/selector/match_index.h"

namespace felixsim::calc {

class ActiveRulesCalculator {
 public:
  // Called when a computed selector starts or stops matching a local endpoint.
  using OnComputedMatch =
      std::function<void(Symbol selector, const EndpointKey& endpoint, bool matches)>;

  // Gives numbers to local endpoints: nobody else does.
  ActiveRulesCalculator(EndpointNumbers& endpoints, RuleScanner& scanner, PolicyResolver& resolver,
                        OnComputedMatch on_computed);

  // Null values are deletions. Endpoints are local ones.
  void on_endpoint(const EndpointKey& key, const ValuePtr& value);
  void on_policy(const PolicyKey& key, const ValuePtr& value);
  void on_profile_rules(Symbol name, const ValuePtr& value);
  void on_profile_labels(Symbol name, const Profile* profile);

  // Other nodes' selectors, matched in the same index. `text` must parse.
  void add_computed_selector(Symbol text, const SelectorPtr& selector);
  void remove_computed_selector(Symbol text);

 private:
  struct SelectorId {
    PolicyKey policy;
    Symbol computed;  // not empty: a computed selector, `policy` is empty
    bool operator==(const SelectorId&) const = default;
    template <class H>
    friend H AbslHashValue(H h, const SelectorId& id) {
      return H::combine(std::move(h), id.policy, id.computed);
    }
  };
  void update_policy(const PolicyKey& key, const ValuePtr& value, bool was_forced);
  void update_profile_ids(const EndpointKey& key, const std::vector<Symbol>& ids);
  using Endpoints = std::span<const EndpointNumber>;
  void on_match_started(const SelectorId& id, Endpoints endpoints);
  void on_match_stopped(const SelectorId& id, Endpoints endpoints);
  void tell_computed(Symbol selector, Endpoints endpoints, bool matches) const;
  void add_users(const PolicyKey& key, size_t count);
  void remove_users(const PolicyKey& key, size_t count);
  void send_profile(Symbol name);

  const EndpointNumbers& endpoints_;
  RuleScanner& scanner_;
  PolicyResolver& resolver_;
  OnComputedMatch on_computed_;
  MatchIndex<EndpointKey, SelectorId> index_;
  absl::flat_hash_map<PolicyKey, ValuePtr> policies_;  // all of the cluster's
  absl::flat_hash_map<Symbol, ValuePtr> profile_rules_;
  absl::flat_hash_map<PolicyKey, size_t> policy_users_;  // endpoints matched, 1 more if forced
  absl::flat_hash_map<Symbol, size_t> profile_users_;
  absl::flat_hash_map<EndpointKey, std::vector<Symbol>> profile_ids_;  // sorted, each once
};

}  // namespace felixsim::calc
