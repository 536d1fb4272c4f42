// SPDX-License-Identifier: Apache-2.0
#include "model/calc/rule_scanner.h"

#include "felixsim/check.h"

namespace felixsim::calc {

RuleScanner::RuleScanner(EventSequencer& sequencer, std::shared_ptr<SharedRules> shared,
                         OnActive on_active, OnInactive on_inactive)
    : sequencer_(sequencer),
      shared_(shared ? std::move(shared) : std::make_shared<SharedRules>()),
      on_active_(std::move(on_active)),
      on_inactive_(std::move(on_inactive)) {}

void RuleScanner::on_policy_active(const PolicyKey& key, const ValuePtr& value) {
  ParsedRulesPtr& current = policies_[key];
  const ParsedRulesPtr before = std::exchange(current, shared_->policy(key, value));
  sequencer_.on_policy_active(key, current->policy);
  switch_rules(before, current);
}

void RuleScanner::on_policy_inactive(const PolicyKey& key) {
  const auto it = policies_.find(key);
  if (it != policies_.end()) {
    const ParsedRulesPtr before = std::move(it->second);
    policies_.erase(it);
    switch_rules(before, nullptr);
  }
  sequencer_.on_policy_inactive(key);
}

void RuleScanner::on_profile_active(Symbol name, const ValuePtr& value) {
  ParsedRulesPtr& current = profiles_[name];
  const ParsedRulesPtr before = std::exchange(current, shared_->profile(name, value));
  sequencer_.on_profile_active(name, current->profile);
  switch_rules(before, current);
}

void RuleScanner::on_profile_inactive(Symbol name) {
  const auto it = profiles_.find(name);
  if (it != profiles_.end()) {
    const ParsedRulesPtr before = std::move(it->second);
    profiles_.erase(it);
    switch_rules(before, nullptr);
  }
  sequencer_.on_profile_inactive(name);
}

void RuleScanner::switch_rules(const ParsedRulesPtr& before, const ParsedRulesPtr& after) {
  if (before == after) return;
  // Counting the new users first keeps what both use alive; both lists have each set once.
  if (after)
    for (const auto& set : after->ip_sets)
      if (++users_[set.id] == 1) on_active_(set);
  if (!before) return;
  for (const auto& set : before->ip_sets) {
    const auto it = users_.find(set.id);
    FELIXSIM_CHECK(it != users_.end());
    if (--it->second > 0) continue;
    users_.erase(it);
    on_inactive_(set);
  }
}

}  // namespace felixsim::calc
