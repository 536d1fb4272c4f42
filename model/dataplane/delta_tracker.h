// SPDX-License-Identifier: Apache-2.0
// Desired and actual state are two maps and their difference is the program. Mirrors
// felix/deltatracker/delta_tracker.go: the pending sets are kept up to date on every change, so
// that applying costs as much as what differs.
#pragma once

#include <map>
#include <set>

namespace felixsim {

template <class Key, class Value>
class DeltaTracker {
 public:
  using Map = std::map<Key, Value>;

  const Map& desired() const { return desired_; }
  const Map& actual() const { return actual_; }

  void set_desired(const Key& key, const Value& value) {
    desired_.insert_or_assign(key, value);
    recheck(key);
  }
  void remove_desired(const Key& key) {
    if (desired_.erase(key) > 0) recheck(key);
  }
  void set_actual(const Key& key, const Value& value) {
    actual_.insert_or_assign(key, value);
    recheck(key);
  }
  void remove_actual(const Key& key) {
    if (actual_.erase(key) > 0) recheck(key);
  }
  // What was read back from the kernel, whole.
  void replace_actual(Map actual) {
    actual_ = std::move(actual);
    updates_.clear();
    deletions_.clear();
    for (const auto& [key, value] : desired_) recheck(key);
    for (const auto& [key, value] : actual_) {
      if (!desired_.contains(key)) deletions_.insert(key);
    }
  }

  // Keys to create or change, and keys that are there and should not be. Copies are taken by
  // callers that change the tracker while they walk.
  const std::set<Key>& pending_updates() const { return updates_; }
  const std::set<Key>& pending_deletions() const { return deletions_; }
  bool in_sync() const { return updates_.empty() && deletions_.empty(); }

 private:
  void recheck(const Key& key) {
    auto want = desired_.find(key);
    auto have = actual_.find(key);
    if (want == desired_.end()) {
      updates_.erase(key);
      if (have == actual_.end()) {
        deletions_.erase(key);
      } else {
        deletions_.insert(key);
      }
      return;
    }
    deletions_.erase(key);
    if (have != actual_.end() && have->second == want->second) {
      updates_.erase(key);
    } else {
      updates_.insert(key);
    }
  }

  Map desired_, actual_;
  std::set<Key> updates_, deletions_;
};

// The same for members of a set.
template <class Member>
class SetTracker {
 public:
  const std::set<Member>& desired() const { return desired_; }
  const std::set<Member>& actual() const { return actual_; }

  void add_desired(const Member& member) {
    if (!desired_.insert(member).second) return;
    additions_.insert(member);
    if (actual_.contains(member)) additions_.erase(member);
    deletions_.erase(member);
  }
  void remove_desired(const Member& member) {
    if (desired_.erase(member) == 0) return;
    additions_.erase(member);
    if (actual_.contains(member)) deletions_.insert(member);
  }
  void replace_desired(std::set<Member> desired) {
    desired_ = std::move(desired);
    recompute();
  }
  void replace_actual(std::set<Member> actual) {
    actual_ = std::move(actual);
    recompute();
  }
  // The kernel now holds what was desired.
  void applied() {
    for (const Member& member : deletions_) actual_.erase(member);
    for (const Member& member : additions_) actual_.insert(member);
    additions_.clear();
    deletions_.clear();
  }

  const std::set<Member>& pending_additions() const { return additions_; }
  const std::set<Member>& pending_deletions() const { return deletions_; }
  bool in_sync() const { return additions_.empty() && deletions_.empty(); }

 private:
  void recompute() {
    additions_.clear();
    deletions_.clear();
    for (const Member& member : desired_) {
      if (!actual_.contains(member)) additions_.insert(member);
    }
    for (const Member& member : actual_) {
      if (!desired_.contains(member)) deletions_.insert(member);
    }
  }

  std::set<Member> desired_, actual_, additions_, deletions_;
};

}  // namespace felixsim
