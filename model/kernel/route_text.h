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

// One line, with iproute2's trailing space; of a multipath route one more for each next hop.
std::string print_route(const Route& route);
// Next hops may stand on the line too, as `ip route add` takes them.
Result<Route> parse_route(std::string_view line, IpFamily family);
// Table by table, in the order of the kernel's hash: by the last eight bits of their numbers.
std::string print_routes(const std::set<Route>& routes, IpFamily family);
Result<std::set<Route>> parse_routes(std::string_view text, IpFamily family);

// What a command names of a route; a deletion takes what it does not name for any.
struct RouteWords {
  Route route;
  bool names_destination = false, names_type = false, names_protocol = false, names_scope = false;
};
// Errors are in iproute2's words, without "Error: ".
Result<RouteWords> parse_route_words(std::string_view words, IpFamily family);
// "link" -> 253; texts are those of Route::scope.
int scope_number(std::string_view scope);

std::string print_rule(const RoutingRule& rule);
Result<RoutingRule> parse_rule(std::string_view line, IpFamily family);
std::string print_rules(const std::set<RoutingRule>& rules, IpFamily family);
Result<std::set<RoutingRule>> parse_rules(std::string_view text, IpFamily family);

// What a command names of a rule.
struct RuleWords {
  RoutingRule rule;
  bool names_priority = false, names_action = false, names_table = false;
};
Result<RuleWords> parse_rule_words(std::string_view words, IpFamily family);

// "main", "local", "100", ...: names of /etc/iproute2/rt_tables.
std::string table_name(int table);
std::optional<int> table_number(std::string_view text);
// "kernel", "boot", "80", ...: names of /etc/iproute2/rt_protos.
std::string protocol_name(int protocol);
std::optional<int> protocol_number(std::string_view text);

}  // namespace felixsim
