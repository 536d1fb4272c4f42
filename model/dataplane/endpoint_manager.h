// SPDX-License-Identifier: Apache-2.0
// Workload and host endpoints of one IP family: their chains, dispatch, policy groups, routes,
// interface settings, ARP suppression and status. Mirrors felix/dataplane/linux/endpoint_mgr.go of
// v3.32.1. Left out: BPF, QoS bandwidth.
//
// Messages are kept until complete(); per batch the cost is that of the endpoints named, plus the
// dispatch chains when the set of endpoints changed.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "felixsim/kernel_op.h"
#include "felixsim/messages.h"
#include "model/dataplane/endpoint_status.h"
#include "model/dataplane/id_hash.h"
#include "model/dataplane/interfaces.h"
#include "model/dataplane/link_addresses.h"
#include "model/dataplane/live_migrations.h"
#include "model/dataplane/route_table.h"
#include "model/dataplane/rule_table.h"
#include "model/dataplane/workload_chains.h"
#include "model/rules/endpoint_marks.h"
#include "model/rules/policy_group.h"
#include "model/rules/renderer.h"

namespace felixsim {

struct EndpointManagerConfig {
  bool floating_ips = false;
  uint32_t route_priority = 1024;
  uint32_t elevated_route_priority = 512;  // of VMs that just came
  std::string default_rp_filter;
};

// What the manager writes to. All must outlive it.
struct EndpointManagerOutputs {
  RuleTable raw, mangle, filter;
  std::optional<RuleTable> arp;  // IPv4 only, where the node has nft
  RouteTable* routes = nullptr;  // null: RouteSyncDisabled
  LinkAddresses* link_addresses = nullptr;
  rules::EndpointMarks* marks = nullptr;  // null without kube-ipvs
  EndpointStatusCombiner* statuses = nullptr;
  WorkloadChains* workload_chains = nullptr;
};

class EndpointManager {
 public:
  using WorkloadPtr = std::shared_ptr<const msg::WorkloadEndpoint>;
  using HostPtr = std::shared_ptr<const msg::HostEndpoint>;
  using HostsByInterface = std::map<std::string, Symbol>;

  EndpointManager(EndpointManagerConfig config, rules::Renderer renderer,
                  EndpointManagerOutputs outputs);

  void on_workload(const msg::WorkloadEndpointId& id, WorkloadPtr endpoint);  // null: removed
  void on_host(Symbol id, HostPtr endpoint);                                  // null: removed
  void on_migration(const msg::WorkloadEndpointId& id, MigrationState state);
  void on_policy(const msg::PolicyId& id, const msg::Policy& policy);
  void on_policy_removed(const msg::PolicyId& id);
  void on_bgp_config(const BgpConfiguration& config);
  void on_interface(const InterfaceChange& change);
  void on_addresses(const AddressChange& change);

  void resolve();  // first for all managers, as Felix's ResolveUpdateBatch
  // An error text where Felix panics.
  std::optional<std::string> complete(Backend& backend);
  // Interfaces whose settings the kernel refused; tried again in the next complete().
  bool needs_retry() const { return !to_configure_.empty(); }

 private:
  using ActiveChains = std::map<std::string, ChainPtr>;
  using ChainsByInterface = std::map<std::string, rules::Chains>;
  struct Workload {
    WorkloadPtr endpoint;
    std::vector<ChainPtr> chains;
    std::string arp_chain;
  };

  // workload_endpoints.cc
  void resolve_workloads();
  bool yields_to_existing(const msg::WorkloadEndpointId& id, const WorkloadPtr& endpoint);
  void activate_workload(const msg::WorkloadEndpointId& id, const WorkloadPtr& endpoint);
  void forget_old_interface(const Workload& workload, const msg::WorkloadEndpoint& old,
                            const std::string& new_name);
  void remove_workload(const msg::WorkloadEndpointId& id);
  void promote_shadowed(Symbol interface);
  void update_workload_chains(Workload& workload);
  void update_spoofing(const msg::WorkloadEndpoint& endpoint);
  std::vector<RouteTarget> routes_of(const msg::WorkloadEndpointId& id,
                                     const msg::WorkloadEndpoint& endpoint) const;
  void update_workload_dispatch();
  void update_rpf_skip_chain();
  void configure_interfaces(Backend& backend);
  bool ensure_bgp_peer_address(const std::string& interface);

  // host_endpoints.cc
  HostsByInterface resolve_hosts() const;
  void update_hosts();
  void mark_changed_hosts();
  void render_host_chains(const HostsByInterface& pre_dnat, const HostsByInterface& untracked);
  void replace_chains(RuleTable& table, ChainsByInterface& active, ChainsByInterface fresh);
  void update_host_dispatch(HostsByInterface pre_dnat, const HostsByInterface& untracked);
  void update_endpoint_marks();

  // endpoint_manager.cc
  bool is_workload_interface(const std::string& name) const;
  void mark_endpoints_of_changed_policies();
  bool uses_changed_policy(const std::vector<msg::TierInfo>& tiers) const;
  std::vector<rules::TierGroups> groups(const std::vector<msg::TierInfo>& tiers,
                                        bool with_egress = true) const;
  void update_policy_groups(const std::string& interface, const std::vector<GroupChain>& groups);
  void incref_group(const GroupChain& group);
  void decref_group(const std::string& chain);
  void update_chains(RuleTable& table, ActiveChains& active, rules::Chains wanted);
  void update_statuses();
  std::string workload_status(const msg::WorkloadEndpointId& id) const;
  std::string host_status(Symbol id) const;

  EndpointManagerConfig config_;
  rules::Renderer renderer_;
  EndpointManagerOutputs out_;
  std::optional<std::string> panic_;

  std::map<msg::WorkloadEndpointId, WorkloadPtr> pending_workloads_, shadowed_;
  absl::flat_hash_map<msg::WorkloadEndpointId, Workload, IdHash> workloads_;
  absl::flat_hash_map<std::string, msg::WorkloadEndpointId> workload_of_;  // by interface
  std::map<msg::WorkloadEndpointId, MigrationState> migrations_;           // none left out
  ActiveChains workload_dispatch_, mark_dispatch_, arp_dispatch_;
  bool dispatch_dirty_ = true, marks_dirty_ = true;

  std::map<std::string, InterfaceState> pending_interfaces_;
  absl::flat_hash_set<std::string> up_interfaces_;
  std::set<std::string> to_configure_;
  std::map<std::string, std::vector<Cidr>> spoofable_;  // by interface
  bool rpf_skip_dirty_ = true;

  absl::flat_hash_map<msg::PolicyId, std::string, IdHash> selectors_;
  std::set<msg::PolicyId> changed_policies_;
  std::map<std::string, std::vector<std::string>> group_chains_of_;  // by interface
  std::map<std::string, int> group_references_;

  std::map<std::string, std::set<Ip>> host_addresses_;  // by interface
  std::map<Symbol, HostPtr> hosts_;
  bool hosts_dirty_ = true;
  HostsByInterface resolved_hosts_, active_hosts_;
  std::map<Symbol, std::vector<std::string>> interfaces_of_host_;
  ChainsByInterface host_filter_, host_mangle_egress_, host_mangle_ingress_, host_raw_;
  ActiveChains host_filter_dispatch_, host_mangle_dispatch_, host_raw_dispatch_;

  std::string bgp_peer_address_, new_bgp_peer_address_;
  bool bgp_peer_address_dirty_ = true;
  std::vector<EndpointId> status_dirty_;
};

}  // namespace felixsim
