// SPDX-License-Identifier: Apache-2.0
#include "model/selector/selector_candidates.h"

#include "felixsim/check.h"

namespace felixsim::selector {
namespace {

using Slot = SelectorCandidates::Slot;

template <class Map, class Key>
void erase_from_bucket(Map& buckets, const Key& key, Slot slot) {
  const auto bucket = buckets.find(key);
  FELIXSIM_CHECK(bucket != buckets.end());
  std::erase(bucket->second, slot);
  if (bucket->second.empty()) buckets.erase(bucket);
}

}  // namespace

size_t SelectorCandidates::crowd(Symbol label, const LabelRestriction& restriction) const {
  size_t crowd = 0;
  for (const Symbol value : *restriction.must_have_one_of) {
    const auto bucket = by_value_.find(std::pair(label, value));
    if (bucket != by_value_.end()) crowd += bucket->second.size();
  }
  return crowd;
}

SelectorCandidates::Place SelectorCandidates::choose_place(
    const LabelRestrictions& restrictions) const {
  const std::pair<const Symbol, LabelRestriction>* best = nullptr;
  size_t best_crowd = 0;
  for (const auto& entry : restrictions) {
    const auto& restriction = entry.second;
    if (!restriction.satisfiable()) return {};
    if (!restriction.must_be_present) continue;
    const size_t crowd_here =
        restriction.must_have_one_of ? crowd(entry.first, restriction) : SIZE_MAX;
    if (best && crowd_here >= best_crowd) continue;
    best = &entry;
    best_crowd = crowd_here;
  }
  if (!best) return {Kind::everywhere, {}, {}};
  const auto& values = best->second.must_have_one_of;
  return values ? Place{Kind::by_value, best->first, *values}
                : Place{Kind::by_label, best->first, {}};
}

void SelectorCandidates::add(Slot slot, const LabelRestrictions& restrictions) {
  if (slot >= places_.size()) places_.resize(slot + 1);
  auto& place = places_[slot];
  FELIXSIM_CHECK(place.kind == Kind::nowhere);
  place = choose_place(restrictions);
  switch (place.kind) {
    case Kind::nowhere:
      break;
    case Kind::everywhere:
      everywhere_.push_back(slot);
      break;
    case Kind::by_label:
      by_label_[place.label].push_back(slot);
      break;
    case Kind::by_value:
      for (const Symbol value : place.values) by_value_[{place.label, value}].push_back(slot);
  }
}

void SelectorCandidates::remove(Slot slot) {
  FELIXSIM_CHECK(slot < places_.size());
  auto& place = places_[slot];
  switch (place.kind) {
    case Kind::nowhere:
      break;
    case Kind::everywhere:
      std::erase(everywhere_, slot);
      break;
    case Kind::by_label:
      erase_from_bucket(by_label_, place.label, slot);
      break;
    case Kind::by_value:
      for (const Symbol value : place.values)
        erase_from_bucket(by_value_, std::pair(place.label, value), slot);
  }
  place = {};
}

void SelectorCandidates::find(const LabelMap& labels, std::vector<Slot>& out) const {
  out.insert(out.end(), everywhere_.begin(), everywhere_.end());
  for (const auto& label : labels) {
    if (const auto bucket = by_label_.find(label.first); bucket != by_label_.end())
      out.insert(out.end(), bucket->second.begin(), bucket->second.end());
    if (const auto bucket = by_value_.find(label); bucket != by_value_.end())
      out.insert(out.end(), bucket->second.begin(), bucket->second.end());
  }
}

}  // namespace felixsim::selector
