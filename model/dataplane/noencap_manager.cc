// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/noencap_manager.h"

namespace felixsim {

NoEncapManager::NoEncapManager(IpFamily family, Symbol hostname, int route_protocol)
    : hostname_(hostname),
      routes_({family, msg::IpPoolType::no_encap, RouteClass::no_encap, RouteClass::no_encap, "", 0,
               route_protocol}) {}

void NoEncapManager::on_host(Symbol host, const std::string& address) {
  if (host != hostname_) return;
  routes_.set_parent_address(address);
  routes_.trigger_update();
}

void NoEncapManager::on_host_removed(Symbol host) { on_host(host, ""); }

void NoEncapManager::complete(RouteTable& table, const Backend& backend) {
  routes_.complete(table, backend, {});
}

}  // namespace felixsim
