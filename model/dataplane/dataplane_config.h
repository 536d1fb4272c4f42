// SPDX-License-Identifier: Apache-2.0
// What the dataplane needs to know of configuration and host. Mirrors intdataplane.Config as
// felix/dataplane/driver.go fills it (StartDataplaneDriver), and the start of
// NewIntDataplaneDriver: the host's MTU and the iptables variant. Left out: BPF, XDP, flow logs.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "felixsim/kernel_state.h"
#include "felixsim/messages.h"
#include "felixsim/result.h"
#include "felixsim/time.h"
#include "model/rules/rules_config.h"

namespace felixsim {

class Config;

// What of WireGuard the rules do not need to know; the rest is in RulesConfig.
struct WireguardSettings {
  bool enabled = false, enabled_v6 = false;  // only with a routing table
  int table = 0;                             // of both IP versions; 0: none is left
  uint32_t rule_priority = 99;
  int mtu_bytes = 1440, mtu_v6_bytes = 1420;
  int keepalive_seconds = 0;
  bool threaded = false;
};

struct DataplaneConfig {
  Symbol hostname;
  bool ipv6_enabled = true;
  IptBackend iptables_backend = IptBackend::nft;
  bool append_hooks = false;
  rules::RulesConfig rules;

  bool arp_suppression = true;  // the node's nft knows the arp family
  bool status_files = true;
  bool floating_ips = false;
  bool ip_forwarding = true;
  int64_t max_ip_set_size = 1048576;
  std::vector<Cidr> external_node_cidrs;
  std::function<bool(const std::string&)> interface_excluded;  // from address changes

  bool route_sync_disabled = false, remove_external_routes = true, program_cluster_routes = false;
  int device_route_protocol = 3;
  std::optional<Ip> device_route_source, device_route_source_v6;
  uint32_t route_priority = 1024, route_priority_v6 = 1024;
  uint32_t elevated_route_priority = 512;  // IPv4; Felix does not follow migrations for IPv6
  // How long routes of a VM that migrated here stay elevated; nothing: no live migration (v3.28).
  std::optional<SimTime> migration_settling_time;

  int host_mtu_bytes = 1500;
  int vxlan_mtu_bytes = 1450, vxlan_mtu_v6_bytes = 1430, ipip_mtu_bytes = 1480;
  int vxlan_vni = 4096;
  WireguardSettings wireguard;
  std::function<bool(const std::string&)> mtu_interface;
  std::optional<bool> kube_proxy_nftables;  // set where NFTablesMode Auto follows it
  bool clean_up_ipip = true;                // IPIP is off, and not because configuration says so

  SimTime table_refresh_interval = 180 * second, post_write_interval = 5 * second;
  SimTime lock_probe_interval = 50'000'000;
  SimTime ip_sets_refresh_interval = 90 * second, route_refresh_interval = 90 * second;
};

// `encapsulation` as the calc graph found it. An error is what Felix panics of at start-up.
Result<DataplaneConfig> derive_dataplane_config(const Config& config,
                                                const msg::Encapsulation& encapsulation,
                                                Symbol hostname, const KernelState& host);

// The smallest MTU of the interfaces that are up and match; 1460 if there is none.
int find_host_mtu(const KernelState& host, const std::function<bool(const std::string&)>& matches);
// kube-proxy's own nftables table is there and holds chains.
bool kube_proxy_uses_nftables(const KernelState& host);
// "auto": by kubelet's chains, else by where more rules are; legacy in a tie.
IptBackend detect_iptables_backend(const std::string& specified, const KernelState& host);

}  // namespace felixsim
