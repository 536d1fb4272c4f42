// SPDX-License-Identifier: Apache-2.0
#include "model/calc/bgp_peer_calculator.h"

namespace felixsim::calc {
namespace {

Symbol first_of(const std::set<Symbol>& peers) { return peers.empty() ? Symbol() : *peers.begin(); }

bool same_labels(const Labels& a, const Labels& b) {
  const bool a_empty = !a || a->empty(), b_empty = !b || b->empty();
  return a_empty || b_empty ? a_empty == b_empty : *a == *b;
}

}  // namespace

BgpPeerCalculator::BgpPeerCalculator(Symbol hostname, PolicyResolver& resolver)
    : hostname_(hostname),
      resolver_(resolver),
      index_(
          workloads_, [this](Symbol peer, auto workloads) { on_match(peer, workloads, true); },
          [this](Symbol peer, auto workloads) { on_match(peer, workloads, false); }) {}

void BgpPeerCalculator::on_endpoint(const WorkloadEndpointKey& key,
                                    const WorkloadEndpoint* endpoint) {
  if (endpoint)
    index_.update_labels(key, endpoint->labels, endpoint->profile_ids);
  else
    index_.delete_labels(key);
}

void BgpPeerCalculator::on_profile_labels(Symbol name, const Profile* profile) {
  index_.update_parent(name, profile ? profile->labels_to_apply : Labels());
}

void BgpPeerCalculator::on_node(Symbol name, const Node* node) {
  if (name != hostname_) return;
  const Labels labels = node ? node->labels : Labels();
  if (same_labels(labels, node_labels_)) return;
  node_labels_ = labels;
  for (const auto& [peer_name, peer] : peers_) activate(peer_name, peer);
}

void BgpPeerCalculator::on_bgp_peer(Symbol name, const BgpPeer* peer) {
  if (!peer) {
    index_.delete_selector(name);
    peers_.erase(name);
    return;
  }
  peers_.insert_or_assign(name, *peer);
  activate(name, *peer);
}

bool BgpPeerCalculator::selects_this_node(const BgpPeer& peer) const {
  if (!peer.node.empty()) return peer.node == hostname_;
  const auto selector = parse_selector(peer.node_selector.view());
  return selector && (*selector)->matches(node_labels_);
}

// A peer without a (valid) workload selector matches no workload: it need not be in the index.
void BgpPeerCalculator::activate(Symbol name, const BgpPeer& peer) {
  if (!selects_this_node(peer) || peer.local_workload_selector.empty())
    return index_.delete_selector(name);
  const auto selector = parse_selector(peer.local_workload_selector.view());
  if (!selector) return index_.delete_selector(name);
  index_.update_selector(name, *selector);
}

void BgpPeerCalculator::on_match(Symbol peer, std::span<const uint32_t> workloads, bool matches) {
  for (const uint32_t workload : workloads) on_match(peer, workloads_.key(workload), matches);
}

void BgpPeerCalculator::on_match(Symbol peer, const WorkloadEndpointKey& key, bool matches) {
  auto& peers = peers_of_[key];
  const Symbol before = first_of(peers);
  if (matches)
    peers.insert(peer);
  else
    peers.erase(peer);
  const Symbol now = first_of(peers);
  if (peers.empty()) peers_of_.erase(key);
  if (now != before) resolver_.on_bgp_peer(key, now);
}

}  // namespace felixsim::calc
