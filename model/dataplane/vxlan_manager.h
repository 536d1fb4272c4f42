// SPDX-License-Identifier: Apache-2.0
// VXLAN: the device, its neighbours and forwarding entries, the set of hosts that may send, and the
// routes. Mirrors felix/dataplane/linux/vxlan_mgr.go of v3.32.1. Left out: BPF's flow-based device.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "felixsim/kernel_op.h"
#include "felixsim/messages.h"
#include "model/dataplane/ip_sets.h"
#include "model/dataplane/route_manager.h"
#include "model/dataplane/vxlan_fdb.h"

namespace felixsim {

struct VxlanManagerConfig {
  IpFamily family = IpFamily::v4;
  Symbol hostname;
  int vni = 4096, port = 4789, mtu_bytes = 0;
  int route_protocol = felix_route_protocol;
  bool classic = false;              // RouteManagerConfig
  std::vector<Cidr> external_cidrs;  // other sources that may send VXLAN
};
std::string vxlan_device(IpFamily family);  // "vxlan.calico", "vxlan-v6.calico"

class VxlanManager {
 public:
  VxlanManager(VxlanManagerConfig config, IpSets& ip_sets, VxlanFdb& fdb);

  void on_vtep(const msg::VtepUpdate& vtep);
  void on_vtep_removed(const msg::VtepRemove& removed);
  RouteManager& routes() { return routes_; }
  bool sync_device(Backend& backend);
  bool device_needs_sync(const KernelState& kernel) const;
  void complete(RouteTable& table, const Backend& backend);

 private:
  struct VtepFields {
    std::string mac, address, host_address;
  };
  VtepFields fields(const msg::VtepUpdate& vtep) const;
  void set_local_vtep(std::optional<msg::VtepUpdate> vtep);
  void update_neighbours();
  std::optional<RouteTarget> tunnel_route(const Cidr& dst, const msg::RouteUpdate& route) const;
  std::optional<TunnelDevice> device(const Link& parent) const;

  VxlanManagerConfig config_;
  IpSets& ip_sets_;
  VxlanFdb& fdb_;
  RouteManager routes_;
  std::optional<msg::VtepUpdate> local_;
  std::map<Symbol, msg::VtepUpdate> remote_;
  bool dirty_ = true;
};

}  // namespace felixsim
