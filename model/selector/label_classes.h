// SPDX-License-Identifier: Apache-2.0
// Classes of items with equal labels and parents, found by what they are, by the labels they end up
// with, and by their parents. The part of LabelIndex that does not know selectors.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/container/inlined_vector.h>
#include <absl/container/node_hash_set.h>

#include <cstdint>
#include <deque>
#include <vector>

#include "felixsim/resource.h"
#include "felixsim/symbol.h"
#include "model/selector/selector.h"
#include "model/selector/symbol_hash.h"

namespace felixsim::selector {

using ClassId = uint32_t;
inline constexpr ClassId no_class = UINT32_MAX;

struct LabelClass {
  Labels own;                              // null: none
  const std::vector<Symbol>* parents{};    // each once; equal lists are one
  std::vector<uint32_t> matches;           // selector slots, ascending
  absl::InlinedVector<uint32_t, 4> items;  // empty: the class does not exist
  std::vector<uint32_t> places;  // in the posting list of each effective label, then each parent
  size_t hash = 0;
};

class LabelClasses {
 public:
  LabelClasses();
  LabelClasses(const LabelClasses&) = delete;
  LabelClasses& operator=(const LabelClasses&) = delete;

  LabelClass& operator[](ClassId id) { return classes_[id]; }
  const LabelClass& operator[](ClassId id) const { return classes_[id]; }

  // The class of items like this; a new one matches nothing yet.
  struct Found {
    ClassId id;
    bool is_new;
  };
  Found find_or_add(const Labels& own, const std::vector<Symbol>& parents);
  void remove(ClassId id);  // must have no items

  // Sets a parent's labels and returns the classes whose effective labels changed thereby.
  std::vector<ClassId> set_parent_labels(Symbol parent, const Labels& labels);
  size_t items_with_parent(Symbol parent) const;

  // Own and inherited labels, as a lookup and as a list: made each time, as most classes have
  // labels of their own, and kept they would weigh more than the rest of a class. A list that has
  // to be made is put into `scratch`.
  const Symbol* find_label(const LabelClass& of, Symbol name) const;
  const LabelMap& effective_labels(const LabelClass& of, LabelMap& scratch) const;

  // Classes that might satisfy the restrictions; each once, in an order that is the same in every
  // run.
  std::vector<ClassId> candidates(const LabelRestrictions& restrictions) const;

  size_t size() const { return ids_.size(); }

 private:
  struct Posting {
    ClassId id;
    uint32_t index;  // into the class's places
  };
  using Postings = std::vector<Posting>;
  struct NamePostings {
    absl::flat_hash_map<Symbol, Postings, SymbolHash> by_value;
    size_t count = 0;
  };
  struct Parent {
    Labels labels;
    Postings children;
  };
  struct View {
    const LabelMap& own;
    const std::vector<Symbol>* parents;
    size_t hash;
  };
  struct Hash {
    using is_transparent = void;
    const std::deque<LabelClass>* classes;
    size_t operator()(ClassId id) const { return (*classes)[id].hash; }
    size_t operator()(const View& view) const { return view.hash; }
  };
  struct Equal {
    using is_transparent = void;
    const std::deque<LabelClass>* classes;
    bool operator()(ClassId a, ClassId b) const { return a == b; }
    bool operator()(ClassId id, const View& view) const;
    bool operator()(const View& view, ClassId id) const { return (*this)(id, view); }
  };

  void file(ClassId id, const LabelMap& effective);
  void unfile(ClassId id, const LabelMap& effective);
  void append(Postings& postings, ClassId id, uint32_t index);
  void take_out(Postings& postings, uint32_t place);
  size_t estimate(Symbol label, const LabelRestriction& restriction) const;

  std::deque<LabelClass> classes_;
  std::vector<ClassId> free_;
  absl::flat_hash_set<ClassId, Hash, Equal> ids_;
  absl::flat_hash_map<Symbol, NamePostings, SymbolHash> by_label_;
  absl::flat_hash_map<Symbol, Parent, SymbolHash> parents_;
  absl::node_hash_set<std::vector<Symbol>> parent_lists_;  // all that ever were: few
};

}  // namespace felixsim::selector
