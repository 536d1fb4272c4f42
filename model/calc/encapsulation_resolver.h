// SPDX-License-Identifier: Apache-2.0
// Which encapsulations the IP pools ask for. Mirrors felix/calc/encapsulation_resolver.go: sent at
// in-sync and after every change of a pool, whether or not the answer changed; Felix restarts when
// it differs from what it started with.
#pragma once

#include <set>

#include "felixsim/keys.h"
#include "felixsim/resource.h"
#include "model/calc/event_sequencer.h"

namespace felixsim::calc {

// IpInIpEnabled and VXLANEnabled, where set, win over the pools; IPv6 VXLAN is always the pools'.
class EncapsulationCalculator {
 public:
  void update_pool(const Cidr& cidr, const IpPool* pool);
  msg::Encapsulation calculate(const LiveConfig& config) const;

 private:
  std::set<Cidr> ipip_, vxlan_, vxlan_v6_;
};

class EncapsulationResolver {
 public:
  explicit EncapsulationResolver(EventSequencer& sequencer) : sequencer_(sequencer) {}
  void on_ip_pool(const IpPoolKey& key, const IpPool* pool);
  void on_in_sync();

 private:
  void send();

  EventSequencer& sequencer_;
  EncapsulationCalculator calculator_;
  bool in_sync_ = false;
};

}  // namespace felixsim::calc
