// SPDX-License-Identifier: Apache-2.0
// A LabelIndex whose items and selectors are known by keys, and which tells matches as they come
// and go: what the active rules calculator asks of felix/labelindex InheritIndex.
#pragma once

#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "felixsim/check.h"
#include "model/selector/label_index.h"

namespace felixsim {

// Hands out small numbers for keys; a released number is used again. Keeps each key once.
template <class Key>
class KeyNumbers {
 public:
  KeyNumbers() : numbers_(0, Hash{&keys_}, Equal{&keys_}) {}
  KeyNumbers(const KeyNumbers&) = delete;
  KeyNumbers& operator=(const KeyNumbers&) = delete;

  uint32_t get_or_add(const Key& key) {
    if (const auto known = numbers_.find(key); known != numbers_.end()) return *known;
    auto number = static_cast<uint32_t>(keys_.size());
    if (free_.empty()) {
      keys_.push_back(key);
    } else {
      number = free_.back();
      free_.pop_back();
      keys_[number] = key;
    }
    numbers_.insert(number);
    return number;
  }
  std::optional<uint32_t> find(const Key& key) const {
    const auto known = numbers_.find(key);
    return known == numbers_.end() ? std::nullopt : std::optional(*known);
  }
  const Key& key(uint32_t number) const { return keys_[number]; }
  void release(const Key& key) {
    const auto known = numbers_.find(key);
    FELIXSIM_CHECK(known != numbers_.end());
    free_.push_back(*known);
    numbers_.erase(known);
  }
  size_t size() const { return numbers_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    const std::vector<Key>* keys;
    size_t operator()(uint32_t number) const { return absl::HashOf((*keys)[number]); }
    size_t operator()(const Key& key) const { return absl::HashOf(key); }
  };
  struct Equal {
    using is_transparent = void;
    const std::vector<Key>* keys;
    bool operator()(uint32_t a, uint32_t b) const { return a == b; }
    bool operator()(uint32_t number, const Key& key) const { return (*keys)[number] == key; }
    bool operator()(const Key& key, uint32_t number) const { return (*keys)[number] == key; }
  };

  std::vector<Key> keys_;
  absl::flat_hash_set<uint32_t, Hash, Equal> numbers_;
  std::vector<uint32_t> free_;
};

// Keys need operator== and AbslHashValue. Callbacks must not change the index. Of the matches of
// one call, those that stop are told before those that start: item by item where labels changed,
// all at once where a selector did.
template <class ItemKey, class SelectorKey>
class MatchIndex {
 public:
  // Called with the numbers of items, at least one.
  using OnMatch = std::function<void(const SelectorKey&, std::span<const LabelIndex::Item>)>;

  // `items` has a number for every item of the index, and nothing else. One that is removed keeps
  // its number while that is told.
  MatchIndex(KeyNumbers<ItemKey>& items, OnMatch on_started, OnMatch on_stopped)
      : items_(items), on_started_(std::move(on_started)), on_stopped_(std::move(on_stopped)) {}

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
    LabelIndex::Items started;
    index_.add_selector(slot, selector, append_to(started));
    tell(on_started_, id, started);
  }
  void delete_selector(const SelectorKey& id) {
    const auto slot = selectors_.find(id);
    if (!slot) return;
    LabelIndex::Items stopped;
    index_.remove_selector(*slot, append_to(stopped));
    tell(on_stopped_, id, stopped);
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
    for (const auto slot : only) tell(selectors_.key(slot), {&item, 1});
  }

  static LabelIndex::OnItems append_to(LabelIndex::Items& out) {
    return [&out](const LabelIndex::Items& items) {
      out.insert(out.end(), items.begin(), items.end());
    };
  }

  static void tell(const OnMatch& on_match, const SelectorKey& id, const LabelIndex::Items& items) {
    if (!items.empty()) on_match(id, items);
  }

  // What matches both the old and the new selector is not told.
  void replace_selector(const SelectorKey& id, LabelIndex::Slot slot, const SelectorPtr& selector) {
    LabelIndex::Items before, after;
    index_.remove_selector(slot, append_to(before));
    current_[slot] = selector;
    index_.add_selector(slot, selector, append_to(after));
    std::sort(before.begin(), before.end());
    std::sort(after.begin(), after.end());
    LabelIndex::Items stopped, started;
    std::set_difference(before.begin(), before.end(), after.begin(), after.end(),
                        std::back_inserter(stopped));
    std::set_difference(after.begin(), after.end(), before.begin(), before.end(),
                        std::back_inserter(started));
    tell(on_stopped_, id, stopped);
    tell(on_started_, id, started);
  }

  KeyNumbers<ItemKey>& items_;
  OnMatch on_started_, on_stopped_;
  LabelIndex index_;
  KeyNumbers<SelectorKey> selectors_;
  std::vector<SelectorPtr> current_;  // by slot
};

}  // namespace felixsim
