// SPDX-License-Identifier: Apache-2.0
#include "model/calc/policy_lists.h"

#include <algorithm>
#include <utility>

namespace felixsim::calc {

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
  const Policies& policies = sets_[set].policies;
  return std::binary_search(policies.begin(), policies.end(), policy);
}

PolicyLists::Set PolicyLists::toggled(Set set, const Toggles& toggles) {
  const bool alone = toggles.size() == 1;
  if (const SetState& known = sets_[set];
      alone && known.last_outcome != none && known.last_toggled == toggles.front())
    return known.last_outcome;
  Policies policies = sets_[set].policies;
  for (const Policy policy : toggles) {
    const auto at = std::lower_bound(policies.begin(), policies.end(), policy);
    if (at != policies.end() && *at == policy)
      policies.erase(at);
    else
      policies.insert(at, policy);
  }
  const Set other = number_of(std::move(policies));
  if (alone) {
    sets_[set].last_toggled = sets_[other].last_toggled = toggles.front();
    sets_[set].last_outcome = other;
    sets_[other].last_outcome = set;
  }
  return other;
}

PolicyLists::Set PolicyLists::number_of(Policies policies) {
  if (policies.empty()) return none;
  const auto [known, is_new] = by_policies_.try_emplace(policies, none);
  if (!is_new) return known->second;
  auto number = static_cast<Set>(sets_.size());
  if (vacant_.empty()) {
    sets_.emplace_back();
  } else {
    number = vacant_.back();
    vacant_.pop_back();
  }
  sets_[number].policies = std::move(policies);
  return known->second = number;
}

void PolicyLists::move_endpoint(Set from, Set to) {
  if (from != none && --sets_[from].endpoints == 0) --used_;
  if (to == none) return;
  SetState& set = sets_[to];
  if (set.endpoints++ == 0) ++used_;
  if (set.known != Known::lists) fresh_.push_back(to);
}

void PolicyLists::on_policy(const PolicyKey& policy) {
  const auto number = numbers_.find(policy);
  if (!number) return;
  places_[*number] = sorter_.find(policy);
  if (asked_[*number] != 0) changed_policies_.push_back(*number);
}

std::vector<PolicyLists::Set> PolicyLists::refresh() {
  const bool other_policies = !changed_policies_.empty();
  if (other_policies) on_changed_policies();
  if (!changed_tiers_.empty()) on_changed_tiers();
  std::vector<Set> changed;
  for (const Set number : fresh_) {
    SetState& set = sets_[number];
    if (set.known != Known::lists && set.endpoints > 0 && renew(set)) changed.push_back(number);
  }
  fresh_.clear();
  if (other_policies) absl::erase_if(parts_, [](const auto& entry) { return entry.second->stale; });
  sweep();
  std::sort(changed.begin(), changed.end());
  return changed;
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
  for (auto& [policies, part] : parts_) part->stale = part->stale || concerned(policies);
  for (Set number = 0; number < sets_.size(); ++number) {
    SetState& set = sets_[number];
    if (set.known == Known::nothing || !concerned(set.policies)) continue;
    set.known = Known::nothing;
    set.parts.clear();
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
    if (!part->stale && concerned(*part) && part->default_action != part->tier->default_action)
      make(*part, policies);
  for (Set number = 0; number < sets_.size(); ++number) {
    SetState& set = sets_[number];
    if (std::none_of(set.parts.begin(), set.parts.end(),
                     [&](const Part* part) { return concerned(*part); }))
      continue;
    set.known = Known::parts;
    if (set.endpoints > 0) fresh_.push_back(number);
  }
}

// False: its lists are what they were.
bool PolicyLists::renew(SetState& set) {
  if (set.known == Known::nothing) find_parts(set);
  set.known = Known::lists;
  std::sort(set.parts.begin(), set.parts.end(),
            [](const Part* a, const Part* b) { return PolicySorter::less(*a->tier, *b->tier); });
  auto lists = std::make_shared<TierLists>();
  lists->normal.reserve(set.parts.size());
  for (const Part* part : set.parts) lists->append(part->lists);
  if (set.lists && *set.lists == *lists) return false;
  set.lists = std::move(lists);
  return true;
}

void PolicyLists::find_parts(SetState& set) {
  Policies& ordered = ordered_;
  ordered.clear();
  for (const Policy policy : set.policies) {
    asked_[policy] = 1;
    if (places_[policy]) ordered.push_back(policy);
  }
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
}

const PolicyLists::Part* PolicyLists::part_of(const Policies& ordered) {
  auto& part = parts_[ordered];
  if (!part) part = std::make_unique<Part>();
  if (part->stale) make(*part, ordered);
  return part.get();
}

// A list of the tier that is equal to the one before stays that one.
void PolicyLists::make(Part& part, const Policies& ordered) {
  part.tier = places_[ordered.front()]->tier;
  part.default_action = part.tier->default_action;
  part.stale = false;
  AppliedTier applied{part.tier->name, part.default_action, {}};
  for (const Policy policy : ordered)
    applied.policies.push_back({numbers_.key(policy), places_[policy]->meta});
  const TierLists before = std::exchange(part.lists, lists_of(applied));
  part.lists.keep_equal(before);
}

// Sets that no endpoint has are forgotten once they are most: the next event may need them again.
void PolicyLists::sweep() {
  if (by_policies_.size() <= 2 * used_ + 64) return;
  std::vector<char> used(places_.size(), 0);
  for (Set number = 0; number < sets_.size(); ++number) {
    SetState& set = sets_[number];
    set.last_outcome = none;
    if (set.endpoints > 0) {
      for (const Policy policy : set.policies) used[policy] = 1;
    } else if (!set.policies.empty()) {
      by_policies_.erase(set.policies);
      set = SetState();
      vacant_.push_back(number);
    }
  }
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
