// SPDX-License-Identifier: Apache-2.0
#include "model/calc/policy_sorter.h"

namespace felixsim::calc {

void PolicySorter::update_tier(Symbol name, const Tier* tier) {
  const auto it = tiers_.find(name);
  if (tier) {
    auto& slot = it != tiers_.end() ? it->second : tiers_[name];
    if (!slot) slot = std::make_unique<TierState>();
    slot->name = name;
    slot->valid = true;
    slot->order = tier->order;
    slot->default_action = tier->default_action;
    return;
  }
  if (it == tiers_.end()) return;
  it->second->valid = false;
  it->second->order.reset();
  if (it->second->policies == 0) tiers_.erase(it);
}

void PolicySorter::leave(const Place& place) {
  if (--place.tier->policies == 0 && !place.tier->valid) tiers_.erase(place.tier->name);
}

bool PolicySorter::update_policy(const PolicyKey& key, const PolicyMeta& meta) {
  auto [it, inserted] = places_.try_emplace(key);
  if (!inserted && it->second.meta == meta) return false;
  auto& slot = tiers_[meta.tier];
  if (!slot) {
    slot = std::make_unique<TierState>();
    slot->name = meta.tier;
  }
  TierState* const tier = slot.get();
  ++tier->policies;  // before the old place is left: the tier may be the same
  if (inserted)
    it->second.tie_break = fmt::format("{}/{}/{}", key.name.str(), key.ns.str(), key.kind.str());
  else
    leave(it->second);
  it->second.tier = tier;
  it->second.meta = meta;
  return true;
}

bool PolicySorter::remove_policy(const PolicyKey& key) {
  const auto it = places_.find(key);
  if (it == places_.end()) return false;
  leave(it->second);
  places_.erase(it);
  return true;
}

bool PolicySorter::tier_less(const TierState& a, const TierState& b) {
  if (a.valid != b.valid) return a.valid;
  if (a.order.has_value() != b.order.has_value()) return a.order.has_value();
  if (a.order != b.order) return *a.order < *b.order;
  return a.name < b.name;
}

bool PolicySorter::policy_less(const Place& a, const Place& b) {
  if (a.meta.order != b.meta.order) return a.meta.order < b.meta.order;
  return a.tie_break < b.tie_break;
}

std::vector<AppliedTier> PolicySorter::sorted(const std::vector<PolicyKey>& keys) const {
  std::vector<std::pair<const PolicyKey*, const Place*>> found;
  found.reserve(keys.size());
  for (const PolicyKey& key : keys)
    if (const auto it = places_.find(key); it != places_.end())
      found.emplace_back(&it->first, &it->second);
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    if (a.second->tier != b.second->tier) return tier_less(*a.second->tier, *b.second->tier);
    return policy_less(*a.second, *b.second);
  });
  std::vector<AppliedTier> tiers;
  for (const auto& [key, place] : found) {
    if (tiers.empty() || tiers.back().name != place->tier->name)
      tiers.push_back({place->tier->name, place->tier->default_action, {}});
    tiers.back().policies.push_back({*key, place->meta});
  }
  return tiers;
}

}  // namespace felixsim::calc
