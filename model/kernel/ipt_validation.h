// SPDX-License-Identifier: Apache-2.0
// What the kernel checks in a whole iptables table when it takes it: that jumps come to an end, and
// that no extension can be reached from a hook in which it does not work. Mirrors Linux
// nf_tables_api.c (nft_chain_validate) and ip_tables.c (mark_source_chains, find_check_entry).
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "felixsim/kernel_state.h"

namespace felixsim {

// The hooks from which a rule in saved words may be reached: bits of ipt_hook_bit() in ipt_rule.h.
// O(length).
uint8_t ipt_rule_hooks(std::string_view rule);

// False: from none of these chains does a way lead in a circle, or deeper than a few jumps. O(what
// is reached).
bool may_be_deep(const IptTable& table, const std::set<std::string>& chains);

// The kernel's words against a table, as reached from its built-in chains; empty: none. O(table).
std::string check_ipt_table(const IptTable& table, std::string_view name, IptBackend backend);

}  // namespace felixsim
