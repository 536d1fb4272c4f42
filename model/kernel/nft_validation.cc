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

// A word that is compared with, as in "ct status != dnat" and "icmp type { redirect }", is no
// statement.
void add_exits(std::string_view text, NftExits& exits) {
  bool compared = false, in_list = false;
  for (std::string_view before; !text.empty();) {
    const auto word = take_word(text);
    skip_string(word, text);
    if (before == "jump" || before == "goto") exits.chains.emplace_back(word);
    if (before == "vmap" && word.starts_with('@')) exits.maps.emplace_back(word.substr(1));
    in_list = (in_list || word == "{") && word != "}";
    if (!compared && !in_list) exits.limited |= bit_of(word, text);
    compared = word == "status" || word == "type" || (compared && word == "!=");
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

// What follows from the chains and maps of a table.
class Reader {
 public:
  Reader(const NftTable& table, NftIndex& index) : table_(table), index_(index) {}

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

 private:
  const NftTable& table_;
  NftIndex& index_;
};

// Walks what can be reached from one chain at a hook.
class Walk {
 public:
  Walk(const NftTable& table, NftIndex& index, uint32_t allowed)
      : reader_(table, index), allowed_(allowed) {}

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
    const NftExits& exits = reader_.exits_of(name);
    if (exits.limited & ~allowed_) error = error != 0 ? error : EOPNOTSUPP;
    int below = 0;
    for (const auto& next : exits.chains) below = std::max(below, visit(next));
    for (const auto& map : exits.maps)
      for (const auto& next : reader_.chains_of(map)) below = std::max(below, visit(next));
    --depth_;
    return heights_[name] = below + 1;
  }

 private:
  static constexpr int open = -1;

  Reader reader_;
  uint32_t allowed_;
  int depth_ = 0;
  std::map<std::string, int> heights_;
};

// Keeps what is known of how chains are reached, as ways are added. What it answers with false may
// be wrong: the table is to be looked at as a whole.
class Reach {
 public:
  Reach(const NftTable& table, NftIndex& index) : reader_(table, index), index_(index) {}

  bool add_rule(const std::string& chain, std::string_view text) {
    NftExits exits;
    add_exits(text, exits);
    for (const auto& map : exits.maps) index_.map_users[map].insert(chain);
    const NftReach from = (*index_.reach)[chain];
    if (from.depth == 0) return true;
    return !(exits.limited & ~from.allowed) && leave(exits, from);
  }

  bool add_value(const std::string& map, std::string_view value) {
    NftExits exits;
    add_exits(value, exits);
    for (const auto& chain : index_.map_users[map])
      if (const NftReach from = (*index_.reach)[chain]; from.depth != 0)
        if (!leave(exits, from)) return false;
    return true;
  }

  bool spread(const std::string& name, const NftReach& by) {
    NftReach& known = (*index_.reach)[name];
    const NftReach now{std::max(known.depth, by.depth), known.allowed & by.allowed};
    if (now.depth == known.depth && now.allowed == known.allowed) return true;
    known = now;
    const NftExits exits = reader_.exits_of(name);
    return now.depth <= max_depth && !(exits.limited & ~now.allowed) && leave(exits, now);
  }

 private:
  bool leave(const NftExits& exits, const NftReach& from) {
    const NftReach next{from.depth + 1, from.allowed};
    for (const auto& chain : exits.chains)
      if (!spread(chain, next)) return false;
    for (const auto& map : exits.maps)
      for (const auto& chain : reader_.chains_of(map))
        if (!spread(chain, next)) return false;
    return true;
  }

  Reader reader_;
  NftIndex& index_;
};

// Of a table that the kernel takes.
void learn_reach(const NftTable& table, NftIndex& index) {
  index.reach.emplace();
  index.map_users.clear();
  Reader reader(table, index);
  Reach reach(table, index);
  for (const auto& [name, chain] : table.chains)
    for (const auto& map : reader.exits_of(name).maps) index.map_users[map].insert(name);
  for (const auto& [name, chain] : table.chains)
    if (!chain.hook.empty())
      (void)reach.spread(name, {1, allowed_at(parse_base_chain(chain.hook))});
}

bool takes_additions(const NftTable& table, NftIndex& index, const TableName& name,
                     const std::vector<NftAddition>& additions) {
  if (!index.reach) return false;
  Reach reach(table, index);
  for (const auto& one : additions)
    if (one.table == name && !(one.map.empty() ? reach.add_rule(one.chain, one.text)
                                               : reach.add_value(one.map, one.text)))
      return false;
  return true;
}

}  // namespace

int check_nft_table(KernelCore& core, const TableName& table_name) {
  const auto index = core.nft.find(table_name);
  const auto found = core.state.nft.find(table_name);
  if (index == core.nft.end() || found == core.state.nft.end()) return 0;
  for (const auto& [name, chain] : found->second.chains) {
    if (chain.hook.empty()) continue;
    Walk walk(found->second, index->second, allowed_at(parse_base_chain(chain.hook)));
    const int height = walk.visit(name);
    if (walk.error != 0) return walk.error;
    if (height > max_depth) return EMLINK;
  }
  return 0;
}

int check_nft_additions(KernelCore& core, const std::vector<NftAddition>& additions) {
  std::set<TableName> names;
  for (const auto& one : additions) names.insert(one.table);
  for (const auto& name : names) {
    const auto table = core.state.nft.find(name);
    if (table == core.state.nft.end()) continue;
    NftIndex& index = core.nft[name];
    if (takes_additions(table->second, index, name, additions)) continue;
    if (const int wrong = check_nft_table(core, name)) return wrong;
    learn_reach(table->second, index);
  }
  return 0;
}

}  // namespace felixsim
