// SPDX-License-Identifier: Apache-2.0
// Floating IPs: NAT between addresses that a workload does not know of and its own. Mirrors
// felix/dataplane/linux/floating_ip_mgr.go of v3.32.1.
#pragma once

#include <map>
#include <vector>

#include "felixsim/messages.h"
#include "model/dataplane/rule_table.h"
#include "model/rules/renderer.h"

namespace felixsim {

class FloatingIpManager {
 public:
  // `enabled`: for all workloads; OpenStack's are always served.
  FloatingIpManager(rules::Renderer renderer, RuleTable nat, bool enabled)
      : renderer_(std::move(renderer)), nat_(std::move(nat)), enabled_(enabled) {}

  void on_workload(const msg::WorkloadEndpointId& id, const msg::WorkloadEndpoint* endpoint);
  void complete();

 private:
  rules::Renderer renderer_;
  RuleTable nat_;
  bool enabled_;
  std::map<msg::WorkloadEndpointId, std::vector<IpNat>> mappings_;
  bool dirty_ = true;
};

}  // namespace felixsim
