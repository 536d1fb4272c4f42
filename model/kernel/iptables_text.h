// SPDX-License-Identifier: Apache-2.0
// iptables-save text and the canonical form of a rule: the words in which iptables 1.8.9 prints
// what was written. Covers the matches and targets that Felix and its neighbours (kube-proxy, CNI)
// write; others are refused as unsupported.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "felixsim/kernel_state.h"
#include "felixsim/result.h"

namespace felixsim {

// The built-in chains of a table in netfilter's order; empty for an unknown table.
const std::vector<std::string>& builtin_chains(std::string_view table);
// Built-in chains of a table that is touched for the first time, all with policy ACCEPT.
IptTable fresh_ipt_table(std::string_view table);

// All tables: raw, mangle, nat, filter, security last-touched order is not kept, so they come
// sorted by name. Built-in chains first in netfilter's order, then user chains by byte; counters
// are [0:0].
// Calls each(name, chain) in that order.
void for_each_ipt_chain(const std::string& table_name, const IptTable& table,
                        const std::function<void(const std::string&, const IptChain&)>& each);
std::string print_iptables_save(const IptTables& tables);
// The inverse. Comment lines, and counters other than zero, are read and dropped. An error names
// the line. print(parse(text)) is text for every text that print makes.
Result<IptTables> parse_iptables_save(std::string_view text);

constexpr uint8_t all_ipt_hooks = 0x1f;

// What a rule refers to, found while it is made canonical.
struct ParsedIptRule {
  IptRule text;        // canonical, without "-A CHAIN "
  std::string target;  // "-j" or "-g" argument; empty: none
  bool is_goto = false;
  bool target_is_chain = false;   // a user chain, not an extension
  std::vector<std::string> sets;  // --match-set names, in order
  // Tables in which the kernel has all its extensions (bits of ipt_table_bit in ipt_rule.h), and
  // what else it must not lack ("ip_vs").
  uint8_t tables = 0x1f;
  std::string_view kernel_feature;
  bool matches_nothing = false;          // "! -s 0.0.0.0/0": nftables refuses it
  bool has_in = false, has_out = false;  // -i, -o
  uint8_t hooks = all_ipt_hooks;  // from which it may be reached (ipt_hook_bit in ipt_rule.h)
};
struct IptDialect {
  IpFamily family = IpFamily::v4;
  IptBackend backend = IptBackend::nft;
};
// `words` is the rule part of a command line ("-m comment --comment x --jump ACCEPT"). O(length).
Result<ParsedIptRule> parse_ipt_rule(std::string_view words, IptDialect dialect);

}  // namespace felixsim
