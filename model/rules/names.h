// SPDX-License-Identifier: Apache-2.0
// Names of chains, IP sets and maps. Mirrors the constants of felix/rules/rule_defs.go,
// felix/types/policy_id.go and felix/ipsets/ipset_defs.go (NameForMainIPSet).
#pragma once

#include <string>
#include <string_view>

#include "felixsim/ip.h"
#include "felixsim/messages.h"
#include "model/rules/dialect.h"

namespace felixsim::rules {

// The same chain name serves in several tables.
namespace chain {
inline constexpr std::string_view input = "cali-INPUT", forward = "cali-FORWARD",
                                  output = "cali-OUTPUT", prerouting = "cali-PREROUTING",
                                  postrouting = "cali-POSTROUTING";
inline constexpr std::string_view failsafe_in = "cali-failsafe-in",
                                  failsafe_out = "cali-failsafe-out";
inline constexpr std::string_view untracked_flows = "cali-untracked-flows",
                                  untracked_policy = "cali-untracked-policy";
inline constexpr std::string_view nat_outgoing = "cali-nat-outgoing", fip_dnat = "cali-fip-dnat",
                                  fip_snat = "cali-fip-snat", cidr_block = "cali-cidr-block",
                                  egress_dscp = "cali-egress-dscp";
inline constexpr std::string_view workload_to_host = "cali-wl-to-host",
                                  from_workload_dispatch = "cali-from-wl-dispatch",
                                  to_workload_dispatch = "cali-to-wl-dispatch",
                                  to_host_endpoint = "cali-to-host-endpoint",
                                  from_host_endpoint = "cali-from-host-endpoint",
                                  to_host_endpoint_forward = "cali-to-hep-forward",
                                  from_host_endpoint_forward = "cali-from-hep-forward",
                                  set_endpoint_mark = "cali-set-endpoint-mark",
                                  from_endpoint_mark = "cali-from-endpoint-mark",
                                  forward_check = "cali-forward-check",
                                  forward_endpoint_mark = "cali-forward-endpoint-mark";
inline constexpr std::string_view wireguard_incoming_mark = "cali-wireguard-incoming-mark",
                                  rpf_skip = "cali-rpf-skip", arp_dispatch = "cali-arp-dispatch";
}  // namespace chain

// Prefixes of chains of one endpoint, policy or profile.
namespace prefix {
inline constexpr std::string_view to_workload = "cali-tw-", from_workload = "cali-fw-",
                                  set_endpoint_mark = "cali-sm-", to_host = "cali-th-",
                                  from_host = "cali-fh-", to_host_forward = "cali-thfw-",
                                  from_host_forward = "cali-fhfw-", arp = "cali-arp-";
inline constexpr std::string_view policy_in = "cali-pi-", policy_out = "cali-po-",
                                  profile_in = "cali-pri-", profile_out = "cali-pro-",
                                  group_in = "cali-gi-", group_out = "cali-go-";
}  // namespace prefix

// IDs of the IP sets that Felix itself keeps; that of all pools is VersionFacts::all_pools_set.
namespace ip_set {
inline constexpr std::string_view masq_pools = "masq-ipam-pools", all_hosts = "all-hosts-net",
                                  all_vxlan = "all-vxlan-net", this_host = "this-host",
                                  dscp_endpoints = "dscp-src-net",
                                  istio_endpoints = "all-istio-weps";
}  // namespace ip_set

// Verdict maps of the nft dialect.
namespace map {
inline constexpr std::string_view to_workload_dispatch = "cali-to-wl-dispatch",
                                  from_workload_dispatch = "cali-from-wl-dispatch",
                                  arp_dispatch = "cali-arp-dispatch";
}  // namespace map

// The pseudo-interface under which Felix keeps the host endpoint of all interfaces.
inline constexpr std::string_view any_interface = "any-interface-at-all";

inline constexpr size_t max_iptables_chain_name = 28, max_nft_chain_name = 256;
size_t max_chain_name(Dialect dialect);
std::string_view wildcard(Dialect dialect);  // "+" or "*"

bool is_staged(const msg::PolicyId& id);
// "np/default/web", "gnp/allow-dns": what chains and NFLOG prefixes carry. Without a kind, as in
// v3.28, the name alone: "default/default.web".
std::string policy_id_text(const msg::PolicyId& id);
std::string_view short_kind(const msg::PolicyId& id);  // "np"; the kind itself if unknown

// Shortened to what the dialect allows. `chain_prefix` is one of prefix::.
std::string policy_chain_name(std::string_view chain_prefix, const msg::PolicyId& id,
                              Dialect dialect);
std::string profile_chain_name(std::string_view chain_prefix, Symbol profile, Dialect dialect);
std::string endpoint_chain_name(std::string_view chain_prefix, std::string_view interface,
                                Dialect dialect);

// "cali40s:abc" cut to 31 characters; "cali40s-abc" in nft.
std::string ip_set_name(std::string_view id, IpFamily family, Dialect dialect);

}  // namespace felixsim::rules
