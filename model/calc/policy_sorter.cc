// SPDX-License-Identifier: Apache-2.0
#include "model/calc/policy_sorter.h"

namespace felixsim::calc {

bool PolicySorter::update_tier(Symbol name, const Tier* tier) {
  const auto it = tiers_.find(name);
  if (tier) {
    auto& slot = it != tiers_.end() ? it->second : tiers_[name];
    if (!slot) slot = std::make_unique<TierState>();
    const TierState before = *slot;
    slot->name = name;
    slot->valid = true;
    slot->order = tier->order;
    slot->default_action = tier->default_action;
    return *slot != before;
  }
  if (it == tiers_.end()) return false;
  it->second->valid = false;
  it->second->order.reset();
  if (it->second->policies == 0) tiers_.erase(it);
  return true;
}

void PolicySorter::leave(const Place& place) {
  if (--place.tier->policies == 0 && !place.tier->valid) tiers_.erase(place.tier->name);
}

bool PolicySorter::update_policy(const PolicyKey& key, const PolicyMeta& meta) {
  auto& place = places_[key];
  if (place && place->meta == meta) return false;
  auto& slot = tiers_[meta.tier];
  if (!slot) {
    slot = std::make_unique<TierState>();
    slot->name = meta.tier;
  }
  TierState* const tier = slot.get();
  ++tier->policies;  // before the old place is left: the tier may be the same
  if (place) {
    leave(*place);
  } else {
    place = std::make_unique<Place>();
    place->tie_break = fmt::format("{}/{}/{}", key.name.str(), key.ns.str(), key.kind.str());
  }
  place->tier = tier;
  place->meta = meta;
  return true;
}

bool PolicySorter::remove_policy(const PolicyKey& key) {
  const auto it = places_.find(key);
  if (it == places_.end()) return false;
  leave(*it->second);
  places_.erase(it);
  return true;
}

const PolicySorter::Place* PolicySorter::find(const PolicyKey& key) const {
  const auto it = places_.find(key);
  return it == places_.end() ? nullptr : it->second.get();
}

const PolicySorter::TierState* PolicySorter::find_tier(Symbol name) const {
  const auto it = tiers_.find(name);
  return it == tiers_.end() ? nullptr : it->second.get();
}

bool PolicySorter::less(const Place& a, const Place& b) {
  if (a.tier == b.tier)
    return a.meta.order != b.meta.order ? a.meta.order < b.meta.order : a.tie_break < b.tie_break;
  return less(*a.tier, *b.tier);
}

bool PolicySorter::less(const TierState& a, const TierState& b) {
  if (a.valid != b.valid) return a.valid;
  if (a.order.has_value() != b.order.has_value()) return a.order.has_value();
  if (a.order != b.order) return *a.order < *b.order;
  return a.name < b.name;
}

}  // namespace felixsim::calc
