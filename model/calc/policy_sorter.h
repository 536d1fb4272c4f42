// SPDX-License-Identifier: Apache-2.0
// The order of tiers, and of the policies in them. Mirrors felix/calc/policy_sorter.go: a tier
// without a Tier resource still holds policies, after all others and with no default action.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "felixsim/keys.h"
#include "felixsim/resource.h"
#include "model/calc/calc_hash.h"
#include "model/calc/endpoint_tiers.h"

namespace felixsim::calc {

class PolicySorter {
 public:
  // A null tier is a deletion; its default action outlives it while it holds policies.
  void update_tier(Symbol name, const Tier* tier);
  // True if the order or treatment of the policy may have changed.
  bool update_policy(const PolicyKey& key, const PolicyMeta& meta);
  bool remove_policy(const PolicyKey& key);
  bool has_policy(const PolicyKey& key) const { return places_.contains(key); }

  // The policies of `keys` that the sorter knows, grouped by tier, all in order of evaluation.
  // O(n log n) in the number of keys, whatever the sorter holds.
  std::vector<AppliedTier> sorted(const std::vector<PolicyKey>& keys) const;

 private:
  struct TierState {
    Symbol name, default_action;
    bool valid = false;  // there is a Tier resource
    std::optional<double> order;
    size_t policies = 0;
  };
  struct Place {
    TierState* tier = nullptr;
    PolicyMeta meta;
    std::string tie_break;  // "name/namespace/kind"
  };
  static bool tier_less(const TierState& a, const TierState& b);
  static bool policy_less(const Place& a, const Place& b);
  void leave(const Place& place);

  std::map<Symbol, std::unique_ptr<TierState>> tiers_;
  absl::flat_hash_map<PolicyKey, Place> places_;
};

}  // namespace felixsim::calc
