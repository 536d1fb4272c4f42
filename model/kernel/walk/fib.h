// SPDX-License-Identifier: Apache-2.0
// Routing: rules, tables, longest prefix, metric; and the choice of a source address. Mirrors Linux
// net/ipv4/fib_rules.c, fib_trie.c, fib_semantics.c and net/ipv6/route.c. Of a multipath route the
// first next hop that lives is taken, where the kernel chooses by a hash that nobody can know.
// Internal to the walk.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "felixsim/kernel_state.h"

namespace felixsim::walk {

class Fib {
 public:
  Fib(const KernelState& state, IpFamily family);

  // The route of a packet; null if no table has one. Blackholes and the like are routes, also
  // where a rule says so. `in` is the interface that it came in by, lo for the node's own. Of a
  // multipath route gateway and device are those of the next hop taken.
  const Route* find(const Ip& destination, const Ip& source, uint32_t mark,
                    std::string_view in = "lo") const;
  // The best route of one table; null: none.
  const Route* find_in(int table, const Ip& destination) const;
  // The address that the kernel would choose for a packet that leaves by this route.
  Ip source_for(const Route& route, const Ip& destination) const;
  bool is_local(const Ip& ip) const;
  // Whether packets by this route may leave by the device: of a multipath route any of its own.
  static bool leaves_by(const Route& route, std::string_view device);

 private:
  struct Table {
    std::vector<int> lengths;  // longest first
    std::unordered_map<Cidr, const Route*> routes;
  };
  const Route* with_next_hop(const Route& route);

  const KernelState& state_;
  IpFamily family_;
  struct Rule {
    const RoutingRule* rule;
    Route verdict;  // of a rule that looks nothing up
  };
  std::vector<Rule> rules_;   // in the order in which they are asked
  std::deque<Route> chosen_;  // multipath routes with the next hop taken
  std::map<int, Table> tables_;
  std::vector<const Link*> links_;  // by index
};

}  // namespace felixsim::walk
