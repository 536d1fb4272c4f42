// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/chain_store.h"

#include <algorithm>

#include "felixsim/check.h"

namespace felixsim {

void ChainStore::incref_targets(const rules::WrittenRules& rules) {
  for (const rules::WrittenRule& rule : rules.rules) {
    if (rule.target_at != 0) incref(rule.target());
  }
}

void ChainStore::decref_targets(const rules::WrittenRules& rules) {
  for (const rules::WrittenRule& rule : rules.rules) {
    if (rule.target_at != 0) decref(rule.target());
  }
}

void ChainStore::mark_dirty(Entries::value_type& entry) {
  if (std::exchange(entry.second.dirty, true)) return;
  dirty_.push_back(&entry);
}

void ChainStore::mark_dirty(std::string_view name) {
  mark_dirty(*entries_.try_emplace(name).first);
}

bool ChainStore::is_dirty(std::string_view name) const {
  auto it = entries_.find(name);
  return it != entries_.end() && it->second.dirty;
}

void ChainStore::clear_dirty() {
  for (Entries::value_type* entry : dirty_) {
    entry->second.dirty = false;
    if (!entry->second.chain && entry->second.references == 0) entries_.erase(entry->first);
  }
  dirty_.clear();
}

std::vector<ChainStore::Dirty> ChainStore::dirty() const {
  std::vector<std::pair<std::string_view, const Entries::value_type*>> sorted;
  sorted.reserve(dirty_.size());
  for (const auto* entry : dirty_) sorted.emplace_back(entry->first, entry);
  std::sort(sorted.begin(), sorted.end());
  std::vector<Dirty> found;
  found.reserve(sorted.size());
  for (const auto& [name, entry] : sorted) {
    const bool reachable = entry->second.references != 0;
    found.push_back({entry->first, reachable ? entry->second.chain.get() : nullptr});
  }
  return found;
}

void ChainStore::incref(std::string_view name) {
  auto& entry = *entries_.try_emplace(name).first;
  if (++entry.second.references != 1) return;
  mark_dirty(entry);
  if (entry.second.chain) incref_targets(entry.second.chain->rules());
}

void ChainStore::decref(std::string_view name) {
  auto it = entries_.find(name);
  FELIXSIM_CHECK(it != entries_.end() && it->second.references > 0);
  if (--it->second.references > 0) return;
  mark_dirty(*it);
  if (it->second.chain) decref_targets(it->second.chain->rules());
}

void ChainStore::update(ChainPtr chain) {
  auto& entry = *entries_.try_emplace(chain->name()).first;
  if (entry.second.chain && *entry.second.chain == *chain) return;
  const ChainPtr old = entry.second.chain;
  // New references come before old ones go, so that what stays is not taken for gone.
  if (chain->force()) incref(chain->name());
  const bool reachable = entry.second.references != 0;
  if (reachable) incref_targets(chain->rules());
  entry.second.chain = std::move(chain);
  if (old) {
    if (reachable) decref_targets(old->rules());
    if (old->force()) decref(old->name());
  }
  if (entry.second.references != 0) mark_dirty(entry);
}

void ChainStore::remove(std::string_view name) {
  auto it = entries_.find(name);
  if (it == entries_.end() || !it->second.chain) return;
  const ChainPtr old = it->second.chain;
  if (old->force()) decref(old->name());
  it->second.chain = nullptr;
  if (it->second.references != 0) {
    decref_targets(old->rules());
    mark_dirty(*it);
  } else if (!it->second.dirty) {
    entries_.erase(it);
  }
}

void ChainStore::replace_hook(const rules::WrittenRules& old_rules,
                              const rules::WrittenRules& new_rules) {
  incref_targets(new_rules);
  decref_targets(old_rules);
}

}  // namespace felixsim
