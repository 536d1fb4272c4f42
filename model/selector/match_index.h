// SPDX-License-Identifier: Apache-2.0
// A LabelIndex whose items and selectors are known by keys, and which tells matches one pair at a
// time: what the active rules calculator asks of felix/labelindex InheritIndex.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "felixsim/check.h"
#include "model/selector/label_index.h"

namespace felixsim {

// Hands out small numbers for keys; a released number is used again.
template <class Key>
class KeyNumbers {
 public:
  uint32_t get_or_add(const Key& key) {
    const auto [entry, added] = numbers_.try_emplace(key, 0);
    if (!added) return entry->second;
    if (free_.empty()) {
      entry->second = static_cast<uint32_t>(keys_.size());
      keys_.push_back(key);
    } else {
      entry->second = free_.back();
      free_.pop_back();
      keys_[entry->second] = key;
    }
    return entry->second;
  }
  std::optional<uint32_t> find(const Key& key) const {
    const auto entry = numbers_.find(key);
    return entry == numbers_.end() ? std::nullopt : std::optional(entry->second);
  }
  const Key& key(uint32_t number) const { return keys_[number]; }
  void release(const Key& key) {
    const auto entry = numbers_.find(key);
    FELIXSIM_CHECK(entry != numbers_.end());
    free_.push_back(entry->second);
    numbers_.erase(entry);
  }
  size_t size() const { return numbers_.size(); }

 private:
  absl::flat_hash_map<Key, uint32_t> numbers_;
  std::vector<Key> keys_;
  std::vector<uint32_t> free_;
};

// Keys need operator== and AbslHashValue. Callbacks must not change the index. Of the matches of
// one call, those that stop are told before those that start.
template <class ItemKey, class SelectorKey>
class MatchIndex {
 public:
  using OnMatch = std::function<void(const SelectorKey&, const ItemKey&)>;

  MatchIndex(OnMatch on_started, OnMatch on_stopped)
      : on_started_(std::move(on_started)), on_stopped_(std::move(on_stopped)) {}

  // Adds or replaces an item's own labels and its parents, nearest first.
  void update_labels(const ItemKey& id, const Labels& labels, const std::vector<Symbol>& parents) {
    index_.update_item(items_.get_or_add(id), labels, parents, tell_changes());
  }
  void delete_labels(const ItemKey& id) {
    const auto item = items_.find(id);
    if (!item) return;
    index_.remove_item(*item, tell_changes());
    items_.release(id);
  }

  // A parent that was never updated, or was deleted, has no labels.
  void update_parent(Symbol parent, const Labels& labels) {
    index_.update_parent(parent, labels,
                         [this](const LabelIndex::Items& changed, const LabelIndex::Slots& before,
                                const LabelIndex::Slots& after) {
                           for (const auto item : changed) tell_change(item, before, after);
                         });
  }
  void delete_parent(Symbol parent) { update_parent(parent, nullptr); }

  void update_selector(const SelectorKey& id, const SelectorPtr& selector) {
    if (const auto old = selectors_.find(id)) {
      if (*current_[*old] == *selector) return;
      replace_selector(id, *old, selector);
      return;
    }
    const auto slot = selectors_.get_or_add(id);
    if (slot >= current_.size()) current_.resize(slot + 1);
    current_[slot] = selector;
    index_.add_selector(slot, selector, [&](const LabelIndex::Items& matched) {
      for (const auto item : matched) on_started_(id, items_.key(item));
    });
  }
  void delete_selector(const SelectorKey& id) {
    const auto slot = selectors_.find(id);
    if (!slot) return;
    index_.remove_selector(*slot, [&](const LabelIndex::Items& matched) {
      for (const auto item : matched) on_stopped_(id, items_.key(item));
    });
    current_[*slot] = nullptr;
    selectors_.release(id);
  }

 private:
  LabelIndex::OnChange tell_changes() {
    return [this](LabelIndex::Item item, const LabelIndex::Slots& before,
                  const LabelIndex::Slots& after) { tell_change(item, before, after); };
  }

  void tell_change(LabelIndex::Item item, const LabelIndex::Slots& before,
                   const LabelIndex::Slots& after) const {
    tell_only_in(before, after, item, on_stopped_);
    tell_only_in(after, before, item, on_started_);
  }

  void tell_only_in(const LabelIndex::Slots& these, const LabelIndex::Slots& those,
                    LabelIndex::Item item, const OnMatch& tell) const {
    LabelIndex::Slots only;
    std::set_difference(these.begin(), these.end(), those.begin(), those.end(),
                        std::back_inserter(only));
    for (const auto slot : only) tell(selectors_.key(slot), items_.key(item));
  }

  // What matches both the old and the new selector is not told.
  void replace_selector(const SelectorKey& id, LabelIndex::Slot slot, const SelectorPtr& selector) {
    LabelIndex::Items before, after;
    index_.remove_selector(slot, [&](const LabelIndex::Items& matched) {
      before.insert(before.end(), matched.begin(), matched.end());
    });
    current_[slot] = selector;
    index_.add_selector(slot, selector, [&](const LabelIndex::Items& matched) {
      after.insert(after.end(), matched.begin(), matched.end());
    });
    std::sort(before.begin(), before.end());
    std::sort(after.begin(), after.end());
    LabelIndex::Items stopped, started;
    std::set_difference(before.begin(), before.end(), after.begin(), after.end(),
                        std::back_inserter(stopped));
    std::set_difference(after.begin(), after.end(), before.begin(), before.end(),
                        std::back_inserter(started));
    for (const auto item : stopped) on_stopped_(id, items_.key(item));
    for (const auto item : started) on_started_(id, items_.key(item));
  }

  OnMatch on_started_, on_stopped_;
  LabelIndex index_;
  KeyNumbers<ItemKey> items_;
  KeyNumbers<SelectorKey> selectors_;
  std::vector<SelectorPtr> current_;  // by slot
};

}  // namespace felixsim
