// SPDX-License-Identifier: Apache-2.0
// All that is known about each CIDR of the address plan, with a set of those that changed. Mirrors
// RouteTrie and RouteInfo of felix/calc/l3_route_resolver.go; an ordered map stands for the trie.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "felixsim/ip.h"
#include "felixsim/messages.h"
#include "felixsim/symbol.h"

namespace felixsim::calc {

enum class RefType : uint8_t { workload, wireguard, ipip, vxlan };  // in order of preference

struct RouteInfo {
  struct Pool {
    msg::IpPoolType type = msg::IpPoolType::none;
    bool nat_outgoing = false, cross_subnet = false;
    bool operator==(const Pool&) const = default;
  };
  struct Ref {  // a workload's or a tunnel's address, counted
    Symbol node;
    RefType type = RefType::workload;
    int count = 0;
    auto operator<=>(const Ref&) const = default;
  };

  std::optional<Pool> pool;
  std::optional<Symbol> block;  // the node that an IPAM block gives the CIDR to
  std::vector<Symbol> hosts;    // nodes that have this address; sorted
  std::vector<Ref> refs;        // sorted by node and type
  bool was_sent = false;

  bool is_route() const { return pool || block || !hosts.empty() || !refs.empty(); }
  bool operator==(const RouteInfo&) const = default;
};

class RouteTrie {
 public:
  // Changing what is known of a CIDR marks it dirty; changing a pool marks all CIDRs dirty that
  // begin inside it.
  void set_pool(const Cidr& cidr, const std::optional<RouteInfo::Pool>& pool);
  void set_block(const Cidr& cidr, const std::optional<Symbol>& node);
  void add_host(const Cidr& cidr, Symbol node);
  void remove_host(const Cidr& cidr, Symbol node);
  void add_ref(const Cidr& cidr, Symbol node, RefType type);
  void remove_ref(const Cidr& cidr, Symbol node, RefType type);  // must be there
  void set_sent(const Cidr& cidr, bool sent);
  void mark_dirty(const Cidr& cidr) { dirty_.insert(cidr); }

  // What is known of the CIDR, after what is known of those around it, widest first; empty if
  // nothing is known of the CIDR itself.
  struct Entry {
    Cidr cidr;
    const RouteInfo* info;
  };
  std::vector<Entry> path_to(const Cidr& cidr) const;

  void visit(IpFamily family, const std::function<void(const Cidr&, const RouteInfo&)>& each) const;

  // The dirty CIDRs, in order; there are none afterwards.
  std::vector<Cidr> take_dirty();

 private:
  template <class Change>
  bool change(const Cidr& cidr, const Change& apply);
  std::array<uint32_t, 129>& lengths(IpFamily family) { return lengths_[family == IpFamily::v6]; }
  const std::array<uint32_t, 129>& lengths(IpFamily family) const {
    return lengths_[family == IpFamily::v6];
  }

  absl::btree_map<Cidr, RouteInfo> known_;
  std::array<std::array<uint32_t, 129>, 2> lengths_{};  // number of known CIDRs of each length
  absl::btree_set<Cidr> dirty_;
};

}  // namespace felixsim::calc
