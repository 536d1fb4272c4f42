// SPDX-License-Identifier: Apache-2.0
// Rules as the tools read them: hash comments, safe comments, the layers of nft. Mirrors
// felix/generictables/rules.go (RuleHashes), felix/iptables/renderer.go, felix/nftables/renderer.go
// and table_layer.go.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/rules/chain.h"
#include "model/rules/dialect.h"

namespace felixsim::rules {

inline constexpr std::string_view rule_hash_prefix = "cali:";
inline constexpr size_t rule_hash_length = 16;

// One hash a rule, in order. Each depends on the chain's name, the rule and all rules before it.
std::vector<std::string> rule_hashes(std::string_view chain, std::span<const Rule> rules,
                                     Dialect dialect);

// iptables. `hash` without prefix; empty: no hash comment. Rule numbers count from 1.
std::string append_text(const Rule& rule, std::string_view chain, std::string_view hash);
std::string insert_text(const Rule& rule, std::string_view chain, std::string_view hash);
std::string insert_at_text(const Rule& rule, std::string_view chain, int number,
                           std::string_view hash);
std::string replace_text(const Rule& rule, std::string_view chain, int number,
                         std::string_view hash);

// What follows the hash comment in an iptables rule, with a space before it; empty if nothing does.
std::string iptables_rest(const Rule& rule);

// All rules of a chain as `-A` lines with their hashes.
std::vector<std::string> append_texts(const Chain& chain);

// nft. The rule's text and its comment: "cali:HASH; comment", at most 128 characters.
std::string nft_text(const Rule& rule);
std::string nft_comment(const Rule& rule, std::string_view hash);

// The chain as a layer ("filter", "raw", ...) of Felix's one nft table has it: its name, its jump
// targets and its maps carry the layer's name. Names that begin with it already stay.
std::string in_layer(std::string_view layer, std::string_view name);
Rule in_layer(std::string_view layer, Rule rule);
Chain in_layer(std::string_view layer, Chain chain);

// Names of the IP sets that rules match on, in order of appearance, repeats included.
std::vector<std::string> ip_set_names(std::span<const Rule> rules, Dialect dialect);

// Everything but [A-Za-z0-9_ @%+=:,./-] becomes "_", one for each character of UTF-8.
std::string safe_comment(std::string_view text);

}  // namespace felixsim::rules
