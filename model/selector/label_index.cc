// SPDX-License-Identifier: Apache-2.0
#include "model/selector/label_index.h"

#include "felixsim/check.h"
#include "model/selector/label_classes.h"
#include "model/selector/selector_candidates.h"

namespace felixsim {

using selector::ClassId;
using selector::LabelClass;
using selector::no_class;

struct LabelIndex::Impl {
  struct Place {
    ClassId id = no_class;
    uint32_t position = 0;  // among the class's items
  };

  selector::LabelClasses classes;
  selector::SelectorCandidates candidates;
  std::vector<SelectorPtr> selectors;  // by slot
  std::vector<Place> items;            // by item

  Slots matching_selectors(const LabelClass& of) const {
    LabelMap scratch;
    const LabelMap& labels = classes.effective_labels(of, scratch);
    Slots found;
    candidates.find(labels, found);
    std::erase_if(found, [&](Slot slot) { return !selectors[slot]->matches(labels); });
    std::sort(found.begin(), found.end());
    return found;
  }

  ClassId class_of(Item item) const { return item < items.size() ? items[item].id : no_class; }

  void put(Item item, ClassId id) {
    if (item >= items.size()) items.resize(item + 1);
    auto& members = classes[id].items;
    items[item] = {id, static_cast<uint32_t>(members.size())};
    members.push_back(item);
  }

  void take(Item item) {
    auto& members = classes[items[item].id].items;
    const Item last = members.back();
    members[items[item].position] = last;
    items[last].position = items[item].position;
    members.pop_back();
    items[item] = {};
  }

  void remove_if_empty(ClassId id) {
    if (classes[id].items.empty()) classes.remove(id);
  }
};

LabelIndex::LabelIndex() : impl_(std::make_unique<Impl>()) {}
LabelIndex::LabelIndex(LabelIndex&&) noexcept = default;
LabelIndex& LabelIndex::operator=(LabelIndex&&) noexcept = default;
LabelIndex::~LabelIndex() = default;

void LabelIndex::update_item(Item item, const Labels& labels, const std::vector<Symbol>& parents,
                             const OnChange& on_change) {
  static const Slots none;
  const ClassId old = impl_->class_of(item);
  const auto [id, is_new] = impl_->classes.find_or_add(labels, parents);
  auto& now = impl_->classes[id];
  if (is_new) now.matches = impl_->matching_selectors(now);
  if (old == id) return on_change(item, now.matches, now.matches);
  if (old != no_class) impl_->take(item);
  impl_->put(item, id);
  on_change(item, old == no_class ? none : impl_->classes[old].matches, now.matches);
  if (old != no_class) impl_->remove_if_empty(old);
}

void LabelIndex::remove_item(Item item, const OnChange& on_change) {
  static const Slots none;
  const ClassId old = impl_->class_of(item);
  if (old == no_class) return;
  impl_->take(item);
  on_change(item, impl_->classes[old].matches, none);
  impl_->remove_if_empty(old);
}

void LabelIndex::update_parent(Symbol parent, const Labels& labels,
                               const OnClassChange& on_change) {
  for (const ClassId id : impl_->classes.set_parent_labels(parent, labels)) {
    auto& changed = impl_->classes[id];
    const Slots before = std::exchange(changed.matches, impl_->matching_selectors(changed));
    if (before != changed.matches) on_change(changed.items, before, changed.matches);
  }
}

void LabelIndex::add_selector(Slot slot, const SelectorPtr& selector, const OnItems& on_match) {
  auto& selectors = impl_->selectors;
  if (slot >= selectors.size()) selectors.resize(slot + 1);
  FELIXSIM_CHECK(!selectors[slot] && selector);
  selectors[slot] = selector;
  const auto restrictions = selector->restrictions();
  impl_->candidates.add(slot, restrictions);
  for (const ClassId id : impl_->classes.candidates(restrictions)) {
    auto& candidate = impl_->classes[id];
    const auto find = [&](Symbol name) { return impl_->classes.find_label(candidate, name); };
    if (!selector->matches(LabelLookup(find))) continue;
    auto& matches = candidate.matches;
    matches.insert(std::lower_bound(matches.begin(), matches.end(), slot), slot);
    on_match(candidate.items);
  }
}

void LabelIndex::remove_selector(Slot slot, const OnItems& on_unmatch) {
  FELIXSIM_CHECK(slot < impl_->selectors.size() && impl_->selectors[slot]);
  const auto selector = std::exchange(impl_->selectors[slot], nullptr);
  impl_->candidates.remove(slot);
  for (const ClassId id : impl_->classes.candidates(selector->restrictions())) {
    auto& matches = impl_->classes[id].matches;
    const auto found = std::lower_bound(matches.begin(), matches.end(), slot);
    if (found == matches.end() || *found != slot) continue;
    matches.erase(found);
    on_unmatch(impl_->classes[id].items);
  }
}

const LabelIndex::Slots& LabelIndex::matches(Item item) const {
  static const Slots none;
  const ClassId id = impl_->class_of(item);
  return id == no_class ? none : impl_->classes[id].matches;
}

bool LabelIndex::has_item(Item item) const { return impl_->class_of(item) != no_class; }

void LabelIndex::visit_matches(Slot slot, const OnItems& visit) const {
  FELIXSIM_CHECK(slot < impl_->selectors.size() && impl_->selectors[slot]);
  for (const ClassId id : impl_->classes.candidates(impl_->selectors[slot]->restrictions())) {
    const auto& candidate = impl_->classes[id];
    if (std::binary_search(candidate.matches.begin(), candidate.matches.end(), slot))
      visit(candidate.items);
  }
}

size_t LabelIndex::items_with_parent(Symbol parent) const {
  return impl_->classes.items_with_parent(parent);
}

size_t LabelIndex::class_count() const { return impl_->classes.size(); }

}  // namespace felixsim
