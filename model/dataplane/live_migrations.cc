// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/live_migrations.h"

namespace felixsim {
namespace {

MigrationState after(MigrationState state, msg::LiveMigrationRole role) {
  switch (role) {
    case msg::LiveMigrationRole::target:
      return state == MigrationState::none ? MigrationState::target : state;
    case msg::LiveMigrationRole::none:
      return state == MigrationState::target ? MigrationState::settling : state;
    case msg::LiveMigrationRole::source:
      break;
  }
  return MigrationState::none;
}

}  // namespace

void LiveMigrations::move(const msg::WorkloadEndpointId& id, Migration& migration,
                          MigrationState to) {
  if (migration.state == to) return;
  migration.state = to;
  migration.settled_at.reset();
  changes_.emplace_back(id, to);
}

void LiveMigrations::on_workload(const msg::WorkloadEndpointId& id, msg::LiveMigrationRole role) {
  auto known = migrations_.find(id);
  if (known == migrations_.end()) {
    if (role == msg::LiveMigrationRole::none) return;
    known = migrations_.try_emplace(id).first;
  }
  Migration& migration = known->second;
  if (migration.role == role) return;
  migration.role = role;
  move(id, migration, after(migration.state, role));
}

void LiveMigrations::on_workload_removed(const msg::WorkloadEndpointId& id) {
  auto known = migrations_.find(id);
  if (known == migrations_.end()) return;
  move(id, known->second, MigrationState::none);
  migrations_.erase(known);
}

std::vector<LiveMigrations::Change> LiveMigrations::take_changes(SimTime now) {
  for (auto it = migrations_.begin(); it != migrations_.end();) {
    auto& [id, migration] = *it;
    if (migration.state == MigrationState::settling) {
      if (!migration.settled_at) migration.settled_at = now + settling_time_;
      if (now >= *migration.settled_at) move(id, migration, MigrationState::none);
    }
    const bool over =
        migration.state == MigrationState::none && migration.role == msg::LiveMigrationRole::none;
    it = over ? migrations_.erase(it) : std::next(it);
  }
  return std::exchange(changes_, {});
}

std::optional<SimTime> LiveMigrations::next_end() const {
  std::optional<SimTime> at;
  for (const auto& [id, migration] : migrations_)
    if (migration.settled_at && (!at || *migration.settled_at < *at)) at = migration.settled_at;
  return at;
}

}  // namespace felixsim
