// SPDX-License-Identifier: Apache-2.0
// Which Felix is modelled: v3.32.1, or the classic dialect of v3.28.5 (before the drop mark bit).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace felixsim {

enum class FelixVersion : uint8_t { v3_28, v3_32 };

// "v3.32" or "v3.28"; nothing for other text.
inline std::optional<FelixVersion> parse_felix_version(std::string_view text) {
  if (text == "v3.32") return FelixVersion::v3_32;
  if (text == "v3.28") return FelixVersion::v3_28;
  return std::nullopt;
}

// How the versions differ, in one place; the code asks for a fact, never for a version. The values
// of v3.32 are the defaults.
struct VersionFacts {
  // Datastore and calc graph.
  bool policy_kinds = true;     // policies are named by kind; v3.28: "ns/name", without staged ones
  bool tiers = true;            // v3.28 has only the tier "default", which no resource describes
  bool combined_routes = true;  // a route can be several things, or borrowed; v3.28: the last one
  bool selector_configuration = true;  // FelixConfiguration for the nodes that a selector selects

  // Rules.
  bool untracked_vxlan = true;          // raw: no conntrack for VXLAN packets
  bool egress_dscp = true;              // mangle: DSCP marking of what leaves the cluster
  bool log_prefix_fields = true;        // LogPrefix knows %k, %p, %n and %t
  bool bracketed_v6_nat = true;         // "[fd00::1]:80"; v3.28 forgets the brackets
  bool drops_negated_catch_all = true;  // no rule for "not 0.0.0.0/0"
  bool rpf_skip_by_family = true;       // v3.28 writes IPv4 networks into ip6tables, too
  bool forced_policies = true;     // AssumeNeededOnEveryNode puts chains in place; v3.28: only sets
  bool mark_trees_by_kind = true;  // cali-set-endpoint-mark-wep-x; v3.28: without "-wep"
  std::string_view all_pools_set = "network-ip-pools";

  // Data plane.
  bool one_route_table = true;      // v3.28 has one for each kind of interface, without MTUs, and
                                    // leaves to others what is there already
  bool one_tunnel_design = true;    // tunl0 needs its parent, and its hosts those of Node resources
  bool arp_suppression = true;      // the table arp calico-arp
  bool peer_addresses = true;       // link-scope ones of workload interfaces, for local BGP peers
  bool status_file_content = true;  // endpoint status files are not empty
  bool ordered_status_writes = true;  // endpoint statuses in the datastore: in order, one a tick
  std::string_view failed_workload_status = "down";  // where sysctls were refused

  bool operator==(const VersionFacts&) const = default;
};

constexpr VersionFacts facts_of(FelixVersion version) {
  VersionFacts facts;
  if (version != FelixVersion::v3_28) return facts;
  facts.policy_kinds = facts.tiers = facts.combined_routes = facts.selector_configuration = false;
  facts.untracked_vxlan = facts.egress_dscp = facts.log_prefix_fields = facts.bracketed_v6_nat =
      facts.drops_negated_catch_all = facts.rpf_skip_by_family = facts.forced_policies =
          facts.mark_trees_by_kind = false;
  facts.all_pools_set = "all-ipam-pools";
  facts.one_route_table = facts.one_tunnel_design = false;
  facts.arp_suppression = facts.peer_addresses = facts.status_file_content = false;
  facts.ordered_status_writes = false;
  facts.failed_workload_status = "error";
  return facts;
}

}  // namespace felixsim
