// SPDX-License-Identifier: Apache-2.0
// From which hooks the statements of an nftables table can be reached, and how deep its jumps go.
// Mirrors Linux net/netfilter/nf_tables_api.c nft_chain_validate and the validate functions of
// nft_reject.c, nft_masq.c, nft_nat.c, nft_redir.c and nft_fib.c. A chain's own part is worked out
// once and kept until the chain changes.
#include <cerrno>

#include "model/kernel/kernel_core.h"
#include "model/kernel/nft_base_chain.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

constexpr int max_depth = 16;  // NFT_JUMP_STACK_SIZE: the base chain counts

// What may not stand everywhere, as bits.
enum : uint32_t {
  reject = 1,
  masquerade = 2,
  source_nat = 4,
  destination_nat = 8,
  fib_of_route = 16,
  fib_by_in = 32,
  fib_by_out = 64
};

// "fib saddr . iif oif 0": the word before the result is the last key.
uint32_t fib_bits(std::string_view rest) {
  bool in = false, out = false;
  while (!rest.empty()) {
    const auto key = take_word(rest);
    in |= key == "iif";
    out |= key == "oif";
    std::string_view after = rest;
    if (take_word(after) != ".") break;
    rest = after;
  }
  const auto result = take_word(rest);
  if (result == "oif" || result == "oifname") return fib_of_route;
  if (in) return fib_by_in;
  return out ? uint32_t{fib_by_out} : 0;
}

uint32_t bit_of(std::string_view word, std::string_view rest) {
  if (word == "reject") return reject;
  if (word == "masquerade") return masquerade;
  if (word == "snat") return source_nat;
  if (word == "dnat" || word == "redirect") return destination_nat;
  return word == "fib" ? fib_bits(rest) : 0;
}

// Skips a string with blanks, whose first word has been taken.
void skip_string(std::string_view word, std::string_view& rest) {
  if (!word.starts_with('"') || (word.size() > 1 && word.ends_with('"'))) return;
  const size_t close = rest.find('"');
  rest = close == std::string_view::npos ? std::string_view{} : rest.substr(close + 1);
}

void add_exits(std::string_view text, NftExits& exits) {
  bool status = false;  // "ct status != dnat" is no statement
  for (std::string_view before; !text.empty();) {
    const auto word = take_word(text);
    skip_string(word, text);
    if (before == "jump" || before == "goto") exits.chains.emplace_back(word);
    if (before == "vmap" && word.starts_with('@')) exits.maps.emplace_back(word.substr(1));
    if (!status) exits.limited |= bit_of(word, text);
    status = word == "status" || (status && word == "!=");
    before = word;
  }
}

// What a chain at a hook allows.
uint32_t allowed_at(const NftBaseChain& base) {
  const bool nat = base.type == "nat";
  const auto at = [&](std::initializer_list<std::string_view> hooks) {
    return std::find(hooks.begin(), hooks.end(), base.hook) != hooks.end();
  };
  uint32_t allowed = 0;
  if (!at({"postrouting"})) allowed |= reject;
  if (nat && at({"postrouting"})) allowed |= masquerade;
  if (nat && at({"postrouting", "input"})) allowed |= source_nat;
  if (nat && at({"prerouting", "output"})) allowed |= destination_nat;
  if (at({"prerouting", "input", "forward"})) allowed |= fib_of_route | fib_by_in;
  if (at({"output", "postrouting", "forward"})) allowed |= fib_by_out;
  return allowed;
}

// Walks what can be reached from one chain at a hook.
class Walk {
 public:
  Walk(const NftTable& table, NftIndex& index, uint32_t allowed)
      : table_(table), index_(index), allowed_(allowed) {}

  int error = 0;

  // The number of chains of the longest way that begins here.
  int visit(const std::string& name) {
    if (error != 0) return 0;
    const auto [height, fresh] = heights_.try_emplace(name, open);
    if (!fresh) {
      if (height->second == open) error = EMLINK;  // a circle
      return std::max(height->second, 0);
    }
    if (++depth_ > max_depth) error = EMLINK;
    const NftExits& exits = exits_of(name);
    if (exits.limited & ~allowed_) error = error != 0 ? error : EOPNOTSUPP;
    int below = 0;
    for (const auto& next : exits.chains) below = std::max(below, visit(next));
    for (const auto& map : exits.maps)
      for (const auto& next : chains_of(map)) below = std::max(below, visit(next));
    --depth_;
    return heights_[name] = below + 1;
  }

 private:
  static constexpr int open = -1;

  const NftExits& exits_of(const std::string& name) {
    const auto [found, fresh] = index_.exits.try_emplace(name);
    if (fresh)
      if (const auto chain = table_.chains.find(name); chain != table_.chains.end())
        for (const auto& rule : chain->second.rules) add_exits(rule.text, found->second);
    return found->second;
  }

  std::vector<std::string> chains_of(const std::string& map) const {
    NftExits exits;
    if (const auto found = table_.sets.find(map); found != table_.sets.end())
      for (const auto& [key, value] : found->second.elements) add_exits(value, exits);
    return exits.chains;
  }

  const NftTable& table_;
  NftIndex& index_;
  uint32_t allowed_;
  int depth_ = 0;
  std::map<std::string, int> heights_;
};

}  // namespace

bool is_limited_nft_word(std::string_view word) { return word == "fib" || bit_of(word, {}) != 0; }

int check_nft_table(KernelCore& core, const TableName& table_name) {
  const auto index = core.nft.find(table_name);
  const auto found = core.state.nft.find(table_name);
  if (index == core.nft.end() || found == core.state.nft.end()) return 0;
  if (index->second.limited == 0 && index->second.jumps == 0) return 0;
  for (const auto& [name, chain] : found->second.chains) {
    if (chain.hook.empty()) continue;
    Walk walk(found->second, index->second, allowed_at(parse_base_chain(chain.hook)));
    const int height = walk.visit(name);
    if (walk.error != 0) return walk.error;
    if (height > max_depth) return EMLINK;
  }
  return 0;
}

}  // namespace felixsim
