// SPDX-License-Identifier: Apache-2.0
// The routing rules that look into a table of Felix's own: what else looks into it is taken away.
// Mirrors felix/routerule/route_rule.go of v3.32.1 (RouteRules with RulesMatchSrcFWMarkTable).
#pragma once

#include <set>

#include "felixsim/kernel_op.h"

namespace felixsim {

class RouteRules {
 public:
  RouteRules(IpFamily family, int table) : family_(family), table_(table) {}

  void add(const RoutingRule& rule);
  void queue_resync() { in_sync_ = false; }
  // False if the kernel refused something: tried again later.
  bool apply(Backend& backend);

 private:
  IpFamily family_;
  int table_;
  std::set<RoutingRule> wanted_;
  bool in_sync_ = false;
};

}  // namespace felixsim
