// SPDX-License-Identifier: Apache-2.0
// Blocks service addresses that are advertised over BGP and have no service, which would loop
// between this node and its gateway. Mirrors felix/dataplane/linux/service_loop_mgr.go of v3.32.1.
#pragma once

#include <optional>

#include "felixsim/messages.h"
#include "model/dataplane/rule_table.h"
#include "model/rules/renderer.h"

namespace felixsim {

class ServiceLoopManager {
 public:
  ServiceLoopManager(rules::Renderer renderer, RuleTable filter)
      : renderer_(std::move(renderer)), filter_(std::move(filter)), pending_(BgpConfiguration{}) {}

  void on_bgp_config(const BgpConfiguration& config) { pending_ = config; }
  void complete();

 private:
  rules::Renderer renderer_;
  RuleTable filter_;
  std::optional<BgpConfiguration> pending_;
};

}  // namespace felixsim
