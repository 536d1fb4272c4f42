// SPDX-License-Identifier: Apache-2.0
// A snapshot of the datastore view names the events that are still in force: the sequence of the
// last put of every key that exists. The values stay in the (chained) events themselves.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "replay/log/log_row.h"

namespace felixsim {

// Ascending sequences as unsigned LEB128 differences, the first from 0.
std::string encode_live(const std::vector<int64_t>& sequences);
std::optional<std::vector<int64_t>> decode_live(std::string_view bytes);  // unset: malformed

// What the writer keeps of the log's state, and verify() builds again: which puts are in force, how
// far revisions and times have come, and when the next snapshot is due.
class LogProgress {
 public:
  void apply(const LogRow& row);
  void start_from(int64_t sequence, std::string_view key);  // a put known to be in force

  // Due when the changes since the last snapshot outgrow half of the state that it named: then
  // folding costs a constant times the state, and the snapshots of a log a constant an event.
  bool snapshot_due() const;
  std::vector<int64_t> live() const;  // ascending
  void snapshot_taken(size_t live);   // its size

  int64_t first_revision = 0, last_revision = 0;
  std::optional<SimTime> first_time, last_time;

 private:
  struct KeyHash {
    using is_transparent = void;
    size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
  };
  // Looked up only; live() sorts.
  std::unordered_map<std::string, int64_t, KeyHash, std::equal_to<>> last_put_;
  int64_t changes_ = 0;  // since the last snapshot
  int64_t snapshot_live_ = 0;
};

}  // namespace felixsim
