// SPDX-License-Identifier: Apache-2.0
// Where live migrations of VMs to this node stand, as far as routes hang on it. Mirrors
// felix/dataplane/linux/live_migration.go of v3.32.1 (liveMigrationMonitor, liveMigrationFSM).
//
//   none ──target──► target ──no role──► settling ──time──► none      (source, removal: none)
//
// Left out: the gratuitous ARP by which a VM tells that it runs here before its migration ends (its
// routes would come then), and the owner of its addresses in IPAM, which Felix changes.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "felixsim/messages.h"
#include "felixsim/time.h"

namespace felixsim {

enum class MigrationState : uint8_t {
  none,
  target,    // the VM still runs on the other node, which has its routes
  settling,  // it runs here: routes of a higher priority, until all nodes have learned it
};

class LiveMigrations {
 public:
  using Change = std::pair<msg::WorkloadEndpointId, MigrationState>;

  explicit LiveMigrations(SimTime settling_time) : settling_time_(settling_time) {}

  void on_workload(const msg::WorkloadEndpointId& id, msg::LiveMigrationRole role);
  void on_workload_removed(const msg::WorkloadEndpointId& id);

  // What changed since the last call, in order; clocks start and end at `now`.
  std::vector<Change> take_changes(SimTime now);
  // When the next one has settled.
  std::optional<SimTime> next_end() const;

 private:
  struct Migration {
    msg::LiveMigrationRole role = msg::LiveMigrationRole::none;
    MigrationState state = MigrationState::none;
    std::optional<SimTime> settled_at;
  };

  void move(const msg::WorkloadEndpointId& id, Migration& migration, MigrationState to);

  SimTime settling_time_;
  std::map<msg::WorkloadEndpointId, Migration> migrations_;  // of those that have a role or state
  std::vector<Change> changes_;
};

}  // namespace felixsim
