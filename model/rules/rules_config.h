// SPDX-License-Identifier: Apache-2.0
// What the rule renderer needs to know of Felix's configuration. Mirrors rules.Config of
// felix/rules/rule_defs.go, filled as felix/dataplane/driver.go does (StartDataplaneDriver). Left
// out: fields that the renderer does not read (KubeNodePortRanges is read, RouteSource is not).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "felixsim/felix_version.h"
#include "felixsim/ip.h"
#include "felixsim/messages.h"
#include "felixsim/result.h"
#include "model/config/value.h"
#include "model/rules/mark_bits.h"
#include "model/rules/rule_builder.h"

namespace felixsim::rules {

struct RulesConfig {
  VersionFacts felix;
  Dialect dialect = Dialect::iptables;
  Features features;
  std::vector<std::string> workload_interface_prefixes{"cali"};  // without wildcard
  MarkBits marks;

  std::vector<msg::PortRange> kube_node_port_ranges{{30000, 32767}};
  bool kube_ipvs = false;  // kube-proxy forwards with ipvs: kube-ipvs0 is there

  bool openstack = false;
  std::optional<Ip> openstack_metadata_ip;
  uint16_t openstack_metadata_port = 8775;

  bool vxlan_enabled = false, vxlan_enabled_v6 = false, ipip_enabled = false;
  uint16_t vxlan_port = 4789;
  std::optional<Ip> ipip_tunnel_address, vxlan_tunnel_address, vxlan_tunnel_address_v6;
  bool allow_vxlan_from_workloads = false, allow_ipip_from_workloads = false;

  bool wireguard_enabled = false, wireguard_enabled_v6 = false;
  std::string wireguard_interface = "wireguard.cali", wireguard_interface_v6 = "wg-v6.cali";
  uint16_t wireguard_port = 51820, wireguard_port_v6 = 51821;
  bool wireguard_encrypt_host_traffic = false;

  std::string log_prefix = "calico-packet";
  std::string log_rate_limit;  // "10/second"; empty: none
  uint16_t log_rate_limit_burst = 5;

  Verdict endpoint_to_host = Verdict::drop;
  Verdict filter_allow = Verdict::accept, mangle_allow = Verdict::accept;  // accept or return
  Verdict filter_deny = Verdict::drop;                                     // drop or reject
  std::optional<Verdict> blocked_cidrs = Verdict::drop;  // service loop prevention; unset: off

  std::vector<ProtoPort> failsafe_inbound, failsafe_outbound;
  bool disable_conntrack_invalid = false;

  std::optional<msg::PortRange> nat_port_range;
  std::optional<Ip> nat_outgoing_address;
  std::string nat_outgoing_interface_filter;  // empty: any
  bool nat_outgoing_excludes_hosts = false;   // NATOutgoingExclusions IPPoolsAndHostIPs

  bool bpf_enabled = false;
  std::vector<std::string> bpf_force_track_interfaces;  // wildcards are the dialect's

  bool flow_logs = false;
  bool istio_ambient = false;
  uint8_t istio_dscp = 23;

  bool operator==(const RulesConfig&) const = default;
};

// As Felix's driver fills it at start-up. `encapsulation`: what the pools ask for, or configuration
// in their stead. `kube_ipvs0_present`: the interface that kube-proxy's ipvs mode makes is there.
// `dialect`: what NFTablesMode asks for, or what Auto found kube-proxy to use. An error is what
// Felix panics of: not enough mark bits.
Result<RulesConfig> derive_rules_config(const Config& config,
                                        const msg::Encapsulation& encapsulation,
                                        bool kube_ipvs0_present, Dialect dialect);

}  // namespace felixsim::rules
