// SPDX-License-Identifier: Apache-2.0
// What endpoints have of tiers: one list for all endpoints with the same policies. What they have
// of one tier is made once for all with the same policies in it, and survives what other tiers go
// through; a list only puts such parts in order. A tier that is the same as before is the same
// pointer.
#pragma once

#include <absl/container/inlined_vector.h>
#include <absl/container/node_hash_map.h>

#include <cstdint>
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

  explicit PolicyLists(const PolicySorter& sorter);
  PolicyLists(const PolicyLists&) = delete;
  PolicyLists& operator=(const PolicyLists&) = delete;

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

  // Takes what the sorter told. Then endpoints are moved. O(sets) if it told anything.
  void follow_sorter();
  // Brings all sets that endpoints have up to date. O(sets that were not known).
  void refresh();

  // As of the last refresh(); of a set that an endpoint has. Made when first asked for.
  TierPtrs workload_tiers(Set set);
  const TierListsPtr& lists(Set set);  // null: no tiers

 private:
  using Policies = absl::InlinedVector<Policy, 8>;
  // What sets have of one tier.
  struct Part {
    const Policies* policies = nullptr;             // in order
    const PolicySorter::TierState* tier = nullptr;  // of its policies; if stale, perhaps no more
    bool stale = true;                              // another place of a policy since then
    bool made = false;                              // `lists` are up to date
    TierLists lists;
    Policy last_toggled = 0;       // that it was asked for, and what came of it
    Part* last_outcome = nullptr;  // null: nobody asked, or nothing was left
  };
  struct SetState {
    uint32_t endpoints = 0;
    bool knows_parts = false;
    absl::InlinedVector<Part*, 2> parts;  // in order
    TierListsPtr lists;                   // null: not put together
    Policy last_toggled = 0;              // that a caller asked for alone, and what came of it
    Set last_outcome = none;              // none: nobody asked
  };
  const Policies& policies_of(Set set) const { return set_numbers_.key(set); }
  void on_changed_policies();
  void on_changed_tiers();
  void find_parts(Set number);
  void derive_parts(const SetState& from, Policy policy, SetState& set);
  Part* toggled_part(Part& part, Policy policy);
  Part* part_of(const Policies& ordered);
  void begin(Part& part);
  const TierLists& made(Part& part);
  void drop_stale_parts();
  void sweep();

  const PolicySorter& sorter_;
  KeyNumbers<PolicyKey> numbers_;
  std::vector<const PolicySorter::Place*> places_;  // of policies; null: the sorter has none
  std::vector<char> asked_;                         // whether some part was made with the policy
  KeyNumbers<Policies> set_numbers_;                // policies are ascending
  std::vector<SetState> sets_;
  std::vector<Set> fresh_;
  size_t used_ = 0;                            // sets that endpoints have
  absl::node_hash_map<Policies, Part> parts_;  // by the policies of one tier, in order
  bool any_stale_ = false;                     // of them
  std::vector<Policy> changed_policies_;
  std::set<Symbol> changed_tiers_;
  Policies ordered_, one_tier_;  // of find_parts() and toggled_part(): their memory is used again
};

}  // namespace felixsim::calc
