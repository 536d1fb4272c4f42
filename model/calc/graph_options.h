// SPDX-License-Identifier: Apache-2.0
// What the calc graph must know before it is built: the few configuration values that decide its
// shape (felix/calc/calc_graph.go, NewCalculationGraph). The graph does not know the configuration
// table; whoever builds it reads these values out of model/config.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "felixsim/messages.h"
#include "felixsim/resource.h"
#include "felixsim/symbol.h"

namespace felixsim::calc {

enum class SyncStatus : uint8_t { wait_for_datastore, resync_in_progress, in_sync };

// Where routes to workloads come from (parameter RouteSource).
enum class RouteSource : uint8_t { calico_ipam, workload_ips };

// Parameters that parts of the graph read again whenever the datastore's configuration changes.
struct LiveConfig {
  std::optional<bool> ipip_enabled, vxlan_enabled;  // IpInIpEnabled, VXLANEnabled; unset: by pools
  bool spoofing_allowed = false;                    // WorkloadSourceSpoofing == Any
};

// The datastore's raw configuration, one map a source.
struct DatastoreConfig {
  StringMap global, selector, host;
};

struct ConfigMerge {
  std::optional<msg::ConfigUpdate> update;  // set if the merged, parsed configuration changed
  LiveConfig live;                          // after the merge
  std::string fatal;                        // not empty: Felix panics over this configuration
};

// Merges the datastore's configuration with what Felix started from (environment, file) and says
// whether anything changed. Keeps state between calls; called at most once a flush.
using MergeConfig = std::function<ConfigMerge(const DatastoreConfig&)>;

class SharedRules;   // parsed_rules.h: policies and profiles parsed once for all nodes of a process
class SharedIpSets;  // shared_ip_sets.h: members of IP sets, computed once

// Updates that an index of members has taken.
struct IndexTraffic {
  uint64_t items = 0;     // endpoints, network sets
  uint64_t profiles = 0;  // for their labels
};

struct GraphOptions {
  Symbol hostname;
  bool combined_routes = true;            // VersionFacts
  bool overlap_suppression = true;        // NFTablesMode != Disabled
  bool ipv6_support = true;               // Ipv6Support
  bool istio_ambient = false;             // IstioAmbientMode == Enabled
  bool use_node_resource_updates = true;  // false only for datastores of old
  RouteSource route_source = RouteSource::calico_ipam;

  // What the daemon found in the IP pools (and IpInIpEnabled, VXLANEnabled) before it built the
  // graph.
  msg::Encapsulation encapsulation;
  bool bpf_enabled = false, wireguard_enabled = false, wireguard_enabled_v6 = false;
  bool program_cluster_routes = false;  // ProgramClusterRoutes == Enabled

  // False: workload endpoints are not sent, whoever built the graph asks CalcGraph::tiers_of().
  bool sends_workloads = true;

  LiveConfig live;                            // before the datastore was read
  MergeConfig merge_config;                   // empty: no ConfigUpdate is ever sent
  std::shared_ptr<SharedRules> shared_rules;  // empty: the graph keeps its own
  // Empty: the graph keeps its own. Else whoever shares them gives them every update and ends their
  // epochs; their suppression of overlaps must be that of `overlap_suppression`.
  std::shared_ptr<SharedIpSets> shared_ip_sets;
  IndexTraffic index_traffic_before;  // what they had taken for others, less what a newcomer takes

  // The L3 route resolver exists only then; the VXLAN resolver only with VXLAN.
  bool needs_routes() const {
    return bpf_enabled || encapsulation.vxlan_enabled || encapsulation.vxlan_enabled_v6 ||
           wireguard_enabled || wireguard_enabled_v6 || program_cluster_routes;
  }
  bool needs_vteps() const { return encapsulation.vxlan_enabled || encapsulation.vxlan_enabled_v6; }
};

}  // namespace felixsim::calc
