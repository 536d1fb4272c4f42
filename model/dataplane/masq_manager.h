// SPDX-License-Identifier: Apache-2.0
// NAT of outgoing packets: the sets of all pools and of those with natOutgoing, and the rule.
// Mirrors felix/dataplane/linux/masq_mgr.go of v3.32.1.
#pragma once

#include <map>
#include <string>

#include "felixsim/messages.h"
#include "model/dataplane/ip_sets.h"
#include "model/dataplane/rule_table.h"
#include "model/rules/renderer.h"

namespace felixsim {

class MasqManager {
 public:
  MasqManager(rules::Renderer renderer, IpSets& ip_sets, RuleTable nat);

  void on_pool(const msg::IpamPoolUpdate& update);
  void on_pool_removed(const msg::IpamPoolRemove& removed);
  void complete();

 private:
  rules::Renderer renderer_;
  IpSets& ip_sets_;
  RuleTable nat_;
  std::string_view all_pools_;  // name of the set of all pools
  std::map<std::string, msg::IpamPool> pools_;
  bool dirty_ = true;
};

}  // namespace felixsim
