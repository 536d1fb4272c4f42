// SPDX-License-Identifier: Apache-2.0
// The routes that Felix keeps in one routing table: who wants which, which wins, and what the
// kernel must be told. Mirrors felix/routetable/route_table.go and its main-table ownership policy
// of v3.32.1. Left out: multi-path routes, TOS, clean-up of conntrack for moved routes.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "felixsim/kernel_op.h"
#include "felixsim/time.h"
#include "model/dataplane/delta_tracker.h"
#include "model/dataplane/interfaces.h"

namespace felixsim {

// Who asks for a route; when several do, the earlier class wins (routetable/defs.go RouteClass).
enum class RouteClass : uint8_t {
  local_workload,
  wireguard,
  vxlan_same_subnet,
  vxlan_tunnel,
  ipip_same_subnet,
  ipip_tunnel,
  no_encap,
  ipam_block_drop,
};

// The kernel's key of a route within a table.
struct RouteKey {
  Cidr dst;
  uint32_t priority = 0;
  auto operator<=>(const RouteKey&) const = default;
};

struct RouteTarget {
  enum class Kind : uint8_t { link_local, on_link, blackhole, throw_ };
  RouteKey key;
  Kind kind = Kind::link_local;  // on_link: by a gateway that need not be in a connected subnet
  std::optional<Ip> gateway;
  std::optional<Mac> destination_mac;  // a static ARP entry goes with the route
  std::optional<int> protocol;         // unset: the table's default
  int mtu_bytes = 0;                   // 0: none
};

struct RouteTableConfig {
  IpFamily family = IpFamily::v4;
  int table = 254;
  std::optional<Ip> source_address;
  int default_protocol = 3;
  // Ownership (ownershippol.MainTableOwnershipPolicy); ignored where `own_device` is set.
  std::vector<std::string> workload_prefixes;
  std::vector<std::string> special_interfaces;
  std::vector<int> all_protocols, exclusive_protocols;
  bool remove_external_routes = true;
  // In a table of Felix's own: the one device that it looks at; it owns all routes by it, and those
  // by none.
  std::string own_device;
  bool static_arp_entries = false;
  // Felix v3.28: routes with exclusive protocols are ours only on devices that hold routes to the
  // same subnet, and without a device if `owns_special`. Where two want a route, or somebody else
  // has it, whoever was first keeps it. Routes have no MTU.
  bool classic = false, owns_special = true;
};
// The main table's configuration. `device_route_protocol` is 3 (boot) by default; Felix then marks
// routes that no interface of its own tells apart with protocol 80.
RouteTableConfig main_route_table(IpFamily family, int device_route_protocol,
                                  std::optional<Ip> source_address,
                                  const std::vector<std::string>& workload_prefixes,
                                  bool remove_external_routes);
// The same for Felix v3.28, whose tables for tunnels exist only with VXLAN.
RouteTableConfig classic_main_route_table(RouteTableConfig config, bool vxlan);
inline constexpr int felix_route_protocol = 80;  // dataplanedefs.DefaultRouteProto

// "*NoOIF*": routes without an interface.
inline constexpr std::string_view no_interface = "*NoOIF*";

class RouteTable {
 public:
  explicit RouteTable(RouteTableConfig config);

  // All routes that one class wants by one interface; replaces what it wanted before.
  void set_routes(RouteClass route_class, const std::string& device,
                  const std::vector<RouteTarget>& targets);
  void on_interface_changed(const InterfaceChange& change, SimTime now);
  void queue_resync() { full_resync_needed_ = true; }

  // Deletes what is not wanted, then adds. False if the kernel refused something: retried later.
  // `woken`: Felix looks now for a reason of its own; else stray routes stay until it does.
  bool apply(Backend& backend, SimTime now, bool woken = true);
  // When an unexpected route on a new interface may be removed; unset if none waits.
  std::optional<SimTime> next_grace_end() const { return next_grace_end_; }

 private:
  struct Interface {
    int index = 0;
    InterfaceState state = InterfaceState::not_present;
    SimTime first_seen = 0;
    bool grace_expired = false;
  };
  using Targets = std::map<RouteKey, RouteTarget>;
  using Owner = std::pair<RouteClass, std::string>;  // class, interface

  RouteKey normalised(RouteKey key) const;
  void recalculate(const RouteKey& key);
  const RouteTarget* best_target(const RouteKey& key, std::string& device);
  Route kernel_route(const RouteTarget& target, const RouteKey& key,
                     const std::string& device) const;
  bool is_ours(const Route& route) const;
  void note_contest(const RouteKey& key);
  bool is_exclusively_ours(const Route& route, bool special) const;
  bool is_taken(const KernelState& kernel, const RouteKey& key) const;
  bool is_workload_interface(const std::string& device) const;
  Route comparable(Route route) const;
  void resync(const KernelState& kernel);
  void rescan_interfaces(const KernelState& kernel);
  bool in_grace_period(const Route& route, SimTime now, bool woken);
  bool apply_deletions(Backend& backend, SimTime now, bool woken);
  bool apply_updates(Backend& backend);
  bool apply_arp_entries(Backend& backend);

  RouteTableConfig config_;
  absl::flat_hash_map<Owner, Targets> wanted_;
  std::map<RouteKey, std::vector<Owner>> owners_;  // the reverse; sorted
  absl::flat_hash_map<std::string, Interface> interfaces_;
  DeltaTracker<RouteKey, Route> routes_;
  std::set<std::string> to_rescan_, to_arp_;
  std::set<RouteKey> contested_;               // classic: wanted by several, one of which has it
  std::set<RouteKey> released_;                // classic: wanted once: no grace for them
  std::set<std::string> same_subnet_devices_;  // classic: that ever were asked to hold routes
  std::map<std::string, std::map<Ip, Mac>> arp_entries_;
  bool full_resync_needed_ = true;
  std::optional<SimTime> next_grace_end_;
};

}  // namespace felixsim
