// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/live_migrations.h"

#include <catch2/catch.hpp>

#include "model/dataplane/dataplane.h"
#include "model/dataplane/dataplane_config.h"
#include "tests/support/fake_kernel.h"

using namespace felixsim;
using Role = msg::LiveMigrationRole;

namespace {

const msg::WorkloadEndpointId vm{Symbol("k8s"), Symbol("default/vm"), Symbol("eth0")};

constexpr SimTime settling = 30 * second;

// The state after these roles, one a second; it is asked about at once if `asked`.
MigrationState state_after(const std::vector<Role>& roles, bool asked, SimTime wait = 0) {
  LiveMigrations migrations(settling);
  MigrationState state = MigrationState::none;
  SimTime now = 0;
  const auto ask = [&] {
    for (const auto& [id, to] : migrations.take_changes(now)) state = to;
  };
  for (Role role : roles) {
    migrations.on_workload(vm, role);
    if (asked) ask();
    now += second;
  }
  if (!roles.empty()) now -= second;
  ask();
  now += wait;
  ask();
  return state;
}

}  // namespace

TEST_CASE("a live migration goes from target through settling to its end") {
  struct Case {
    const char* what;
    std::vector<Role> roles;
    SimTime wait;
    MigrationState want;
  };
  for (const Case& c : {
           Case{"an endpoint without role does not migrate", {Role::none}, 0, MigrationState::none},
           {"the source keeps its state", {Role::source}, 0, MigrationState::none},
           {"the target waits", {Role::target}, 3600 * second, MigrationState::target},
           {"the end of the migration begins its settling",
            {Role::target, Role::none},
            settling - 1,
            MigrationState::settling},
           {"it settles after its time",
            {Role::target, Role::none},
            settling,
            MigrationState::none},
           {"a second migration to the same endpoint does not shorten the settling",
            {Role::target, Role::none, Role::target},
            0,
            MigrationState::settling},
           {"one that leaves again at once is no target any more",
            {Role::target, Role::none, Role::source},
            0,
            MigrationState::none},
           {"a target that becomes source was mistaken",
            {Role::target, Role::source, Role::none},
            0,
            MigrationState::none},
       })
    DYNAMIC_SECTION(c.what) {
      CHECK(state_after(c.roles, true, c.wait) == c.want);
      CHECK(state_after(c.roles, false, c.wait) == c.want);
    }
}

TEST_CASE("a removed endpoint forgets its migration") {
  LiveMigrations migrations(settling);
  migrations.on_workload(vm, Role::target);
  migrations.take_changes(0);
  migrations.on_workload_removed(vm);
  const auto changes = migrations.take_changes(0);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].second == MigrationState::none);
  migrations.on_workload(vm, Role::none);
  CHECK(migrations.take_changes(0).empty());
  CHECK_FALSE(migrations.next_end());
}

TEST_CASE("routes follow a live migration") {
  DataplaneConfig config;
  config.hostname = Symbol("node-a");
  config.rules.marks = {0x10000, 0x20000, 0x40000, 0x80000, 0x100000, 0, 0xffe00000, 0};
  config.migration_settling_time = settling;
  testing::FakeKernel kernel;
  kernel.add_link("eth0", "172.16.0.1/24");
  kernel.add_link("cali1");
  kernel.kernel.sysctls.emplace("net.ipv4.conf.default.rp_filter", "0");
  Dataplane dataplane(config, kernel);
  const auto give = [&](Role role, SimTime now) {
    auto made = std::make_shared<msg::WorkloadEndpoint>();
    made->state = Symbol("active");
    made->name = Symbol("cali1");
    made->ipv4_nets = {*Cidr::parse("10.244.0.2/32")};
    made->live_migration_role = role;
    dataplane.on_message(msg::WorkloadEndpointUpdate{vm, made});
    dataplane.on_interfaces_changed(now);
    return dataplane.apply(now);
  };
  const auto metrics = [&] {
    std::vector<uint32_t> found;
    for (const Route& route : kernel.kernel.routes)
      if (route.dst == *Cidr::parse("10.244.0.2/32")) found.push_back(route.metric);
    return found;
  };
  dataplane.on_message(msg::InSync{});
  give(Role::target, 0);
  CHECK(metrics().empty());
  const ApplyResult moved = give(Role::none, second);
  CHECK(metrics() == std::vector<uint32_t>{512});
  REQUIRE(moved.reschedule_after);
  CHECK(*moved.reschedule_after <= settling);
  dataplane.apply(second + settling);
  CHECK(metrics() == std::vector<uint32_t>{1024});
}
