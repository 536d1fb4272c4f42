// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/group_evaluation.h"

namespace felixsim::reach {
namespace {

constexpr size_t too_many = 8 * Bits::word_bits;  // elements: columns cost more than the whole
constexpr size_t few_groups = 32;  // finding out what changed costs more than their evaluation

std::vector<size_t> listed(const Bits& bits) {
  std::vector<size_t> out;
  for (size_t i = bits.find_first(); i != Bits::npos; i = bits.find_next(i)) out.push_back(i);
  return out;
}

}  // namespace

void GroupEvaluation::follow_headers(const std::vector<size_t>& cut_off_of) {
  const size_t before = out_.headers.size() - cut_off_of.size();
  const auto follow = [&](Bits& headers) {
    headers.resize(out_.headers.size());
    for (size_t i = 0; i < cut_off_of.size(); ++i)
      if (headers.test(cut_off_of[i])) headers.set(before + i);
  };
  for (auto& group : out_.groups)
    for (auto& part : group) follow(part.headers);
  for (auto& group : grouping_.groups())
    if (!group.stale_cells)
      for (auto& cell : group.cells) follow(cell.headers);
}

// The groups whose rules changed, and those that need only be asked about elements.
void GroupEvaluation::find_work(const EvaluationUpdate& update, size_t dirty) {
  changed_.clear();
  by_column_.clear();
  auto& groups = grouping_.groups();
  for (size_t g = 0; g < groups.size(); ++g) {
    if (groups[g].members == 0 || grouping_.is_untold(g)) continue;
    bool changed = groups[g].fresh, touched = update.any_renewed;
    for_each_policy(out_.programs[g], [&](const RuleMatches& rules) {
      changed = changed || rules.changed == update.number;
      touched = touched || rules.touched == update.number;
    });
    if (changed || (touched && dirty > too_many))
      changed_.push_back(g);
    else if (touched)
      by_column_.push_back(g);
  }
}

void GroupEvaluation::update(const EvaluationUpdate& update) {
  const size_t dirty = update.dirty.count();
  find_work(update, dirty);
  if (changed_.size() > few_groups && dirty <= too_many) {
    TierChanges changes(out_.headers, out_.addresses.live(), update.number, update.tiers);
    derive(changes, changed_, dirty);
  } else {
    for (const size_t g : changed_) evaluate_whole(g);
  }
  for (const size_t g : changed_) {
    const int from = std::exchange(grouping_.groups()[g].from, -1);
    if (from >= 0) grouping_.groups()[static_cast<size_t>(from)].heirs = 0;
  }
  if (by_column_.empty() || dirty == 0) return;
  std::vector<size_t> others;
  const std::vector<AlikeElements> alike = find_alike(update.dirty, others);
  for (const size_t g : by_column_) copy_columns(alike, cells_of(g), out_.groups[g]);
  ask_columns(by_column_, others);
}

void GroupEvaluation::evaluate_whole(size_t g) {
  Group& group = grouping_.groups()[g];
  group.fresh = group.stale_cells = false;
  cut_cells(out_.programs[g], out_.representatives[g], out_.headers, cuts_, group.cells);
  out_.groups[g] = evaluate(group.cells, out_.programs[g], out_.headers, out_.addresses.live());
}

// Cells are cut when they are asked for: an event may have changed none of what they let through.
std::vector<Cell>& GroupEvaluation::cells_of(size_t g) {
  if (grouping_.groups()[g].stale_cells) cut_again(g, Bits(out_.headers.size()));
  return grouping_.groups()[g].cells;
}

// Where nothing changed but for these headers.
void GroupEvaluation::cut_again(size_t g, const Bits& changed) {
  Group& group = grouping_.groups()[g];
  group.stale_cells = false;
  cut_cells(out_.programs[g], out_.representatives[g], out_.headers, cuts_, group.cells);
  reach::derive(group.cells, out_.programs[g], out_.headers, out_.addresses.live(), changed,
                out_.groups[g]);
}

// Takes what the group has let through from which it comes, before that is brought up to date.
void GroupEvaluation::inherit(size_t g) {
  Group& heir = grouping_.groups()[g];
  const auto from = static_cast<size_t>(heir.from);
  Group& group = grouping_.groups()[from];
  if (group.members > 0 || group.heirs > 1) {
    --group.heirs;
    out_.groups[g] = out_.groups[from];
    return;
  }
  std::swap(out_.groups[g], out_.groups[from]);
  std::swap(heir.cells, group.cells);
}

// Groups of which it can be told what changed for them keep the rest.
void GroupEvaluation::derive(TierChanges& changes, const std::vector<size_t>& changed,
                             size_t dirty) {
  std::vector<Derived> derived;
  std::vector<size_t> whole;
  for (const size_t g : changed) {
    const Group& group = grouping_.groups()[g];
    const size_t from = group.fresh ? static_cast<size_t>(group.from) : g;
    const Difference* difference = group.fresh && group.from < 0
                                       ? nullptr
                                       : changes.between(out_.programs[from], out_.programs[g]);
    if (difference && !difference->all_headers)
      derived.push_back({g, difference});
    else
      whole.push_back(g);
  }
  for (const auto& one : derived)
    if (grouping_.groups()[one.group].fresh) inherit(one.group);
  for (const size_t g : whole) evaluate_whole(g);
  for (const auto& [g, difference] : derived) {
    Group& group = grouping_.groups()[g];
    group.fresh = false;
    group.stale_cells = true;
    if (difference->headers.any()) cut_again(g, difference->headers);
    if (dirty > 0) by_column_.push_back(g);
  }
  ask_differences(derived);
}

// Of each group about the peers that may fare otherwise.
void GroupEvaluation::ask_differences(std::vector<Derived>& derived) {
  std::stable_sort(derived.begin(), derived.end(), [](const Derived& a, const Derived& b) {
    return std::less<>()(a.difference, b.difference);
  });
  for (auto begin = derived.begin(); begin != derived.end();) {
    const auto end = std::find_if(begin, derived.end(), [&](const Derived& one) {
      return one.difference != begin->difference;
    });
    std::vector<size_t> groups;
    for (auto it = begin; it != end; ++it) groups.push_back(it->group);
    ask_columns(groups, listed(begin->difference->peers));
    begin = end;
  }
}

// Of the elements that changed, those that are now like one that did not; `others`: the rest.
std::vector<AlikeElements> GroupEvaluation::find_alike(const Bits& dirty,
                                                       std::vector<size_t>& others) const {
  const Bits& live = out_.addresses.live();
  const auto& signatures = sets_.signatures();
  std::vector<AlikeElements> out;
  absl::flat_hash_map<Signature, size_t> wanted;  // where in the elements that did not change
  for (const size_t element : listed(dirty))
    if (live.test(element)) wanted.emplace(signatures[element], Bits::npos);
  if (!wanted.empty())
    for (const size_t element : listed(live - dirty))
      if (const auto it = wanted.find(signatures[element]); it != wanted.end())
        it->second = element;
  absl::flat_hash_map<size_t, size_t> places;  // of what they are like
  for (const size_t element : listed(dirty)) {
    const size_t like = live.test(element) ? wanted.at(signatures[element]) : Bits::npos;
    if (like == Bits::npos && live.test(element)) {
      others.push_back(element);
      continue;
    }
    const auto [place, fresh] = places.try_emplace(like, out.size());
    if (fresh) out.push_back({like, {}});
    out[place->second].add(element);
  }
  return out;
}

void GroupEvaluation::ask_columns(const std::vector<size_t>& groups,
                                  const std::vector<size_t>& elements) {
  for (size_t begin = 0; begin < elements.size() && !groups.empty(); begin += Bits::word_bits) {
    const auto first = elements.begin() + static_cast<std::ptrdiff_t>(begin);
    const size_t count = std::min(Bits::word_bits, elements.size() - begin);
    const ElementColumn some({first, first + static_cast<std::ptrdiff_t>(count)});
    sets_.look_at(some);
    for (const size_t g : groups)
      columns_.evaluate(cells_of(g), out_.programs[g], out_.headers, out_.addresses.live(), some,
                        out_.groups[g]);
  }
}

}  // namespace felixsim::reach
