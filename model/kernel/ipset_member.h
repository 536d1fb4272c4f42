// SPDX-License-Identifier: Apache-2.0
// Elements of IP sets as ipset 7.17 reads and prints them: "10.0.0.1-10.0.0.5,tcp:80-82" names
// many. Mirrors lib/parse.c, and the ranges that net/netfilter/ipset of Linux spreads out.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "felixsim/kernel_state.h"
#include "felixsim/result.h"

namespace felixsim {

// "hash:ip", "hash:net,port", ...: the types that are modelled. Felix uses hash:ip, hash:net,
// hash:ip,port, hash:net,net and bitmap:port.
bool is_ipset_type(std::string_view type);
bool is_bitmap(const IpSet& set);

// What the kernel says of a length of zero; the rest of what can be wrong, ipset finds itself.
inline constexpr std::string_view invalid_cidr =
    "The value of the CIDR parameter of the IP address is invalid";

// The members for which `element` stands, as `ipset save` prints them. An error says what ipset
// says, and names what felixsim does not spread out: more than a million members.
Result<std::vector<std::string>> ipset_members(const IpSet& set, std::string_view element);

// "timeout 5 nomatch" behind an element, in the order in which `ipset save` prints it; empty: none.
// An error says what the set cannot have.
Result<std::string> ipset_member_options(const IpSet& set, std::span<const std::string_view> words);

// Options of a set behind its type: family, sizes, range and extensions. The error says what ipset
// says.
Status read_ipset_options(IpSet& set, std::span<const std::string_view> words);

}  // namespace felixsim
