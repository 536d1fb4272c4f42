// SPDX-License-Identifier: Apache-2.0
// Cluster routes without a tunnel, where Felix and not BIRD programs them. Mirrors
// felix/dataplane/linux/noencap_mgr.go of v3.32.1.
#pragma once

#include "felixsim/kernel_state.h"
#include "felixsim/messages.h"
#include "model/dataplane/route_manager.h"

namespace felixsim {

class NoEncapManager {
 public:
  NoEncapManager(IpFamily family, Symbol hostname, int route_protocol);

  // The node's own address, of this manager's family.
  void on_host(Symbol host, const std::string& address);
  void on_host_removed(Symbol host);
  RouteManager& routes() { return routes_; }
  void complete(RouteTable& table, const Backend& backend);

 private:
  Symbol hostname_;
  RouteManager routes_;
};

}  // namespace felixsim
