// SPDX-License-Identifier: Apache-2.0
// The process-wide pool behind Symbol. Sharded, so that scenarios running in parallel rarely meet;
// strings never move.
#include "felixsim/symbol.h"

#include <deque>
#include <mutex>

namespace felixsim {
namespace {

struct Shard {
  std::mutex mutex;
  std::unordered_map<std::string_view, const std::string*> index;
  std::deque<std::string> strings;  // a deque never moves its elements
};

constexpr size_t shard_count = 64;

const std::string* intern(std::string_view text) {
  static auto* shards =
      new std::array<Shard, shard_count>;  // never destroyed: Symbols may outlive static teardown
  Shard& shard = (*shards)[std::hash<std::string_view>{}(text) % shard_count];
  const std::lock_guard lock(shard.mutex);
  if (const auto it = shard.index.find(text); it != shard.index.end()) return it->second;
  const std::string& stored = shard.strings.emplace_back(text);
  shard.index.emplace(stored, &stored);
  return &stored;
}

const std::string* empty_string() {
  static const std::string* const empty = intern("");
  return empty;
}

}  // namespace

Symbol::Symbol() : text_(empty_string()) {}
Symbol::Symbol(std::string_view text) : text_(text.empty() ? empty_string() : intern(text)) {}

}  // namespace felixsim
