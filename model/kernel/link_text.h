// SPDX-License-Identifier: Apache-2.0
// Interfaces, addresses, neighbours and forwarding entries as `ip -o link`, `ip -o addr`, `ip
// neigh` and `bridge fdb` print them. Of an interface only what Link holds is printed: its flags,
// MTU, state, MAC, kind and VXLAN parameters.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "felixsim/kernel_state.h"
#include "felixsim/result.h"

namespace felixsim {

// Links in the order of their index, one line each; addresses IPv4 first within an interface.
std::string print_links(const std::map<std::string, Link>& links);
std::string print_addresses(const std::map<std::string, Link>& links);
// Sets the links (without addresses), or the addresses of links that are there already.
Result<std::map<std::string, Link>> parse_links(std::string_view text);
Status parse_addresses(std::string_view text, std::map<std::string, Link>& links);

std::string print_neighbours(const std::set<Neighbour>& neighbours);
Result<std::set<Neighbour>> parse_neighbours(std::string_view text);
std::string print_fdb(const std::set<FdbEntry>& fdb);
// Lines of bridges' ports are skipped.
Result<std::set<FdbEntry>> parse_fdb(std::string_view text);

}  // namespace felixsim
