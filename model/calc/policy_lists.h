// SPDX-License-Identifier: Apache-2.0
// The lists of tiers that endpoints have: one for all endpoints with the same policies, made when
// they first have them and again when the order or treatment of one of these changed. What they
// have of one tier is made once for all with the same policies in it, and survives what other tiers
// go through.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <memory>
#include <set>
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
  // for one policy, if it was the last asked of the set.
  using Toggles = absl::InlinedVector<Policy, 4>;
  Set toggled(Set set, const Toggles& policies);
  void move_endpoint(Set from, Set to);

  // The sorter has another place for the policy, or none; another order or action for the tier.
  void on_policy(const PolicyKey& policy);
  void on_tier(Symbol name) { changed_tiers_.insert(name); }

  // Brings the lists of all sets that endpoints have up to date, and returns those that are other
  // than before, ascending. O(sets) if a policy or tier changed, else O(new sets).
  std::vector<Set> refresh();
  // As of the last refresh(); null: no tiers. One that is the same as before is the same pointer,
  // and so is a tier in it.
  const TierListsPtr& of(Set set) const { return sets_[set].lists; }

 private:
  using Policies = std::vector<Policy>;
  // What sets have of one tier.
  struct Part {
    const PolicySorter::TierState* tier = nullptr;  // of its policies; if stale, perhaps no more
    Symbol default_action;
    bool stale = true;  // another place of a policy since it was made
    TierLists lists;
  };
  enum class Known : uint8_t { nothing, parts, lists };  // what of a set is up to date
  struct SetState {
    Policies policies;  // ascending; of vacant numbers, and of none: empty
    uint32_t endpoints = 0;
    Known known = Known::nothing;
    absl::InlinedVector<const Part*, 2> parts;
    TierListsPtr lists;
    Policy last_toggled = 0;  // that a caller asked for alone, and what came of it
    Set last_outcome = none;  // none: nobody asked
  };

  Set number_of(Policies policies);
  void on_changed_policies();
  void on_changed_tiers();
  bool renew(SetState& set);
  void find_parts(SetState& set);
  const Part* part_of(const Policies& ordered);
  void make(Part& part, const Policies& ordered);
  void sweep();

  const PolicySorter& sorter_;
  KeyNumbers<PolicyKey> numbers_;
  std::vector<const PolicySorter::Place*> places_;  // of policies; null: the sorter has none
  std::vector<char> asked_;                         // whether some list was made with the policy
  std::vector<SetState> sets_;
  std::vector<Set> vacant_, fresh_;
  size_t used_ = 0;  // sets that endpoints have
  absl::flat_hash_map<Policies, Set> by_policies_;
  // By the policies of one tier, in order.
  absl::flat_hash_map<Policies, std::unique_ptr<Part>> parts_;
  std::vector<Policy> changed_policies_;
  std::set<Symbol> changed_tiers_;
  Policies ordered_, one_tier_;  // of find_parts(): their memory is used again
};

}  // namespace felixsim::calc
