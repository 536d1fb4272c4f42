// SPDX-License-Identifier: Apache-2.0
#include "replay/log/log_snapshot.h"

#include <algorithm>

namespace felixsim {
namespace {

constexpr int64_t snapshot_min_changes = 1000;  // below this, folding is faster than a snapshot

}  // namespace

std::string encode_live(const std::vector<int64_t>& sequences) {
  std::string bytes;
  int64_t previous = 0;
  for (const int64_t sequence : sequences) {
    auto rest = static_cast<uint64_t>(sequence - previous);
    for (; rest >= 0x80; rest >>= 7) bytes += static_cast<char>(rest | 0x80);
    bytes += static_cast<char>(rest);
    previous = sequence;
  }
  return bytes;
}

std::optional<std::vector<int64_t>> decode_live(std::string_view bytes) {
  std::vector<int64_t> sequences;
  int64_t previous = 0;
  for (size_t i = 0; i < bytes.size();) {
    uint64_t difference = 0;
    for (int shift = 0;; shift += 7) {
      if (i == bytes.size() || shift > 56) return std::nullopt;
      const auto byte = static_cast<uint8_t>(bytes[i++]);
      difference |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) break;
    }
    const auto limit = static_cast<uint64_t>(INT64_MAX - previous);
    if (difference == 0 || difference > limit) return std::nullopt;
    previous += static_cast<int64_t>(difference);
    sequences.push_back(previous);
  }
  return sequences;
}

void LogProgress::apply(const LogRow& row) {
  if (row.time) {
    if (!first_time) first_time = row.time;
    last_time = last_time ? std::max(*last_time, *row.time) : row.time;
  }
  if (row.kind != "put" && row.kind != "delete") return;
  if (first_revision == 0) first_revision = row.revision;
  last_revision = std::max(last_revision, row.revision);
  ++changes_;
  const auto known = last_put_.find(row.name);
  if (row.kind == "delete" && known != last_put_.end())
    last_put_.erase(known);
  else if (row.kind == "put" && known != last_put_.end())
    known->second = row.sequence;
  else if (row.kind == "put")
    last_put_.emplace(row.name, row.sequence);
}

void LogProgress::start_from(int64_t sequence, std::string_view key) {
  last_put_[std::string(key)] = sequence;
}

bool LogProgress::snapshot_due() const {
  return changes_ >= std::max(snapshot_live_ / 2, snapshot_min_changes);
}

void LogProgress::snapshot_taken(size_t live) {
  changes_ = 0;
  snapshot_live_ = static_cast<int64_t>(live);
}

std::vector<int64_t> LogProgress::live() const {
  std::vector<int64_t> sequences;
  sequences.reserve(last_put_.size());
  for (const auto& [key, sequence] : last_put_) sequences.push_back(sequence);
  std::sort(sequences.begin(), sequences.end());
  return sequences;
}

}  // namespace felixsim
