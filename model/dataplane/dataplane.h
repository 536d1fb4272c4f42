// SPDX-License-Identifier: Apache-2.0
// Felix's Linux dataplane: from calc-graph messages and the host's interfaces to kernel operations.
// Mirrors felix/dataplane/linux/int_dataplane.go (InternalDataplane) of v3.32.1. Left out: BPF,
// XDP, sidecar acceleration, QoS bandwidth (tc), live migration, conntrack clean-up, the AWS
// source/destination check.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "felixsim/kernel_op.h"
#include "felixsim/messages.h"
#include "felixsim/time.h"

namespace felixsim {

struct DataplaneConfig;  // model/dataplane/dataplane_config.h
struct IntDataplane;

// What Felix reports upwards of one endpoint: "up", "down", "error", or "" for removed.
struct EndpointStatus {
  std::variant<msg::WorkloadEndpointId, Symbol> id;  // Symbol: a host endpoint
  std::string status;
  bool operator==(const EndpointStatus&) const = default;
};

// What Felix tells the datastore to be the node's public key; empty: none.
struct WireguardKeyReport {
  IpFamily family = IpFamily::v4;
  std::string public_key;
  bool operator==(const WireguardKeyReport&) const = default;
};

struct ApplyResult {
  bool applied = false;      // false: not in sync with datastore yet, nothing was done
  bool needs_retry = false;  // something failed; Felix tries again within ten seconds
  // Call apply() again after this time: work waits (one IP set is destroyed an iteration), or a
  // routine check that will find somebody's touch.
  std::optional<SimTime> reschedule_after;
  bool stuck = false;  // what waits was refused, and will be as long as others change nothing
  // When a routine check will find stray routes whose interface is new, and so has a period of
  // grace, to be without it.
  std::optional<SimTime> grace_ends_after;
  std::optional<std::string> fatal;  // Felix dies of this
  std::vector<EndpointStatus> statuses;
  std::vector<WireguardKeyReport> wireguard_keys;
};

class Dataplane {
 public:
  // Felix's driver starts: reads the host's interfaces, sets global sysctls. `backend` must outlive
  // the dataplane. Nothing else is written before the first apply().
  Dataplane(const DataplaneConfig& config, Backend& backend);
  ~Dataplane();
  Dataplane(Dataplane&&) noexcept;
  Dataplane& operator=(Dataplane&&) noexcept;

  // One message of the calc graph. O(what the message names).
  void on_message(const msg::Message& message);

  // Felix's interface monitor: compares the kernel's links and local routes with what was seen last
  // and tells the managers. Call it when the kernel's interfaces, addresses or local routes may
  // have changed, also after an apply() that created a device. True if anything changed. O(links),
  // if the backend does not know that they are the same.
  bool on_interfaces_changed(SimTime now);

  // Makes the kernel what the messages ask for, in Felix's order: managers resolve, IP sets are
  // created, FDB, link addresses, routes and rules, tables; then IP sets are deleted and statuses
  // reported. Does nothing until InSync was seen. Cost is that of what changed, except after a
  // resync.
  ApplyResult apply(SimTime now);

  // Somebody else may have changed IP sets, tables or routes (a command of the host). Felix sees
  // that at its next write to the table, or at its next routine check: apply() says when that is.
  void note_kernel_touched(SimTime now);

  // True when messages or interface changes wait for an apply().
  bool needs_apply() const;
  // Set when Felix would restart itself: kube-ipvs0 came or went, the host MTU changed,
  // kube-proxy changed its tool and NFTablesMode is Auto.
  const std::optional<std::string>& restart_reason() const;

 private:
  std::unique_ptr<IntDataplane> impl_;
};

}  // namespace felixsim
