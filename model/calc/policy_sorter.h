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
  // A null tier is a deletion; its default action outlives it while it holds policies. True if its
  // order or default action may have changed.
  bool update_tier(Symbol name, const Tier* tier);
  // True if the order or treatment of the policy may have changed.
  bool update_policy(const PolicyKey& key, const PolicyMeta& meta);
  bool remove_policy(const PolicyKey& key);
  struct TierState {
    Symbol name, default_action;
    bool valid = false;  // there is a Tier resource
    std::optional<double> order;
    size_t policies = 0;
    bool operator==(const TierState&) const = default;
  };
  struct Place {
    TierState* tier = nullptr;
    PolicyMeta meta;
    std::string tie_break;  // "name/namespace/kind"
  };
  // Null: the sorter does not know the policy. Stays where it is until the policy is removed.
  const Place* find(const PolicyKey& key) const;
  // Null: neither resource nor policies. Stays where it is while there are such.
  const TierState* find_tier(Symbol name) const;
  // The order of evaluation, over all tiers.
  static bool less(const Place& a, const Place& b);
  static bool less(const TierState& a, const TierState& b);

 private:
  void leave(const Place& place);

  std::map<Symbol, std::unique_ptr<TierState>> tiers_;
  absl::flat_hash_map<PolicyKey, std::unique_ptr<Place>> places_;
};

}  // namespace felixsim::calc
