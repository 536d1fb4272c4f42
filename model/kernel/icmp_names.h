// SPDX-License-Identifier: Apache-2.0
// The names that iptables gives types and codes of ICMP (extensions/libxt_icmp.h).
#pragma once

#include <string_view>

namespace felixsim {

// "3/1" for "host-unreachable"; what is no name stays as it is. "any" is "255".
std::string_view icmp_code_of(std::string_view name, bool v6);

}  // namespace felixsim
