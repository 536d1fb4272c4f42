// SPDX-License-Identifier: Apache-2.0
// What WireGuard knows of the cluster's nodes, and what follows: who is a peer, and which
// destinations go to the device or are thrown back to the other routing tables. Mirrors the
// bookkeeping of felix/wireguard/wireguard.go of v3.32.1 (nodeData, nodeUpdateData and what works
// on them).
//
// A node is a peer if it has an address and a key that no other node claims. Changes are gathered
// until update(), as Felix gathers them between two applies. Only nodes that changed are routed
// anew: one whose key another node claims, or gives up, keeps its routes until it changes itself.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "felixsim/ip.h"
#include "felixsim/symbol.h"

namespace felixsim {

class WireguardNodes {
 public:
  struct Peer {
    Ip address;
    std::set<Cidr> allowed;
    bool operator==(const Peer&) const = default;
  };

  explicit WireguardNodes(Symbol self) : self_(self) {}

  // Of other nodes. An address that does not parse is none; a key that is none is empty.
  void set_address(Symbol node, const std::optional<Ip>& address);
  void remove_address(Symbol node);
  void set_key(Symbol node, const std::string& key);
  void remove_key(Symbol node);
  // Of any node: a CIDR has one node.
  void set_route(const Cidr& dst, Symbol node);
  void remove_route(const Cidr& dst);

  // Takes what was gathered. O(what changed), and O(own CIDRs) where those changed. True if the
  // routes may have changed.
  bool update();

  const std::map<std::string, Peer>& peers() const { return peers_; }     // by key
  const std::map<Cidr, bool>& routes() const { return routes_; }          // true: to the device
  const std::set<std::string>& changed_keys() const { return changed_; }  // since the last clear
  void clear_changed_keys() { changed_.clear(); }
  bool empty() const { return nodes_.empty(); }
  // Whether exactly one node claims this key, and has no address.
  bool is_of_node_without_address(const std::string& key) const;

 private:
  struct Node {
    std::optional<Ip> address;
    std::string key;
    std::set<Cidr> cidrs;
    bool to_device = false;
  };
  struct Change {
    std::optional<std::optional<Ip>> address;
    std::optional<std::string> key;
    std::set<Cidr> added, removed;
    bool gone = false;
    bool empty() const { return !address && !key && added.empty() && removed.empty() && !gone; }
  };

  void add_own(const Cidr& dst);
  void remove_own(const Cidr& dst);
  Change own_change() const;
  void take(Symbol name, const Change& change);
  void change_key(Symbol name, Node& node, const std::string& key);
  bool is_peer(const Node& node) const;
  void route(Node& node, const Change& change);
  void settle_key(const std::string& key);

  Symbol self_;
  std::map<Cidr, Symbol> node_of_;
  std::set<Cidr> own_;
  bool own_dirty_ = false;
  std::map<Symbol, Change> changes_;
  std::map<Symbol, Node> nodes_;
  std::map<std::string, std::set<Symbol>> claims_;  // key -> nodes
  std::map<Cidr, bool> routes_;
  std::map<std::string, Peer> peers_;
  std::set<std::string> changed_;
};

}  // namespace felixsim
