// SPDX-License-Identifier: Apache-2.0
// How a captured node differs from its prediction, in what Calico owns there, and why that may be.
// Other programs' chains, rules, sets and routes are no drift unless they stand in Calico's way.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "felixsim/felix_version.h"
#include "felixsim/kernel_state.h"
#include "sim/analysis/verify/node_capture.h"

namespace felixsim {

enum class DriftKind : uint8_t {
  missing_table,  // none of Calico's chains of a table is there
  missing_chain,
  stale_chain,  // Calico's, but nothing in the datastore asks for it any more
  missing_rule,
  stale_rule,             // Felix wrote it, for a state that is not the predicted one
  changed_rule,           // Felix's hash, another text
  foreign_rule,           // not Felix's, in one of its chains
  foreign_rule_in_front,  // not Felix's, before its jump in a chain of the kernel
  foreign_rule_behind,    // not Felix's, behind what it wants last
  wrong_order,
  missing_set,
  stale_set,
  changed_set,  // of another type, family or size
  missing_member,
  extra_member,
  lost_route,
  stale_route,
  changed_route,
  foreign_route,  // not Felix's, preferred to its route to the same destination
  lost_routing_rule,
  stale_routing_rule,
  lost_neighbour,
  stale_neighbour,
  lost_fdb_entry,
  stale_fdb_entry,
  changed_sysctl,
  lost_wireguard_device,
  stale_wireguard_device,
  changed_wireguard_device,  // its key, port or mark
  lost_peer,                 // of a WireGuard device
  stale_peer,
  changed_peer,  // its endpoint, allowed addresses or keepalive
};
std::string_view drift_name(DriftKind kind);  // "missing-chain"

struct Drift {
  DriftKind kind = DriftKind::missing_chain;
  std::string part;                    // "iptables", as in `felixsim show --what`
  std::string place;                   // "filter/cali-FORWARD", the name of a set, "table main"
  std::vector<std::string> want, got;  // predicted only; captured only; in the tool's own words
  std::string cause;                   // the likely one, a sentence
};

// What the prediction says besides the kernel's state.
struct VerifyOptions {
  bool hooks_at_end = false;  // ChainInsertMode append
  std::vector<std::string> interface_prefixes = {"cali"};
  std::set<int> route_protocols = {80};  // Felix's own, and DeviceRouteProtocol if not "boot"
  // Felix's, by name; with the key that stands in where the datastore names none.
  std::map<std::string, std::string> wireguard_devices;
};

// In the order of parts, then of places. O(size of both).
std::vector<Drift> find_drifts(const KernelState& predicted, const NodeCapture& captured,
                               const VerifyOptions& options);

// The parts, one file each.
void find_iptables_drifts(const KernelState& predicted, const NodeCapture& captured,
                          const VerifyOptions& options, std::vector<Drift>& out);
void find_nft_drifts(const KernelState& predicted, const NodeCapture& captured,
                     std::vector<Drift>& out);
void find_set_drifts(const KernelState& predicted, const NodeCapture& captured,
                     std::vector<Drift>& out);
void find_route_drifts(const KernelState& predicted, const NodeCapture& captured,
                       const VerifyOptions& options, std::vector<Drift>& out);
void find_wireguard_drifts(const KernelState& predicted, const NodeCapture& captured,
                           const VerifyOptions& options, std::vector<Drift>& out);

// What Felix does about what its resync of routes finds: routes, routing rules, WireGuard's peers.
inline constexpr const char* route_resync =
    "Felix puts it right at its next resync of routes (RouteRefreshInterval, by default 90 "
    "seconds)";

// What a chain of this name is for: "the policy np/default/web, ingress". Without "filter-" in
// front of it, as nftables mode has it.
std::string chain_purpose(std::string_view name);

}  // namespace felixsim
