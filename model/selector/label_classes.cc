// SPDX-License-Identifier: Apache-2.0
#include "model/selector/label_classes.h"

#include <memory>
#include <utility>

#include "felixsim/check.h"

namespace felixsim::selector {
namespace {

const LabelMap& or_none(const Labels& labels) {
  static const LabelMap none;
  return labels ? *labels : none;
}

std::vector<Symbol> each_once(const std::vector<Symbol>& symbols) {
  std::vector<Symbol> out;
  for (const Symbol symbol : symbols)
    if (std::find(out.begin(), out.end(), symbol) == out.end()) out.push_back(symbol);
  return out;
}

size_t hash_of(const LabelMap& own, const std::vector<Symbol>* parents) {
  size_t hash = absl::HashOf(own.size(), parents);
  for (const auto& [key, value] : own) hash = absl::HashOf(hash, key.hash(), value.hash());
  return hash;
}

}  // namespace

bool LabelClasses::Equal::operator()(ClassId id, const View& view) const {
  const auto& known = (*classes)[id];
  return known.hash == view.hash && known.parents == view.parents && or_none(known.own) == view.own;
}

LabelClasses::LabelClasses() : ids_(0, Hash{&classes_}, Equal{&classes_}) {}

LabelClasses::Found LabelClasses::find_or_add(const Labels& own,
                                              const std::vector<Symbol>& parents) {
  const auto* distinct_parents = &*parent_lists_.insert(each_once(parents)).first;
  const View view{or_none(own), distinct_parents, hash_of(or_none(own), distinct_parents)};
  if (const auto found = ids_.find(view); found != ids_.end()) return {*found, false};
  ClassId id = static_cast<ClassId>(classes_.size());
  if (free_.empty()) {
    classes_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  auto& added = classes_[id];
  added.own = own && !own->empty() ? own : nullptr;
  added.parents = distinct_parents;
  added.hash = view.hash;
  LabelMap scratch;
  file(id, effective_labels(added, scratch));
  ids_.insert(id);
  return {id, true};
}

void LabelClasses::remove(ClassId id) {
  FELIXSIM_CHECK(classes_[id].items.empty());
  LabelMap scratch;
  unfile(id, effective_labels(classes_[id], scratch));
  for (const Symbol parent : *classes_[id].parents) {
    const auto entry = parents_.find(parent);
    if (entry->second.children.empty() && !entry->second.labels) parents_.erase(entry);
  }
  ids_.erase(id);
  std::destroy_at(&classes_[id]);
  std::construct_at(&classes_[id]);
  free_.push_back(id);
}

const Symbol* LabelClasses::find_label(const LabelClass& of, Symbol name) const {
  if (of.own)
    if (const Symbol* value = felixsim::find_label(*of.own, name)) return value;
  for (const Symbol parent : *of.parents) {
    const auto entry = parents_.find(parent);
    if (entry == parents_.end() || !entry->second.labels) continue;
    if (const Symbol* value = felixsim::find_label(*entry->second.labels, name)) return value;
  }
  return nullptr;
}

const LabelMap& LabelClasses::effective_labels(const LabelClass& of, LabelMap& scratch) const {
  bool merged = false;
  for (const Symbol parent : *of.parents) {
    const auto entry = parents_.find(parent);
    if (entry == parents_.end() || !entry->second.labels) continue;
    if (!std::exchange(merged, true)) scratch = or_none(of.own);
    const auto nearer = static_cast<ptrdiff_t>(scratch.size());
    for (const auto& label : *entry->second.labels)
      // Labels of nearer parents are sorted, as are the own ones: the new ones come behind them.
      if (!std::binary_search(scratch.begin(), scratch.begin() + nearer, label,
                              [](const auto& a, const auto& b) { return a.first < b.first; }))
        scratch.push_back(label);
    std::inplace_merge(scratch.begin(), scratch.begin() + nearer, scratch.end());
  }
  return merged ? scratch : or_none(of.own);
}

void LabelClasses::append(Postings& postings, ClassId id, uint32_t index) {
  classes_[id].places[index] = static_cast<uint32_t>(postings.size());
  postings.push_back({id, index});
}

void LabelClasses::take_out(Postings& postings, uint32_t place) {
  const Posting last = postings.back();
  postings[place] = last;
  classes_[last.id].places[last.index] = place;
  postings.pop_back();
}

void LabelClasses::file(ClassId id, const LabelMap& effective) {
  auto& filed = classes_[id];
  filed.places.resize(effective.size() + filed.parents->size());
  uint32_t index = 0;
  for (const auto& [name, value] : effective) {
    auto& postings = by_label_[name];
    ++postings.count;
    append(postings.by_value[value], id, index++);
  }
  for (const Symbol parent : *filed.parents) append(parents_[parent].children, id, index++);
}

void LabelClasses::unfile(ClassId id, const LabelMap& effective) {
  const auto& filed = classes_[id];
  size_t index = 0;
  for (const auto& [name, value] : effective) {
    const auto by_name = by_label_.find(name);
    const auto by_value = by_name->second.by_value.find(value);
    take_out(by_value->second, filed.places[index++]);
    if (by_value->second.empty()) by_name->second.by_value.erase(by_value);
    if (--by_name->second.count == 0) by_label_.erase(by_name);
  }
  for (const Symbol parent : *filed.parents)
    take_out(parents_.find(parent)->second.children, filed.places[index++]);
}

std::vector<ClassId> LabelClasses::set_parent_labels(Symbol parent, const Labels& labels) {
  auto& entry = parents_[parent];
  std::vector<ClassId> changed;
  for (const auto& child : entry.children) changed.push_back(child.id);
  std::sort(changed.begin(), changed.end());
  const Labels old = std::exchange(entry.labels, labels && !labels->empty() ? labels : nullptr);
  if (changed.empty() && !entry.labels) parents_.erase(parent);
  LabelMap before_scratch, after_scratch;
  std::erase_if(changed, [&](ClassId id) {
    Labels now = std::exchange(entry.labels, old);
    const LabelMap& before = effective_labels(classes_[id], before_scratch);
    std::swap(entry.labels, now);
    const LabelMap& after = effective_labels(classes_[id], after_scratch);
    if (before == after) return true;
    unfile(id, before);
    file(id, after);
    return false;
  });
  return changed;
}

size_t LabelClasses::items_with_parent(Symbol parent) const {
  const auto entry = parents_.find(parent);
  size_t count = 0;
  if (entry != parents_.end())
    for (const auto& child : entry->second.children) count += classes_[child.id].items.size();
  return count;
}

size_t LabelClasses::estimate(Symbol label, const LabelRestriction& restriction) const {
  if (!restriction.satisfiable()) return 0;
  if (!restriction.must_be_present) return ids_.size();
  const auto by_name = by_label_.find(label);
  if (by_name == by_label_.end()) return 0;
  if (!restriction.must_have_one_of) return by_name->second.count;
  size_t count = 0;
  for (const Symbol value : *restriction.must_have_one_of)
    if (const auto found = by_name->second.by_value.find(value);
        found != by_name->second.by_value.end())
      count += found->second.size();
  return count;
}

std::vector<ClassId> LabelClasses::candidates(const LabelRestrictions& restrictions) const {
  const std::pair<const Symbol, LabelRestriction>* best = nullptr;
  size_t best_estimate = ids_.size();
  for (const auto& entry : restrictions) {
    const size_t count = estimate(entry.first, entry.second);
    if (count == 0) return {};
    if (count >= best_estimate) continue;
    best = &entry;
    best_estimate = count;
  }
  std::vector<ClassId> found;
  found.reserve(best_estimate);
  const auto add = [&](const Postings& postings) {
    for (const auto& posting : postings) found.push_back(posting.id);
  };
  if (!best) {
    for (ClassId id = 0; id < classes_.size(); ++id)
      if (!classes_[id].items.empty()) found.push_back(id);
  } else if (const auto& by_value = by_label_.find(best->first)->second.by_value;
             best->second.must_have_one_of) {
    for (const Symbol value : *best->second.must_have_one_of)
      if (const auto postings = by_value.find(value); postings != by_value.end())
        add(postings->second);
  } else {
    for (const auto& [value, postings] : by_value) add(postings);
    std::sort(found.begin(), found.end());  // the map's order is not the same in every run
  }
  return found;
}

}  // namespace felixsim::selector
