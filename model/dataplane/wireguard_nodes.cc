// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/wireguard_nodes.h"

#include <algorithm>

namespace felixsim {

namespace {

bool is_address(const Cidr& net) { return net.length == net.address.max_prefix(); }

}  // namespace

void WireguardNodes::set_address(Symbol node, const std::optional<Ip>& address) {
  Change& change = changes_[node];
  const auto known = nodes_.find(node);
  const bool same = known != nodes_.end() && known->second.address == address;
  change.address.reset();
  if (!same) change.address.emplace(address);
  change.gone = false;
}

void WireguardNodes::remove_address(Symbol node) {
  Change& change = changes_[node];
  change.gone = true;
  change.address.reset();
}

void WireguardNodes::set_key(Symbol node, const std::string& key) {
  Change& change = changes_[node];
  const auto known = nodes_.find(node);
  const bool same = known != nodes_.end() && known->second.key == key;
  change.key = same ? std::nullopt : std::optional(key);
}

void WireguardNodes::remove_key(Symbol node) {
  if (nodes_.contains(node) || changes_.contains(node)) changes_[node].key = std::string();
}

void WireguardNodes::set_route(const Cidr& dst, Symbol node) {
  if (const auto had = node_of_.find(dst); had != node_of_.end()) {
    if (had->second == node) return;
    remove_route(dst);
  }
  node_of_.emplace(dst, node);
  if (node == self_) return add_own(dst);
  Change& change = changes_[node];
  const auto known = nodes_.find(node);
  if (known != nodes_.end() && known->second.cidrs.contains(dst))
    change.removed.erase(dst);
  else
    change.added.insert(dst);
}

void WireguardNodes::remove_route(const Cidr& dst) {
  const auto had = node_of_.find(dst);
  if (had == node_of_.end()) return;
  const Symbol node = had->second;
  node_of_.erase(had);
  if (node == self_) return remove_own(dst);
  Change& change = changes_[node];
  const auto known = nodes_.find(node);
  if (known != nodes_.end() && known->second.cidrs.contains(dst))
    change.removed.insert(dst);
  else
    change.added.erase(dst);
}

// Felix looks at its own CIDRs anew unless it has one already that, it thinks, covers the new one
// (localWorkloadCIDRAdd): one within it that begins at the same address.
void WireguardNodes::add_own(const Cidr& dst) {
  own_.insert(dst);
  if (own_dirty_) return;
  const auto self = nodes_.find(self_);
  own_dirty_ =
      self == nodes_.end() ||
      std::none_of(self->second.cidrs.begin(), self->second.cidrs.end(), [&](const Cidr& had) {
        return had.contains(dst.address) && had.length >= dst.length;
      });
}

void WireguardNodes::remove_own(const Cidr& dst) {
  own_.erase(dst);
  const auto self = nodes_.find(self_);
  own_dirty_ = own_dirty_ || (self != nodes_.end() && self->second.cidrs.contains(dst));
}

// Own addresses that own blocks cover need no route (getLocalNodeCIDRUpdates).
WireguardNodes::Change WireguardNodes::own_change() const {
  Change change;
  const auto self = nodes_.find(self_);
  if (self != nodes_.end()) change.removed = self->second.cidrs;
  for (const Cidr& dst : own_) {
    bool covered = false;
    for (int length = is_address(dst) ? dst.length - 1 : -1; length >= 0 && !covered; --length)
      covered = own_.contains(Cidr::of(dst.address, length));
    if (!covered && change.removed.erase(dst) == 0) change.added.insert(dst);
  }
  return change;
}

bool WireguardNodes::is_peer(const Node& node) const {
  if (!node.address || node.key.empty()) return false;
  const auto claims = claims_.find(node.key);
  return claims != claims_.end() && claims->second.size() == 1;
}

void WireguardNodes::change_key(Symbol name, Node& node, const std::string& key) {
  for (const std::string& either : {node.key, key})
    if (!either.empty()) changed_.insert(either);
  if (!node.key.empty()) {
    auto claims = claims_.find(node.key);
    claims->second.erase(name);
    if (claims->second.empty()) claims_.erase(claims);
  }
  node.key = key;
  if (!key.empty()) claims_[key].insert(name);
}

void WireguardNodes::take(Symbol name, const Change& change) {
  Node& node = nodes_[name];
  if (change.address) node.address = *change.address;
  if (change.gone) node.address.reset();
  if (change.key) change_key(name, node, *change.key);
  for (const Cidr& dst : change.removed) {
    node.cidrs.erase(dst);
    routes_.erase(dst);
  }
  node.cidrs.insert(change.added.begin(), change.added.end());
  if (!node.key.empty()) changed_.insert(node.key);
}

void WireguardNodes::route(Node& node, const Change& change) {
  const bool to_device = is_peer(node);
  const bool flips = to_device != node.to_device;
  for (const Cidr& dst : flips ? node.cidrs : change.added) routes_[dst] = to_device;
  node.to_device = to_device;
}

void WireguardNodes::settle_key(const std::string& key) {
  const auto claims = claims_.find(key);
  const Node* node = claims != claims_.end() && claims->second.size() == 1
                         ? &nodes_.at(*claims->second.begin())
                         : nullptr;
  if (node && node->address)
    peers_[key] = {*node->address, node->cidrs};
  else
    peers_.erase(key);
}

bool WireguardNodes::update() {
  if (own_dirty_) changes_[self_] = own_change();
  own_dirty_ = false;
  std::erase_if(changes_, [](const auto& entry) { return entry.second.empty(); });
  for (const auto& [name, change] : changes_) take(name, change);
  for (const auto& [name, change] : changes_) route(nodes_.at(name), change);
  for (const std::string& key : changed_) settle_key(key);
  for (const auto& [name, change] : changes_) {
    const Node& node = nodes_.at(name);
    if (!node.address && node.cidrs.empty() && node.key.empty()) nodes_.erase(name);
  }
  return !std::exchange(changes_, {}).empty();
}

bool WireguardNodes::is_of_node_without_address(const std::string& key) const {
  const auto claims = claims_.find(key);
  return claims != claims_.end() && claims->second.size() == 1 &&
         !nodes_.at(*claims->second.begin()).address;
}

}  // namespace felixsim
