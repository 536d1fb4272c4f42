// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/route_table.h"

#include <catch2/catch.hpp>

#include "tests/support/fake_kernel.h"

using namespace felixsim;

namespace {

RouteTable main_table() {
  return RouteTable(main_route_table(IpFamily::v4, 3, std::nullopt, {"cali"}, true));
}

RouteTarget local(const char* dst) {
  RouteTarget target;
  target.key = {*Cidr::parse(dst), 1024};
  return target;
}

Route kernel_route(const char* dst, const char* device, int protocol = 3) {
  Route route;
  route.dst = *Cidr::parse(dst);
  route.device = device;
  route.protocol = protocol;
  route.scope = "link";
  return route;
}

}  // namespace

TEST_CASE("A route waits for its interface and goes with it") {
  testing::FakeKernel kernel;
  kernel.add_link("cali1");
  RouteTable table = main_table();
  table.set_routes(RouteClass::local_workload, "cali1", {local("10.0.0.1/32")});
  CHECK(table.apply(kernel, 0));
  CHECK(kernel.kernel.routes.empty());
  table.on_interface_changed({"cali1", InterfaceState::up, 2}, 0);
  table.apply(kernel, 0);
  REQUIRE(kernel.kernel.routes.size() == 1);
  Route route = *kernel.kernel.routes.begin();
  CHECK(route.device == "cali1");
  CHECK(route.scope == "link");
  CHECK(route.metric == 1024);
  table.on_interface_changed({"cali1", InterfaceState::down, 2}, 0);
  table.apply(kernel, 0);
  CHECK(kernel.kernel.routes.empty());
}

TEST_CASE("The earlier class wins a destination, and the later one takes over") {
  testing::FakeKernel kernel;
  kernel.add_link("cali1");
  RouteTable table = main_table();
  table.on_interface_changed({"cali1", InterfaceState::up, 2}, 0);
  RouteTarget drop = local("10.0.0.0/26");
  drop.kind = RouteTarget::Kind::blackhole;
  table.set_routes(RouteClass::ipam_block_drop, std::string(no_interface), {drop});
  table.set_routes(RouteClass::local_workload, "cali1", {local("10.0.0.0/26")});
  table.apply(kernel, 0);
  CHECK(kernel.kernel.routes.begin()->type == Route::Type::unicast);
  table.set_routes(RouteClass::local_workload, "cali1", {});
  table.apply(kernel, 0);
  CHECK(kernel.kernel.routes.begin()->type == Route::Type::blackhole);
}

TEST_CASE("Stray routes of workload interfaces go after ten seconds, others' routes stay") {
  testing::FakeKernel kernel;
  kernel.add_link("cali1");
  kernel.kernel.routes = {kernel_route("10.0.0.9/32", "cali1"),
                          kernel_route("192.0.2.0/24", "eth0"),
                          kernel_route("10.9.0.0/26", "eth0", felix_route_protocol)};
  RouteTable table = main_table();
  table.on_interface_changed({"cali1", InterfaceState::up, 2}, 0);
  table.apply(kernel, second);
  CHECK(kernel.kernel.routes.size() == 2);  // only Felix's own protocol marked one at once
  REQUIRE(table.next_grace_end() == 10 * second);
  table.apply(kernel, 10 * second);
  REQUIRE(kernel.kernel.routes.size() == 1);
  CHECK(kernel.kernel.routes.begin()->device == "eth0");
}

TEST_CASE("Felix v3.28: whoever was first keeps a route, and a foreign one is in the way") {
  testing::FakeKernel kernel;
  kernel.add_link("cali1");
  kernel.add_link("cali2");
  Route foreign = kernel_route("10.0.0.9/32", "eth0");
  foreign.metric = 1024;
  kernel.kernel.routes = {foreign};
  RouteTable table(classic_main_route_table(
      main_route_table(IpFamily::v4, 3, std::nullopt, {"cali"}, true), false));
  table.on_interface_changed({"cali1", InterfaceState::up, 2}, 0);
  table.on_interface_changed({"cali2", InterfaceState::up, 3}, 0);
  RouteTarget with_mtu = local("10.0.0.1/32");
  with_mtu.mtu_bytes = 1450;
  table.set_routes(RouteClass::local_workload, "cali1", {with_mtu, local("10.0.0.9/32")});
  CHECK_FALSE(table.apply(kernel, 0));
  table.set_routes(RouteClass::local_workload, "cali2", {local("10.0.0.1/32")});
  table.apply(kernel, 0);
  REQUIRE(kernel.kernel.routes.size() == 2);
  for (const Route& route : kernel.kernel.routes) {
    CHECK(route.device == (route.dst == with_mtu.key.dst ? "cali1" : "eth0"));
    CHECK_FALSE(route.mtu_bytes);
  }
}

TEST_CASE("Felix v3.28 without VXLAN leaves what it marked on others' devices") {
  for (const bool vxlan : {false, true}) {
    testing::FakeKernel kernel;
    Route drop = kernel_route("10.9.0.0/26", "", felix_route_protocol);
    drop.type = Route::Type::blackhole;
    kernel.kernel.routes = {drop, kernel_route("10.9.1.0/26", "eth0", felix_route_protocol)};
    RouteTable table(classic_main_route_table(
        main_route_table(IpFamily::v4, 3, std::nullopt, {"cali"}, true), vxlan));
    table.apply(kernel, 0);
    CHECK(kernel.kernel.routes.size() == (vxlan ? 1 : 2));
    if (vxlan) table.set_routes(RouteClass::vxlan_same_subnet, "eth0", {});
    table.apply(kernel, 0);
    CHECK(kernel.kernel.routes.size() == (vxlan ? 0 : 2));
  }
}

TEST_CASE("Felix v3.28: what it wanted goes at once, what it finds only after ten seconds") {
  testing::FakeKernel kernel;
  kernel.add_link("cali1");
  kernel.kernel.routes = {kernel_route("10.0.0.9/32", "cali1")};
  RouteTable table(classic_main_route_table(
      main_route_table(IpFamily::v4, 3, std::nullopt, {"cali"}, true), false));
  table.on_interface_changed({"cali1", InterfaceState::up, 2}, 0);
  table.set_routes(RouteClass::local_workload, "cali1", {local("10.0.0.1/32")});
  table.apply(kernel, 0);
  CHECK(kernel.kernel.routes.size() == 2);
  table.set_routes(RouteClass::local_workload, "cali1", {});
  table.apply(kernel, second);
  REQUIRE(kernel.kernel.routes.size() == 1);
  CHECK(kernel.kernel.routes.begin()->dst == *Cidr::parse("10.0.0.9/32"));
  table.apply(kernel, 10 * second);
  CHECK(kernel.kernel.routes.empty());
}
