// SPDX-License-Identifier: Apache-2.0
// Which route a packet takes: routing rules with what they select by, and next hops.
#include "model/kernel/walk/fib.h"
#include "model/kernel/simulated_kernel.h"

using namespace felixsim;

namespace {

KernelState with(const std::vector<std::string>& commands) {
  SimulatedKernel kernel;
  for (const auto* line :
       {"ip link add eth0 type veth", "ip link add eth1 type veth", "ip link set eth0 up",
        "ip link set eth1 up", "ip addr add 172.16.0.1/24 dev eth0",
        "ip addr add 172.17.0.1/24 dev eth1", "ip route add default via 172.16.0.254"})
    REQUIRE(kernel.exec(line)->rc == 0);
  for (const auto& line : commands) {
    CAPTURE(line);
    REQUIRE(kernel.exec(line)->rc == 0);
  }
  return kernel.state();
}

const Ip unset{IpFamily::v4, {}};

// "via GATEWAY dev DEVICE", the type of a route that goes nowhere, or "none".
std::string way(const KernelState& state, const char* to, const char* from = "0.0.0.0",
                uint32_t mark = 0, const char* in = "lo") {
  const walk::Fib fib(state, IpFamily::v4);
  const Route* route = fib.find(*Ip::parse(to), *Ip::parse(from), mark, in);
  if (!route) return "none";
  if (route->type == Route::Type::blackhole) return "blackhole";
  if (route->type == Route::Type::prohibit) return "prohibit";
  return (route->gateway ? "via " + route->gateway->str() + " " : "") + "dev " + route->device;
}

}  // namespace

TEST_CASE("a packet takes the first next hop that lives") {
  const std::string add =
      "ip route add 10.0.0.0/8 nexthop via 172.16.0.2 weight 1 nexthop via 172.17.0.2 weight 9";
  CHECK(way(with({add}), "10.1.1.1") == "via 172.16.0.2 dev eth0");
  CHECK(way(with({add, "ip link set eth0 down"}), "10.1.1.1") == "via 172.17.0.2 dev eth1");
  CHECK(way(with({add, "ip link set eth0 down", "ip link set eth1 down"}), "10.1.1.1") == "none");
  const auto state = with({add});
  const walk::Fib fib(state, IpFamily::v4);
  const Route* route = fib.find(*Ip::parse("10.1.1.1"), unset, 0);
  REQUIRE(route);
  CHECK(walk::Fib::leaves_by(*route, "eth0"));
  CHECK(walk::Fib::leaves_by(*route, "eth1"));
  CHECK(!walk::Fib::leaves_by(*route, "eth2"));
  CHECK(fib.source_for(*route, *Ip::parse("10.1.1.1")).str() == "172.16.0.1");
}

TEST_CASE("of routes to one destination the smaller metric counts, then the earlier one") {
  CHECK(way(with({"ip route add 10.0.0.0/8 via 172.16.0.2 metric 9",
                  "ip route add 10.0.0.0/8 via 172.17.0.2 metric 5"}),
            "10.1.1.1") == "via 172.17.0.2 dev eth1");
  CHECK(way(with({"ip route add 10.0.0.0/8 via 172.17.0.2",
                  "ip route append 10.0.0.0/8 via 172.16.0.2"}),
            "10.1.1.1") == "via 172.17.0.2 dev eth1");
  CHECK(way(with({"ip route add 10.0.0.0/8 via 172.17.0.2",
                  "ip route prepend 10.0.0.0/8 via 172.16.0.2"}),
            "10.1.1.1") == "via 172.16.0.2 dev eth0");
}

TEST_CASE("routing rules select by what they say, in their order") {
  const std::string other = "ip route add default via 172.17.0.254 table 100";
  const std::string by_main = "via 172.16.0.254 dev eth0", by_other = "via 172.17.0.254 dev eth1";
  const auto from = with({other, "ip rule add from 10.0.0.9/24 table 100"});
  CHECK(way(from, "9.9.9.9", "10.0.0.1") == by_other);
  CHECK(way(from, "9.9.9.9", "10.0.1.1") == by_main);
  const auto marked = with({other, "ip rule add not fwmark 0x10/0xf0 table 100"});
  CHECK(way(marked, "9.9.9.9", "0.0.0.0", 0x1f) == by_main);
  CHECK(way(marked, "9.9.9.9", "0.0.0.0", 0x2f) == by_other);
  const auto in = with({other, "ip rule add iif eth1 table 100"});
  CHECK(way(in, "9.9.9.9", "0.0.0.0", 0, "eth1") == by_other);
  CHECK(way(in, "9.9.9.9") == by_main);
  CHECK(way(with({other, "ip rule add oif eth1 table 100"}), "9.9.9.9") == by_main);
  const auto suppressed = with({other, "ip rule add pref 10 table main suppress_prefixlength 0",
                                "ip rule add pref 11 table 100"});
  CHECK(way(suppressed, "9.9.9.9") == by_other);
  CHECK(way(suppressed, "172.16.0.7") == "dev eth0");
  CHECK(way(with({"ip rule add pref 10 from 10.0.0.1 blackhole"}), "9.9.9.9", "10.0.0.1") ==
        "blackhole");
  CHECK(way(with({"ip rule add pref 10 to 9.0.0.0/8 prohibit"}), "9.9.9.9") == "prohibit");
  CHECK(way(with({"ip rule add pref 10 to 9.0.0.0/8 table 100",
                  "ip rule add pref 10 to 9.9.0.0/16 prohibit"}),
            "9.9.9.9") == "prohibit");
}
