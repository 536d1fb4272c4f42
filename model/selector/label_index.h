// SPDX-License-Identifier: Apache-2.0
// Which selectors match which labelled items, kept up to date as either changes, touching only what
// can be affected. An item has labels of its own and inherits those of its parents (profiles): its
// own win, then those of the first parent that has the label. Mirrors felix/labelindex
// (label_inheritance_index.go, labelnamevalueindex, labelrestrictionindex).
//
// Items with equal labels and parents are matched once: they share a class. Selectors are found by
// one label, or label and value, that they demand; classes by the labels they end up with.
#pragma once

#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "felixsim/resource.h"
#include "felixsim/symbol.h"
#include "model/selector/selector.h"

namespace felixsim {

class LabelIndex {
 public:
  // Items and selectors are known by small numbers that the caller hands out and may reuse after a
  // removal (MatchIndex does this for keys of any type).
  using Item = uint32_t;
  using Slot = uint32_t;            // of a selector
  using Slots = std::vector<Slot>;  // ascending
  // Each once, in no useful order, but the same in every run.
  using Items = absl::InlinedVector<Item, 4>;

  // Called with the slots that matched an item before and those that match it now. The vectors are
  // valid during the call, in which the index must not be changed.
  using OnChange = std::function<void(Item, const Slots& before, const Slots& after)>;
  // The same for all items of a class at once.
  using OnClassChange = std::function<void(const Items&, const Slots& before, const Slots& after)>;
  // Called with items that a new selector matches, or a removed one did: once a class.
  using OnItems = std::function<void(const Items&)>;

  LabelIndex();
  LabelIndex(LabelIndex&&) noexcept;
  LabelIndex& operator=(LabelIndex&&) noexcept;
  ~LabelIndex();

  // Adds or replaces an item; calls `on_change` exactly once, also if nothing changed.
  void update_item(Item item, const Labels& labels, const std::vector<Symbol>& parents,
                   const OnChange& on_change);
  // As an update to an item that nothing matches. Unknown items are ignored (no call).
  void remove_item(Item item, const OnChange& on_change);

  // Sets a parent's labels (null: none); calls `on_change` for every class whose matches changed.
  void update_parent(Symbol parent, const Labels& labels, const OnClassChange& on_change);

  // `slot` must be free.
  void add_selector(Slot slot, const SelectorPtr& selector, const OnItems& on_match);
  void remove_selector(Slot slot, const OnItems& on_unmatch);

  // What matches now. O(1).
  const Slots& matches(Item item) const;
  bool has_item(Item item) const;
  // The items that a selector matches: once a class.
  void visit_matches(Slot slot, const OnItems& visit) const;
  // Items that list this parent, whether it has labels or not: the number of them.
  size_t items_with_parent(Symbol parent) const;

  size_t class_count() const;  // for tests and statistics

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace felixsim
