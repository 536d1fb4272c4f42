// SPDX-License-Identifier: Apache-2.0
// Selectors, found by the labels of an item: those that might match it. Mirrors
// felix/labelindex/labelrestrictionindex, except in the choice of the label to file a selector
// under, which decides speed alone: Felix takes the one that sorts last, this takes the one that
// the fewest selectors are filed under, so that a label common to all does not attract them all.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "model/selector/selector.h"
#include "model/selector/symbol_hash.h"

namespace felixsim::selector {

class SelectorCandidates {
 public:
  using Slot = uint32_t;

  // `slot` must be free.
  void add(Slot slot, const LabelRestrictions& restrictions);
  void remove(Slot slot);

  // Appends every selector that might match an item with exactly these labels; each once.
  void find(const LabelMap& labels, std::vector<Slot>& out) const;

 private:
  using Bucket = std::vector<Slot>;
  enum class Kind : uint8_t { nowhere, everywhere, by_label, by_value };
  struct Place {  // where a selector is filed; nowhere: it is not known or cannot match anything
    Kind kind = Kind::nowhere;
    Symbol label;
    std::vector<Symbol> values;
  };

  Place choose_place(const LabelRestrictions& restrictions) const;
  size_t crowd(Symbol label, const LabelRestriction& restriction) const;

  absl::flat_hash_map<Symbol, Bucket, SymbolHash> by_label_;  // the label must be there
  absl::flat_hash_map<std::pair<Symbol, Symbol>, Bucket, SymbolHash> by_value_;
  Bucket everywhere_;          // no restriction to file under
  std::vector<Place> places_;  // by slot
};

}  // namespace felixsim::selector
