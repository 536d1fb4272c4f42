// SPDX-License-Identifier: Apache-2.0
// `nft list ruleset` text of nftables 1.0.6 for the tables that Felix writes, and the canonical
// form of a rule, a set element and a base chain.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "felixsim/kernel_state.h"
#include "felixsim/result.h"

namespace felixsim {

using NftTables = std::map<std::pair<std::string, std::string>, NftTable>;

// Tables by (family, name), in each its sets and maps, then its chains, by name.
std::string print_nft_table(const NftTable& table);
std::string print_nft_ruleset(const NftTables& tables);
Result<NftTables> parse_nft_ruleset(std::string_view text);

// What a rule refers to, found while it is made canonical.
struct ParsedNftRule {
  NftRule rule;                   // without handle
  std::string jump;               // jump or goto chain
  std::vector<std::string> sets;  // named sets and maps (@name)
  bool has_interval_set = false;  // one of the anonymous sets has a range in it
  int anonymous_sets = 0;         // `{ a, b }` of more than one element: each takes a handle
};
// `where`, if given, is set to the word at which reading ended.
Result<ParsedNftRule> parse_nft_rule(std::string_view text, std::string_view family,
                                     std::string_view* where = nullptr);

}  // namespace felixsim
