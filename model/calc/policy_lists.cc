// SPDX-License-Identifier: Apache-2.0
#include "model/calc/policy_lists.h"

#include <algorithm>
#include <utility>

namespace felixsim::calc {

PolicyLists::PolicyLists(const PolicySorter& sorter) : sorter_(sorter), sets_(1) {
  set_numbers_.get_or_add({});  // none
  sets_[none].knows_parts = true;
}

PolicyLists::Policy PolicyLists::number_of(const PolicyKey& policy) {
  const Policy number = numbers_.get_or_add(policy);
  if (number >= places_.size()) {
    places_.resize(number + 1);
    asked_.resize(number + 1, 0);
  }
  places_[number] = sorter_.find(policy);
  return number;
}

bool PolicyLists::has(Set set, Policy policy) const {
  const Policies& policies = policies_of(set);
  return std::binary_search(policies.begin(), policies.end(), policy);
}

PolicyLists::Set PolicyLists::toggled(Set set, const Toggles& toggles) {
  const bool alone = toggles.size() == 1;
  if (const SetState& known = sets_[set];
      alone && known.last_outcome != none && known.last_toggled == toggles.front())
    return known.last_outcome;
  Policies policies = policies_of(set);
  for (const Policy policy : toggles) {
    const auto at = std::lower_bound(policies.begin(), policies.end(), policy);
    if (at != policies.end() && *at == policy)
      policies.erase(at);
    else
      policies.insert(at, policy);
  }
  const Set other = set_numbers_.get_or_add(policies);
  if (other >= sets_.size()) sets_.resize(other + 1);
  if (!alone) return other;
  sets_[set].last_toggled = sets_[other].last_toggled = toggles.front();
  sets_[set].last_outcome = other;
  sets_[other].last_outcome = set;
  derive_parts(sets_[set], toggles.front(), sets_[other]);
  return other;
}

void PolicyLists::move_endpoint(Set from, Set to) {
  if (from != none && --sets_[from].endpoints == 0) --used_;
  if (to == none) return;
  SetState& set = sets_[to];
  if (set.endpoints++ == 0) ++used_;
  if (!set.knows_parts) fresh_.push_back(to);
}

void PolicyLists::on_policy(const PolicyKey& policy) {
  const auto number = numbers_.find(policy);
  if (!number) return;
  places_[*number] = sorter_.find(policy);
  if (asked_[*number] != 0) changed_policies_.push_back(*number);
}

void PolicyLists::follow_sorter() {
  if (!changed_policies_.empty()) on_changed_policies();
  if (!changed_tiers_.empty()) on_changed_tiers();
}

void PolicyLists::refresh() {
  for (const Set number : fresh_)
    if (!sets_[number].knows_parts && sets_[number].endpoints > 0) find_parts(number);
  fresh_.clear();
  drop_stale_parts();
  sweep();
}

// The policies may be in other tiers, or in none: nothing is known of the sets that have them.
void PolicyLists::on_changed_policies() {
  std::vector<char> changed(places_.size(), 0);
  for (const Policy policy : changed_policies_) changed[policy] = 1;
  changed_policies_.clear();
  const auto concerned = [&](const Policies& policies) {
    return std::any_of(policies.begin(), policies.end(),
                       [&](Policy policy) { return changed[policy] != 0; });
  };
  for (auto& [policies, part] : parts_) {
    part.stale = part.stale || concerned(policies);
    part.last_outcome = nullptr;
  }
  any_stale_ = true;
  for (Set number = 0; number < sets_.size(); ++number) {
    SetState& set = sets_[number];
    if (!set.knows_parts || !concerned(policies_of(number))) continue;
    set.knows_parts = false;
    set.parts.clear();
    set.lists.reset();
    if (set.endpoints > 0) fresh_.push_back(number);
  }
}

// What sets have of a tier stays, whatever its order. A tier that the sorter does not know has no
// policies, and no part that is not stale.
void PolicyLists::on_changed_tiers() {
  std::vector<const PolicySorter::TierState*> changed;
  for (const Symbol name : changed_tiers_)
    if (const auto* tier = sorter_.find_tier(name)) changed.push_back(tier);
  changed_tiers_.clear();
  const auto concerned = [&](const Part& part) {
    return std::find(changed.begin(), changed.end(), part.tier) != changed.end();
  };
  for (auto& [policies, part] : parts_)
    if (!part.stale && concerned(part)) part.made = false;
  for (SetState& set : sets_) {
    if (std::none_of(set.parts.begin(), set.parts.end(),
                     [&](const Part* part) { return concerned(*part); }))
      continue;
    std::sort(set.parts.begin(), set.parts.end(),
              [](const Part* a, const Part* b) { return PolicySorter::less(*a->tier, *b->tier); });
    set.lists.reset();
  }
}

void PolicyLists::find_parts(Set number) {
  SetState& set = sets_[number];
  Policies& ordered = ordered_;
  ordered.clear();
  for (const Policy policy : policies_of(number))
    if (places_[policy])
      ordered.push_back(policy);
    else
      asked_[policy] = 1;
  std::sort(ordered.begin(), ordered.end(),
            [this](Policy a, Policy b) { return PolicySorter::less(*places_[a], *places_[b]); });
  for (auto begin = ordered.begin(); begin != ordered.end();) {
    const auto* tier = places_[*begin]->tier;
    const auto end = std::find_if(begin, ordered.end(),
                                  [&](Policy policy) { return places_[policy]->tier != tier; });
    one_tier_.assign(begin, end);
    set.parts.push_back(part_of(one_tier_));
    begin = end;
  }
  set.knows_parts = true;
}

// Spares find_parts(): but for one tier, the set has the parts of the one that it comes from.
void PolicyLists::derive_parts(const SetState& from, Policy policy, SetState& set) {
  const auto* place = places_[policy];
  if (set.knows_parts || !from.knows_parts || !place) return;
  set.parts = from.parts;
  set.knows_parts = true;
  const auto at = std::lower_bound(
      set.parts.begin(), set.parts.end(), *place->tier,
      [](const Part* part, const auto& tier) { return PolicySorter::less(*part->tier, tier); });
  if (at == set.parts.end() || (*at)->tier != place->tier) {
    one_tier_.assign(1, policy);
    set.parts.insert(at, part_of(one_tier_));
  } else if (Part* other = toggled_part(**at, policy)) {
    *at = other;
  } else {
    set.parts.erase(at);
  }
}

// Null: nothing is left of it.
PolicyLists::Part* PolicyLists::toggled_part(Part& part, Policy policy) {
  if (part.last_outcome && part.last_toggled == policy) return part.last_outcome;
  Policies& policies = one_tier_;
  policies = *part.policies;
  const auto at = std::lower_bound(
      policies.begin(), policies.end(), policy,
      [this](Policy a, Policy b) { return PolicySorter::less(*places_[a], *places_[b]); });
  if (at != policies.end() && *at == policy)
    policies.erase(at);
  else
    policies.insert(at, policy);
  if (policies.empty()) return nullptr;
  part.last_toggled = policy;
  return part.last_outcome = part_of(policies);
}

PolicyLists::Part* PolicyLists::part_of(const Policies& ordered) {
  const auto at = parts_.try_emplace(ordered).first;
  Part& part = at->second;
  part.policies = &at->first;
  if (part.stale) begin(part);
  return &part;
}

void PolicyLists::begin(Part& part) {
  part.tier = places_[part.policies->front()]->tier;
  part.stale = part.made = false;
  for (const Policy policy : *part.policies) asked_[policy] = 1;
}

// A tier that is equal to the one before stays that one.
const TierLists& PolicyLists::made(Part& part) {
  if (std::exchange(part.made, true)) return part.lists;
  AppliedTier applied{part.tier->name, part.tier->default_action, {}};
  for (const Policy policy : *part.policies)
    applied.policies.push_back({numbers_.key(policy), places_[policy]->meta});
  const TierLists before = std::exchange(part.lists, lists_of(applied));
  part.lists.keep_equal(before);
  return part.lists;
}

void PolicyLists::drop_stale_parts() {
  if (!std::exchange(any_stale_, false)) return;
  absl::erase_if(parts_, [](const auto& entry) { return entry.second.stale; });
}

TierPtrs PolicyLists::workload_tiers(Set number) {
  TierPtrs out;
  for (Part* part : sets_[number].parts) {
    const auto& tiers = made(*part).normal;
    out.insert(out.end(), tiers.begin(), tiers.end());
  }
  return out;
}

const TierListsPtr& PolicyLists::lists(Set number) {
  SetState& set = sets_[number];
  if (set.lists || number == none) return set.lists;
  auto lists = std::make_shared<TierLists>();
  lists->normal.reserve(set.parts.size());
  for (Part* part : set.parts) lists->append(made(*part));
  return set.lists = std::move(lists);
}

// Sets that no endpoint has are forgotten once they are most: the next event may need them again.
void PolicyLists::sweep() {
  if (set_numbers_.size() <= 2 * used_ + 64) return;
  std::vector<char> used(places_.size(), 0);
  for (Set number = 0; number < sets_.size(); ++number) {
    SetState& set = sets_[number];
    set.last_outcome = none;
    if (set.endpoints > 0) {
      for (const Policy policy : policies_of(number)) used[policy] = 1;
    } else if (number != none && set_numbers_.find(policies_of(number)) == number) {
      set_numbers_.release(policies_of(number));
      set = SetState();
    }
  }
  for (auto& [policies, part] : parts_) part.last_outcome = nullptr;
  absl::erase_if(parts_, [&](const auto& entry) {
    return std::any_of(entry.first.begin(), entry.first.end(),
                       [&](Policy policy) { return used[policy] == 0; });
  });
  for (Policy policy = 0; policy < used.size(); ++policy) {
    if (used[policy] != 0 || numbers_.find(numbers_.key(policy)) != policy) continue;
    numbers_.release(numbers_.key(policy));
    places_[policy] = nullptr;
    asked_[policy] = 0;
  }
}

}  // namespace felixsim::calc
