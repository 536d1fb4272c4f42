// SPDX-License-Identifier: Apache-2.0
// Routes and routing rules as `ip route show table all`, `ip -6 route show table all` and `ip rule`
// print them (iproute2 6.1 with Debian 12's name tables). Link-local and multicast routes are not
// kept (see kernel_state.h).
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "felixsim/kernel_state.h"
#include "felixsim/result.h"

namespace felixsim {

std::string print_route(const Route& route);  // one line, with iproute2's trailing space
Result<Route> parse_route(std::string_view line, IpFamily family);
// Table main first, then the others by number.
std::string print_routes(const std::set<Route>& routes, IpFamily family);
Result<std::set<Route>> parse_routes(std::string_view text, IpFamily family);

std::string print_rule(const RoutingRule& rule);
Result<RoutingRule> parse_rule(std::string_view line, IpFamily family);
std::string print_rules(const std::set<RoutingRule>& rules, IpFamily family);
Result<std::set<RoutingRule>> parse_rules(std::string_view text, IpFamily family);

// "kernel", "boot", "80", ...: names of /etc/iproute2/rt_protos.
std::string protocol_name(int protocol);
std::optional<int> protocol_number(std::string_view text);

}  // namespace felixsim
