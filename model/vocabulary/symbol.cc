// SPDX-License-Identifier: Apache-2.0
// The process-wide pool behind Symbol. Sharded, so that scenarios running in parallel rarely meet;
// strings never move.
#include "felixsim/symbol.h"

#include <absl/container/flat_hash_set.h>

#include <deque>
#include <mutex>

namespace felixsim {
namespace {

// Looks stored strings up by their text.
struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  size_t operator()(const std::string* text) const { return (*this)(std::string_view(*text)); }
};
struct TextEqual {
  using is_transparent = void;
  static std::string_view text(std::string_view t) { return t; }
  static std::string_view text(const std::string* t) { return *t; }
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    return text(a) == text(b);
  }
};

struct Shard {
  std::mutex mutex;
  absl::flat_hash_set<const std::string*, TextHash, TextEqual> index;
  std::deque<std::string> strings;  // a deque never moves its elements
};

constexpr size_t shard_bits = 6, shard_count = size_t{1} << shard_bits;

const std::string* intern(std::string_view text) {
  static auto* shards =
      new std::array<Shard, shard_count>;  // never destroyed: Symbols may outlive static teardown
  // By the high bits: the set inside a shard goes by the low ones.
  const size_t hash = TextHash{}(text);
  Shard& shard = (*shards)[hash >> (8 * sizeof(hash) - shard_bits)];
  const std::lock_guard lock(shard.mutex);
  if (const auto it = shard.index.find(text, hash); it != shard.index.end()) return *it;
  const std::string& stored = shard.strings.emplace_back(text);
  shard.index.insert(&stored);
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
