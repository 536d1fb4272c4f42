// SPDX-License-Identifier: Apache-2.0
// Passes on what the dataplane wants to know as it is: host addresses, node metadata, IP pools,
// wireguard keys, services, the global BGP configuration. Mirrors felix/calc/dataplane_passthru.go.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <optional>

#include "felixsim/keys.h"
#include "felixsim/resource.h"
#include "model/calc/event_sequencer.h"

namespace felixsim::calc {

class DataplanePassthru {
 public:
  DataplanePassthru(EventSequencer& sequencer, bool ipv6_support)
      : sequencer_(sequencer), ipv6_support_(ipv6_support) {}

  // Null values are deletions.
  void on_host_ip(Symbol host, const HostIp* value);
  void on_ip_pool(const IpPoolKey& key, const IpPool* pool);
  void on_wireguard(Symbol node, const Wireguard* wireguard);
  void on_node(Symbol host, const Node* node);
  void on_service(const ResourceKey& key, const Service* service);
  void on_bgp_configuration(const BgpConfiguration* config);

 private:
  void update_node_ipv6(Symbol host, const Node& node);
  void set_ipv6(Symbol host, const std::optional<Ip>& ip);
  void clear_ipv6(Symbol host);

  EventSequencer& sequencer_;
  bool ipv6_support_;
  absl::flat_hash_map<Symbol, std::optional<Ip>> host_ips_, host_ipv6s_;  // unset: not an address
};

}  // namespace felixsim::calc
