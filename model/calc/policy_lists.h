// SPDX-License-Identifier: Apache-2.0
// The lists of tiers that endpoints have: one for all endpoints with the same policies, made when
// they first have them and again when the order or treatment of one of these changed.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "model/calc/endpoint_tiers.h"
#include "model/calc/policy_sorter.h"
#include "model/selector/match_index.h"

namespace felixsim::calc {

class PolicyLists {
 public:
  // Number of a set of policies. It stays while an endpoint has the set.
  using Set = uint32_t;
  static constexpr Set none = 0;

  // Number of a policy. It stays while a set that an endpoint has has the policy.
  using Policy = uint32_t;

  explicit PolicyLists(const PolicySorter& sorter) : sorter_(sorter), sets_(1) {}

  Policy number_of(const PolicyKey& policy);
  bool has(Set set, Policy policy) const;
  // The set with those of the policies that it does not have, and without those that it has. O(1)
  // for one policy, if it was asked before.
  using Toggles = absl::InlinedVector<Policy, 4>;
  Set toggled(Set set, const Toggles& policies);
  void move_endpoint(Set from, Set to);

  // The sorter has another place for the policy, or none; another order or action for the tier.
  void on_policy(const PolicyKey& policy);
  void on_tier(Symbol name) { changed_tiers_.insert(name); }

  // Brings the lists of all sets that endpoints have up to date, and returns those that are other
  // than before, ascending. O(sets) if a policy or tier changed, else O(new sets).
  std::vector<Set> refresh();
  // As of the last refresh(); null: no tiers. One that is the same as before is the same pointer.
  const TierListsPtr& of(Set set) const { return sets_[set].lists; }

 private:
  using Policies = std::vector<Policy>;
  struct SetState {
    Policies policies;  // ascending; of vacant numbers, and of none: empty
    size_t endpoints = 0;
    bool stale = true;
    TierListsPtr lists;
  };

  Set number_of(Policies policies);
  void mark_stale();
  bool renew(SetState& set);
  const TierListsPtr& tier_of(const Policies& ordered);
  void sweep();

  const PolicySorter& sorter_;
  KeyNumbers<PolicyKey> numbers_;
  std::vector<const PolicySorter::Place*> places_;  // of policies; null: the sorter has none
  std::vector<char> asked_;                         // whether some list was made with the policy
  std::vector<SetState> sets_;
  std::vector<Set> vacant_, fresh_;
  size_t used_ = 0;  // sets that endpoints have
  absl::flat_hash_map<Policies, Set> by_policies_;
  absl::flat_hash_map<std::pair<Set, Policy>, Set> toggled_;
  absl::flat_hash_map<Policies, TierListsPtr> tiers_;  // by the policies of one tier, in order
  std::vector<Policy> changed_policies_;
  std::set<Symbol> changed_tiers_;
  Policies ordered_, one_tier_;  // of renew(): their memory is used again
};

}  // namespace felixsim::calc
