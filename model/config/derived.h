// SPDX-License-Identifier: Apache-2.0
// What other parts of Felix read instead of single parameters: the methods of felix/config's
// Config.
#pragma once

#include <string>
#include <vector>

#include "model/config/config.h"

namespace felixsim {

// The nftables variants hold where NFTablesMode is Enabled.
const std::string& filter_allow_action(const Config& config);  // ACCEPT or RETURN
const std::string& mangle_allow_action(const Config& config);
const std::string& filter_deny_action(const Config& config);  // DROP or REJECT
uint32_t mark_mask(const Config& config);
Nanoseconds table_refresh_interval(const Config& config);

bool nftables_enabled(const Config& config);  // NFTablesMode is "Enabled", not "Auto"
std::vector<std::string> interface_prefixes(const Config& config);
bool openstack_active(const Config& config);
std::string kubernetes_provider(const Config& config);  // "", EKS, GKE, AKS, OpenShift, ...
bool is_leader(const Config& config);
bool flow_logs_enabled(const Config& config);
bool program_cluster_routes(const Config& config);
bool istio_ambient(const Config& config);
// Routing tables that Felix may take: RouteTableRanges, else RouteTableRange, else 1-250.
std::vector<IndexRange> route_table_indices(const Config& config);
uint8_t dscp_value(const Dscp& dscp);

}  // namespace felixsim
