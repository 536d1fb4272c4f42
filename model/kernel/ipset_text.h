// SPDX-License-Identifier: Apache-2.0
// `ipset save` text, and members in the form in which the kernel keeps them.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "felixsim/kernel_state.h"
#include "felixsim/result.h"

namespace felixsim {

// Sets by name, members by byte. Without bucketsize and initval.
std::string print_ipset_save(const std::map<std::string, IpSet>& sets);
Result<std::map<std::string, IpSet>> parse_ipset_save(std::string_view text);
// The "create" line without its newline.
std::string print_ipset_create(const IpSet& set);

// A member as `ipset save` prints it: "10.0.0.0/8", "10.0.0.1" for a /32, "10.0.0.1,tcp:80". Host
// bits are masked off. An error says what ipset says.
Result<std::string> canonical_ipset_member(const IpSet& set, std::string_view member);

}  // namespace felixsim
