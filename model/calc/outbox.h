// SPDX-License-Identifier: Apache-2.0
// One kind of object on its way to the dataplane: what was sent, what is pending. Coalesces changes
// between two flushes, as every pair of pending/sent sets of felix/calc/event_sequencer.go does.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace felixsim::calc {

// Key needs an order and AbslHashValue (calc_hash.h).
template <class Key, class Value>
class Outbox {
 public:
  void update(const Key& key, Value value) {
    deletes_.erase(key);
    updates_.insert_or_assign(key, std::move(value));
  }

  // A removal of what was never sent only cancels what is pending.
  void remove(const Key& key) {
    updates_.erase(key);
    if (sent_.contains(key)) deletes_.insert(key);
  }

  bool sent(const Key& key) const { return sent_.contains(key); }
  bool removing(const Key& key) const { return deletes_.contains(key); }
  bool has_pending(const Key& key) const { return updates_.contains(key); }
  bool idle() const { return updates_.empty() && deletes_.empty(); }

  // Calls `each(key)` for every pending removal, in order of keys, and forgets them.
  template <class Each>
  void flush_removes(Each each) {
    if (deletes_.empty()) return;
    std::vector<Key> keys(deletes_.begin(), deletes_.end());
    std::sort(keys.begin(), keys.end());
    for (const Key& key : keys) {
      each(key);
      sent_.erase(key);
    }
    deletes_.clear();
  }

  // Calls `each(key, value)` for every pending update, in order of keys; they count as sent.
  template <class Each>
  void flush_updates(Each each) {
    if (updates_.empty()) return;
    std::vector<std::pair<Key, Value>> pending;
    pending.reserve(updates_.size());
    for (auto& [key, value] : updates_) pending.emplace_back(key, std::move(value));
    updates_ = {};
    std::sort(pending.begin(), pending.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    for (auto& [key, value] : pending) {
      sent_.insert(key);
      each(key, value);
    }
  }

 private:
  absl::flat_hash_map<Key, Value> updates_;
  absl::flat_hash_set<Key> deletes_, sent_;
};

}  // namespace felixsim::calc
