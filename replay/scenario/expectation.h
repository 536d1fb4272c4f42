// SPDX-License-Identifier: Apache-2.0
// Checks expectations against a node's state in native text. Pure: the caller shows the state.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "replay/scenario/scenario.h"

namespace felixsim {

struct ExpectationFailure {
  Place place;
  std::string message;  // "node-a routes: no line has '10.244.1.0/26 via 10.244.1.0'"
  std::string detail;   // the nearest lines that are there, one a line; may be empty
};

// Checks what is expected of `node`, and of every node. Texts by name of `felixsim show --what`
// (iptables, ip6tables, nft, arp, ipsets, routes, routes6, rules, neigh, fdb, links, sysctls,
// status, config, marks) and "messages" (JSON lines). An expectation about a text that is not there
// fails and says so. Rules compare without counters and without `-m comment` matches, unless the
// expectation has one itself; sets of members ignore order.
std::vector<ExpectationFailure> check_expectations(const std::vector<Expectation>& expectations,
                                                   const std::string& node,
                                                   const std::map<std::string, std::string>& texts);

}  // namespace felixsim
