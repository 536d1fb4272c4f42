// SPDX-License-Identifier: Apache-2.0
// DSCP marks on what endpoints send out of the cluster. Mirrors felix/dataplane/linux/dscp_mgr.go
// of v3.32.1.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "felixsim/messages.h"
#include "model/dataplane/endpoint_status.h"
#include "model/dataplane/ip_sets.h"
#include "model/dataplane/rule_table.h"
#include "model/rules/renderer.h"

namespace felixsim {

class DscpManager {
 public:
  DscpManager(rules::Renderer renderer, IpSets& ip_sets, RuleTable mangle)
      : renderer_(std::move(renderer)), ip_sets_(ip_sets), mangle_(std::move(mangle)) {}

  void on_workload(const msg::WorkloadEndpointId& id, const msg::WorkloadEndpoint* endpoint);
  void on_host(Symbol id, const msg::HostEndpoint* endpoint);
  void complete();

 private:
  struct Rule {
    std::vector<Ip> addresses;
    uint8_t value = 0;
  };
  void update(const EndpointId& id, std::vector<Ip> addresses,
              const std::vector<msg::QosPolicy>* policies);

  rules::Renderer renderer_;
  IpSets& ip_sets_;
  RuleTable mangle_;
  std::map<EndpointId, Rule> rules_;
  bool dirty_ = true;
};

}  // namespace felixsim
