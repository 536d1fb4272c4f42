// SPDX-License-Identifier: Apache-2.0
// Cluster routes of one kind of IP pool, and the tunnel device under them. Mirrors
// felix/dataplane/linux/route_mgr.go of v3.32.1. Left out: the thread that looks after the device
// every ten seconds (here it is looked after in each apply), checksum offload, BPF's shared device.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "felixsim/kernel_op.h"
#include "felixsim/messages.h"
#include "model/dataplane/route_table.h"

namespace felixsim {

// The device that a tunnel needs and its only address.
struct TunnelDevice {
  Link link;
  Ip address;
};

struct RouteManagerConfig {
  IpFamily family = IpFamily::v4;
  msg::IpPoolType pool_type = msg::IpPoolType::no_encap;
  RouteClass tunnel_class = RouteClass::no_encap, same_subnet_class = RouteClass::no_encap;
  std::string tunnel_device;  // empty: none
  int mtu_bytes = 0;
  int route_protocol = felix_route_protocol;
  bool classic = false;  // Felix v3.28: a device may have another MAC
};

// Routes that only Felix programs carry its own protocol, unless DeviceRouteProtocol is set.
int cluster_route_protocol(int device_route_protocol);

class RouteManager {
 public:
  // Makes the route by the tunnel, where there is enough to make it of.
  using TunnelRoute =
      std::function<std::optional<RouteTarget>(const Cidr& dst, const msg::RouteUpdate& route)>;
  // The device wanted on this parent; nothing while something is not known.
  using Device = std::function<std::optional<TunnelDevice>(const Link& parent)>;

  explicit RouteManager(RouteManagerConfig config) : config_(std::move(config)) {}

  void on_route_update(const msg::RouteUpdate& route);
  void on_route_remove(const msg::RouteRemove& route);
  void set_parent_address(const std::string& address) {
    parent_address_ = address;
    links_seen_ = 0;
  }
  void trigger_update() { dirty_ = true; }
  bool parent_known() const { return !parent_device_.empty(); }

  // Creates, repairs and raises the tunnel device. True if nothing failed.
  bool sync_device(Backend& backend, const Device& device);
  // Whether sync_device() would find anything to do.
  bool device_needs_sync(const KernelState& kernel, const Device& device) const;
  void complete(RouteTable& table, const Backend& backend, const TunnelRoute& tunnel_route);

 private:
  const Link* find_parent(const KernelState& kernel) const;
  void set_parent(RouteTable& table, const std::string& name);
  std::optional<RouteTarget> no_encap_route(const msg::RouteUpdate& route) const;
  void update_routes(RouteTable& table, const TunnelRoute& tunnel_route);
  bool is_local_block(const msg::RouteUpdate& route) const;
  bool ensure_only_address(Backend& backend, const Ip& address) const;

  RouteManagerConfig config_;
  std::string parent_address_, parent_device_;
  uint64_t links_seen_ = 0;  // Backend::links_version() when the parent was looked for; 0: never
  std::map<Cidr, msg::RouteUpdate> routes_, local_blocks_;
  bool dirty_ = true;
};

// Routes to the tunnel address itself, which no block covers: the VTEP is on the link.
bool is_remote_tunnel_route(const msg::RouteUpdate& route, msg::IpPoolType type);
bool is_borrowed_tunnel_route(const msg::RouteUpdate& route, msg::IpPoolType type);

}  // namespace felixsim
