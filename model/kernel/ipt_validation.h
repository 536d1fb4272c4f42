// SPDX-License-Identifier: Apache-2.0
// What the kernel checks in a whole iptables table when it takes it: that jumps come to an end, and
// that no extension can be reached from a hook in which it does not work. Mirrors Linux
// nf_tables_api.c (nft_chain_validate) and ip_tables.c (mark_source_chains, find_check_entry).
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "felixsim/kernel_state.h"

namespace felixsim {

// The hooks from which a rule in saved words may be reached: bits of ipt_hook_bit() in ipt_rule.h.
// O(length).
uint8_t ipt_rule_hooks(std::string_view rule);

// Whether from one of these chains a way leads in a circle. O(what is reached).
bool leads_in_circle(const IptTable& table, const std::set<std::string>& chains);

// How far from the built-in chains each chain is at most, counted with both ends; 0 or absent: no
// way leads there. Never less than it is, but more where jumps have gone since. Used for look-up
// only.
using IptDepths = std::unordered_map<std::string, int>;
// What a new jump adds, with all that follows from it. False: a way may have become too long, or
// lead in a circle.
bool deepen(const IptTable& table, IptDepths& depths, const std::string& from,
            const std::string& to);
// The depths as they are, of a table that the kernel takes.
IptDepths exact_depths(const IptTable& table, std::string_view name);

// The kernel's words against a table, as reached from its built-in chains; empty: none. O(table).
std::string check_ipt_table(const IptTable& table, std::string_view name, IptBackend backend);

}  // namespace felixsim
