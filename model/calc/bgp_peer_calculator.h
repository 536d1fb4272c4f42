// SPDX-License-Identifier: Apache-2.0
// Which local workloads are BGP peers of this node: BGPPeers that select the node, matched against
// local workload endpoints; of several the first by name. Mirrors
// felix/calc/active_bpgpeer_calculator.go.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <map>
#include <set>
#include <span>

#include "felixsim/keys.h"
#include "felixsim/resource.h"
#include "model/calc/calc_hash.h"
#include "model/calc/policy_resolver.h"
#include "model/selector/match_index.h"

namespace felixsim::calc {

class BgpPeerCalculator {
 public:
  BgpPeerCalculator(Symbol hostname, PolicyResolver& resolver);

  // Null values are deletions. Endpoints are local ones.
  void on_endpoint(const WorkloadEndpointKey& key, const WorkloadEndpoint* endpoint);
  void on_profile_labels(Symbol name, const Profile* profile);
  void on_node(Symbol name, const Node* node);
  void on_bgp_peer(Symbol name, const BgpPeer* peer);

 private:
  bool selects_this_node(const BgpPeer& peer) const;
  void activate(Symbol name, const BgpPeer& peer);
  void on_match(Symbol peer, std::span<const uint32_t> workloads, bool matches);
  void on_match(Symbol peer, const WorkloadEndpointKey& key, bool matches);

  Symbol hostname_;
  PolicyResolver& resolver_;
  KeyNumbers<WorkloadEndpointKey> workloads_;
  MatchIndex<WorkloadEndpointKey, Symbol> index_;
  Labels node_labels_;
  std::map<Symbol, BgpPeer> peers_;
  absl::flat_hash_map<WorkloadEndpointKey, std::set<Symbol>> peers_of_;
};

}  // namespace felixsim::calc
