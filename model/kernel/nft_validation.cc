// SPDX-License-Identifier: Apache-2.0
// From which hooks the statements of an nftables table can be reached. Mirrors Linux
// net/netfilter/nft_reject.c nft_reject_validate. Left out: the other expressions with such limits
// (masquerade, snat, dnat, fib), which Felix only writes where they may stand.
#include "model/kernel/kernel_core.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

// Where a rule or the value of a map element sends a packet, and the maps that a rule looks up.
struct Exits {
  std::vector<std::string> chains, maps;
  bool rejects = false;
};

void add_exits(std::string_view text, Exits& exits) {
  for (std::string_view before; !text.empty();) {
    const auto word = take_word(text);
    if (before == "jump" || before == "goto") exits.chains.emplace_back(word);
    if (before == "vmap" && word.starts_with('@')) exits.maps.emplace_back(word.substr(1));
    exits.rejects |= word == "reject";
    before = word;
  }
}

}  // namespace

bool rejects_after_routing(const KernelCore& core, const TableName& table_name) {
  const auto index = core.nft.find(table_name);
  const auto found = core.state.nft.find(table_name);
  if (index == core.nft.end() || index->second.rejects == 0 || found == core.state.nft.end())
    return false;
  const NftTable& table = found->second;
  std::vector<std::string> to_visit;
  for (const auto& [chain_name, chain] : table.chains)
    if (chain.hook.find(" hook postrouting ") != std::string::npos) to_visit.push_back(chain_name);
  std::set<std::string> seen(to_visit.begin(), to_visit.end());
  while (!to_visit.empty()) {
    const auto chain = table.chains.find(to_visit.back());
    to_visit.pop_back();
    if (chain == table.chains.end()) continue;
    Exits exits;
    for (const auto& rule : chain->second.rules) add_exits(rule.text, exits);
    for (size_t i = 0; i < exits.maps.size(); ++i)
      if (const auto map = table.sets.find(exits.maps[i]); map != table.sets.end())
        for (const auto& [key, value] : map->second.elements) add_exits(value, exits);
    if (exits.rejects) return true;
    for (auto& next : exits.chains)
      if (seen.insert(next).second) to_visit.push_back(std::move(next));
  }
  return false;
}

}  // namespace felixsim
