// SPDX-License-Identifier: Apache-2.0
#include "model/calc/policy_lists.h"

#include <algorithm>

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
  // What only one endpoint has is hardly asked again.
  const bool remembered = toggles.size() == 1 && (set == none || sets_[set].endpoints > 1);
  if (remembered)
    if (const auto known = toggled_.find({set, toggles.front()}); known != toggled_.end())
      return known->second;
  Policies policies = sets_[set].policies;
  for (const Policy policy : toggles) {
    const auto at = std::lower_bound(policies.begin(), policies.end(), policy);
    if (at != policies.end() && *at == policy)
      policies.erase(at);
    else
      policies.insert(at, policy);
  }
  const Set other = number_of(std::move(policies));
  if (remembered) {
    toggled_[{set, toggles.front()}] = other;
    toggled_[{other, toggles.front()}] = set;
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
  if (set.stale) fresh_.push_back(to);
}

void PolicyLists::on_policy(const PolicyKey& policy) {
  const auto number = numbers_.find(policy);
  if (!number) return;
  places_[*number] = sorter_.find(policy);
  if (asked_[*number] != 0) changed_policies_.push_back(*number);
}

std::vector<PolicyLists::Set> PolicyLists::refresh() {
  std::vector<Set> changed;
  if (!changed_policies_.empty() || !changed_tiers_.empty()) mark_stale();
  for (const Set set : fresh_)
    if (sets_[set].stale && sets_[set].endpoints > 0 && renew(sets_[set])) changed.push_back(set);
  fresh_.clear();
  sweep();
  std::sort(changed.begin(), changed.end());
  return changed;
}

// Forgets the tiers in which something changed, and finds the sets that have them.
void PolicyLists::mark_stale() {
  std::vector<char> changed(places_.size(), 0);
  for (const Policy policy : changed_policies_) changed[policy] = 1;
  for (Policy policy = 0; policy < places_.size() && !changed_tiers_.empty(); ++policy)
    if (places_[policy] && changed_tiers_.contains(places_[policy]->tier->name))
      changed[policy] = 1;
  const auto concerned = [&](const Policies& policies) {
    return std::any_of(policies.begin(), policies.end(),
                       [&](Policy policy) { return changed[policy] != 0; });
  };
  absl::erase_if(tiers_, [&](const auto& entry) { return concerned(entry.first); });
  for (Set number = 0; number < sets_.size(); ++number) {
    SetState& set = sets_[number];
    if (!concerned(set.policies)) continue;
    set.stale = true;
    if (set.endpoints > 0) fresh_.push_back(number);
  }
  changed_policies_.clear();
  changed_tiers_.clear();
}

// False: its lists are what they were.
bool PolicyLists::renew(SetState& set) {
  set.stale = false;
  Policies& ordered = ordered_;
  ordered.clear();
  for (const Policy policy : set.policies) {
    asked_[policy] = 1;
    if (places_[policy]) ordered.push_back(policy);
  }
  std::sort(ordered.begin(), ordered.end(),
            [this](Policy a, Policy b) { return PolicySorter::less(*places_[a], *places_[b]); });
  auto lists = std::make_shared<TierLists>();
  for (auto begin = ordered.begin(); begin != ordered.end();) {
    const auto* tier = places_[*begin]->tier;
    const auto end = std::find_if(begin, ordered.end(),
                                  [&](Policy policy) { return places_[policy]->tier != tier; });
    one_tier_.assign(begin, end);
    lists->append(*tier_of(one_tier_));
    begin = end;
  }
  if (set.lists && *set.lists == *lists) return false;
  set.lists = std::move(lists);
  return true;
}

const TierListsPtr& PolicyLists::tier_of(const Policies& ordered) {
  TierListsPtr& known = tiers_[ordered];
  if (known) return known;
  const auto* tier = places_[ordered.front()]->tier;
  AppliedTier applied{tier->name, tier->default_action, {}};
  for (const Policy policy : ordered)
    applied.policies.push_back({numbers_.key(policy), places_[policy]->meta});
  return known = std::make_shared<TierLists>(lists_of(applied));
}

// Sets that no endpoint has are forgotten once they are most: the next event may need them again.
void PolicyLists::sweep() {
  if (by_policies_.size() <= 2 * used_ + 64) return;
  std::vector<char> used(places_.size(), 0);
  for (Set number = 1; number < sets_.size(); ++number) {
    SetState& set = sets_[number];
    if (set.endpoints > 0) {
      for (const Policy policy : set.policies) used[policy] = 1;
    } else if (!set.policies.empty()) {
      by_policies_.erase(set.policies);
      set = SetState();
      vacant_.push_back(number);
    }
  }
  toggled_.clear();
  absl::erase_if(tiers_, [&](const auto& entry) {
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
