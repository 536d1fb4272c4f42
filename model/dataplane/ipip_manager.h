// SPDX-License-Identifier: Apache-2.0
// IPIP: the device tunl0 and, where Felix and not BIRD programs them, the routes by it. Mirrors
// felix/dataplane/linux/ipip_mgr.go of v3.32.1. IPv4 only.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "felixsim/kernel_op.h"
#include "felixsim/messages.h"
#include "model/dataplane/route_manager.h"

namespace felixsim {

struct IpipManagerConfig {
  Symbol hostname;
  int mtu_bytes = 0;
  int route_protocol = felix_route_protocol;
  std::optional<Ip> tunnel_address;
  bool program_routes = false;
  bool classic = false;  // Felix v3.28: tunl0 needs neither a parent nor an address
};

class IpipManager {
 public:
  explicit IpipManager(IpipManagerConfig config);

  void on_host(const msg::HostMetadataUpdate& update);
  void on_host_removed(const msg::HostMetadataRemove& removed);
  void on_route(const msg::RouteUpdate& route);
  void on_route_removed(const msg::RouteRemove& route);
  bool sync_device(Backend& backend);
  bool device_needs_sync(const KernelState& kernel) const;
  void complete(RouteTable& table, const Backend& backend);

 private:
  std::optional<TunnelDevice> device() const;
  bool classic_device_needs_sync(const KernelState& kernel) const;
  bool sync_classic_device(Backend& backend);
  bool sync_classic_address(Backend& backend);

  IpipManagerConfig config_;
  RouteManager routes_;
  std::map<Symbol, std::string> hosts_;
};

// Takes the addresses off tunl0 when IPIP is off.
void clean_up_ipip_addresses(Backend& backend);

}  // namespace felixsim
