// SPDX-License-Identifier: Apache-2.0
// The parts of the dataplane, how messages reach them, and the order in which they are applied.
// Mirrors felix/dataplane/linux/int_dataplane.go (InternalDataplane) of v3.32.1.
//
//   messages ──► managers ──► IP sets, FDB, link addresses, routes, chains ──► kernel
//                   ▲
//   interfaces ─────┘
//
// In an apply, managers resolve first; then IP sets are created and changed, since rules name them;
// FDB, link addresses and routes; then the tables, which lets go of IP sets; then IP sets are
// destroyed; statuses last.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/dataplane/dataplane.h"
#include "model/dataplane/dataplane_config.h"
#include "model/dataplane/dscp_manager.h"
#include "model/dataplane/endpoint_manager.h"
#include "model/dataplane/floating_ip_manager.h"
#include "model/dataplane/host_ip_manager.h"
#include "model/dataplane/hosts_ip_set_manager.h"
#include "model/dataplane/ipip_manager.h"
#include "model/dataplane/live_migrations.h"
#include "model/dataplane/masq_manager.h"
#include "model/dataplane/noencap_manager.h"
#include "model/dataplane/policy_manager.h"
#include "model/dataplane/service_loop_manager.h"
#include "model/dataplane/vxlan_manager.h"
#include "model/dataplane/wireguard_manager.h"

namespace felixsim {

// What the families write to together.
struct SharedParts {
  rules::EndpointMarks* marks = nullptr;  // null without kube-ipvs
  NftablesTable* arp_table = nullptr;     // null where the node has no nft
  EndpointStatusCombiner& statuses;
  WorkloadChains& workload_chains;
};

// One IP family: its tables and what writes into them. Held by pointer, since managers point at
// their neighbours.
struct FamilyDataplane {
  FamilyDataplane(const DataplaneConfig& config, IpFamily family, const SharedParts& shared,
                  const std::string& rp_filter);
  FamilyDataplane(const FamilyDataplane&) = delete;
  FamilyDataplane& operator=(const FamilyDataplane&) = delete;

  void set_static_chains();
  // The logical table of this name, in whichever tool.
  RuleTable table(const std::string& name);
  void sync_devices(Backend& backend);
  bool devices_need_sync(const KernelState& kernel) const;
  void on_interface(const InterfaceChange& change, SimTime now);
  void on_addresses(const AddressChange& change);
  void resolve() { endpoints->resolve(); }
  void complete(Backend& backend, std::optional<std::string>& fatal);

  const DataplaneConfig& config;
  IpFamily family;
  rules::Renderer renderer;
  IpSets ip_sets;
  std::optional<IpSets> old_ip_sets;  // nftables mode: removes those of iptables mode
  // Of these the ones of the other mode only remove what an earlier Felix left.
  std::map<std::string, std::unique_ptr<IptablesTable>> iptables;
  std::unique_ptr<NftablesTable> nft;
  RouteTable routes;
  LinkAddresses link_addresses;

  // In Felix's order of registration.
  std::optional<NoEncapManager> noencap;
  std::optional<VxlanFdb> fdb;
  std::optional<VxlanManager> vxlan;
  HostIpManager host_ips;
  std::optional<PolicyManager> policies;
  std::optional<EndpointManager> endpoints;
  std::optional<FloatingIpManager> floating_ips;
  std::optional<MasqManager> masq;
  std::optional<HostsIpSetManager> hosts_ip_set;
  std::optional<DscpManager> dscp;
  std::optional<IpipManager> ipip;
  std::optional<WireguardManager> wireguard;  // cleans up where WireGuard is off
  std::optional<ServiceLoopManager> service_loops;
};

struct IntDataplane {
  IntDataplane(DataplaneConfig config, Backend& backend);

  void dispatch(const msg::Message& message);
  bool look_at_interfaces(SimTime now);
  ApplyResult apply(SimTime now);

  bool follow_migrations(SimTime now);
  void look_at_host(SimTime now);
  bool mtu_differs() const;
  bool kube_proxy_differs() const;
  void sync_tunnels(SimTime now);
  void refresh_if_due(SimTime now);
  void start_clocks(SimTime now);
  // When Felix applies by itself because a table or a refresh is due, not before `after`.
  std::optional<SimTime> next_wake(SimTime after);
  void apply_routes(SimTime now, bool woken, ApplyResult& result);
  void apply_wireguard(SimTime now, ApplyResult& result);
  void apply_tables(SimTime now, bool woken, ApplyResult& result);
  void plan_wake_up(SimTime now, bool sets_left, ApplyResult& result);
  void note_touched(SimTime now);
  std::vector<FamilyDataplane*> families();
  void clean_up_wireguard_v6();

  DataplaneConfig config;
  Backend& backend;
  InterfaceMonitor monitor;
  uint64_t links_seen = 0;  // Backend::links_version() at its last look
  std::optional<rules::EndpointMarks> marks;
  EndpointStatusCombiner statuses;
  WorkloadChains workload_chains;
  std::unique_ptr<NftablesTable> arp_table;
  std::unique_ptr<FamilyDataplane> v4, v6;
  std::optional<LiveMigrations> migrations;

  bool in_sync = false, dirty = false;
  bool retrying = false;      // something failed: Felix looks again ten times a second
  bool was_in_place = false;  // once nothing was left to retry
  std::optional<std::string> fatal, restart_reason;
  std::vector<WireguardKeyReport> wireguard_keys;  // for the next result
  bool tunnels_dirty = true;
  std::optional<SimTime> started_at, tunnels_checked_at, host_seen_at;
  std::optional<SimTime> ip_sets_refresh_at, routes_refresh_at;  // set while somebody's touch waits
};

}  // namespace felixsim
