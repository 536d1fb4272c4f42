// SPDX-License-Identifier: Apache-2.0
// Finds out which IP sets the active policies and profiles use. Mirrors felix/calc/rule_scanner.go
// (RuleScanner.updateRules); the rules themselves are parsed in parsed_rules.h.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <functional>
#include <memory>

#include "model/calc/event_sequencer.h"
#include "model/calc/parsed_rules.h"

namespace felixsim::calc {

class RuleScanner {
 public:
  using OnActive = std::function<void(const IpSetDefinition&)>;
  using OnInactive = std::function<void(const IpSetDefinition&)>;

  // `on_active` and `on_inactive` are called for the first and after the last user of an IP set.
  RuleScanner(EventSequencer& sequencer, std::shared_ptr<SharedRules> shared, OnActive on_active,
              OnInactive on_inactive);

  void on_policy_active(const PolicyKey& key, const ValuePtr& value);
  void on_policy_inactive(const PolicyKey& key);
  void on_profile_active(Symbol name, const ValuePtr& value);
  void on_profile_inactive(Symbol name);

  size_t active_ip_sets() const { return users_.size(); }

 private:
  // Sets that only the new rules use become active before sets that only the old ones used go.
  void switch_rules(const ParsedRulesPtr& before, const ParsedRulesPtr& after);

  EventSequencer& sequencer_;
  std::shared_ptr<SharedRules> shared_;
  OnActive on_active_;
  OnInactive on_inactive_;
  absl::flat_hash_map<PolicyKey, ParsedRulesPtr> policies_;
  absl::flat_hash_map<Symbol, ParsedRulesPtr> profiles_;
  absl::flat_hash_map<Symbol, size_t> users_;  // of an IP set: how many policies and profiles
};

}  // namespace felixsim::calc
