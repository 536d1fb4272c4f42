// SPDX-License-Identifier: Apache-2.0
// Routing: rules, tables, longest prefix, metric; and the choice of a source address. Mirrors Linux
// net/ipv4/fib_rules.c, fib_trie.c, fib_semantics.c and net/ipv6/route.c as far as one route a
// prefix goes. Internal to the walk.
#pragma once

#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "felixsim/kernel_state.h"

namespace felixsim::walk {

class Fib {
 public:
  Fib(const KernelState& state, IpFamily family);

  // The route of a packet; null if no table has one. Blackholes and the like are routes.
  const Route* find(const Ip& destination, const Ip& source, uint32_t mark) const;
  // The best route of one table; null: none.
  const Route* find_in(int table, const Ip& destination) const;
  // The address that the kernel would choose for a packet that leaves by this route.
  Ip source_for(const Route& route, const Ip& destination) const;
  bool is_local(const Ip& ip) const;

 private:
  struct Table {
    std::vector<int> lengths;  // longest first
    std::unordered_map<Cidr, const Route*> routes;
  };
  const KernelState& state_;
  IpFamily family_;
  std::vector<const RoutingRule*> rules_;  // by priority
  std::map<int, Table> tables_;
  std::vector<const Link*> links_;  // by index
};

}  // namespace felixsim::walk
