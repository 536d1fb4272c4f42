// SPDX-License-Identifier: Apache-2.0
// Chains of policies and profiles of one IP family. Mirrors felix/dataplane/linux/policy_mgr.go of
// v3.32.1. Left out: the egress-only variant of BPF mode.
#pragma once

#include <optional>
#include <string>

#include "felixsim/messages.h"
#include "model/dataplane/rule_table.h"
#include "model/rules/renderer.h"

namespace felixsim {

class PolicyManager {
 public:
  PolicyManager(rules::Renderer renderer, RuleTable raw, RuleTable mangle, RuleTable filter)
      : renderer_(std::move(renderer)),
        raw_(std::move(raw)),
        mangle_(std::move(mangle)),
        filter_(std::move(filter)) {}

  // An error text where Felix panics.
  std::optional<std::string> on_policy(const msg::PolicyId& id, const msg::Policy& policy);
  void on_policy_removed(const msg::PolicyId& id);
  std::optional<std::string> on_profile(Symbol id, const msg::Profile& profile);
  void on_profile_removed(Symbol id);

 private:
  rules::Renderer renderer_;
  RuleTable raw_, mangle_, filter_;
};

}  // namespace felixsim
