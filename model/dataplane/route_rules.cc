// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/route_rules.h"

#include <algorithm>
#include <vector>

namespace felixsim {

namespace {

// What Felix compares of a rule: not its destination, and not its place.
RoutingRule compared(RoutingRule rule) {
  rule.to.reset();
  rule.rank = 0;
  if (rule.mark && !rule.mask) rule.mask = ~uint32_t{0};
  return rule;
}

}  // namespace

void RouteRules::add(const RoutingRule& rule) {
  if (wanted_.insert(compared(rule)).second) in_sync_ = false;
}

bool RouteRules::apply(Backend& backend) {
  if (in_sync_) return true;
  std::set<RoutingRule> missing = wanted_;
  std::vector<RoutingRule> stale;
  for (const RoutingRule& rule : backend.state().rules) {
    if (rule.family != family_ || rule.table != table_) continue;
    if (wanted_.contains(compared(rule)))
      missing.erase(compared(rule));
    else
      stale.push_back(rule);
  }
  bool ok = true;
  for (const RoutingRule& rule : stale) ok &= backend.apply(RuleOp{true, rule}).rc == 0;
  for (const RoutingRule& rule : missing) ok &= backend.apply(RuleOp{false, rule}).rc == 0;
  in_sync_ = ok;
  return ok;
}

}  // namespace felixsim
