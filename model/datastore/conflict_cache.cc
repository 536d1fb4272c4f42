// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/conflict_cache.h"

#include "felixsim/check.h"

namespace felixsim {

void ConflictCache::put(Symbol name, const Key& key, ValuePtr value, std::vector<Update>& out) {
  FELIXSIM_CHECK(value != nullptr);
  if (const auto old = entries_.find(name); old != entries_.end() && old->second.key != key) {
    remove(name, out);
  }
  auto& names = names_[key];
  names.insert(name);
  if (*names.begin() == name) out.push_back({key, value});
  entries_.insert_or_assign(name, Entry{key, std::move(value)});
}

bool ConflictCache::remove(Symbol name, std::vector<Update>& out) {
  const auto entry = entries_.find(name);
  if (entry == entries_.end()) return false;
  const Key key = entry->second.key;
  const auto holders = names_.find(key);
  FELIXSIM_CHECK(holders != names_.end());
  auto& names = holders->second;
  const bool held = *names.begin() == name;
  names.erase(name);
  entries_.erase(entry);
  if (names.empty()) {
    names_.erase(holders);
    out.push_back({key, nullptr});
  } else if (held) {
    out.push_back({key, entries_.at(*names.begin()).value});
  }
  return true;
}

Symbol ConflictCache::holder_before(Symbol name) const {
  const auto entry = entries_.find(name);
  if (entry == entries_.end()) return {};
  const Symbol holder = *names_.at(entry->second.key).begin();
  return holder == name ? Symbol() : holder;
}

}  // namespace felixsim
