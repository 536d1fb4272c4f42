// SPDX-License-Identifier: Apache-2.0
// Interfaces, addresses and routes: what is asked, what is refused, and what the kernel does by
// itself.
#include <cerrno>

#include "model/kernel/host_action.h"
#include "model/kernel/link_text.h"
#include "model/kernel/route_text.h"
#include "model/kernel/simulated_kernel.h"

using namespace felixsim;

namespace {

SimulatedKernel node() {
  SimulatedKernel kernel;
  const auto done = apply_host_action(kernel,
                                      R"({"facts": {"kernel": {"lacks": ["ipip", "wireguard"]},
          "interfaces": [{"name": "lo", "up": true, "addresses": ["127.0.0.1/8", "::1/128"]},
                         {"name": "eth0", "mac": "02:00:ac:10:00:01", "mtu": 1500, "up": true,
                          "addresses": ["172.16.0.1/24", "fd00:16::1/64"]}],
          "routes": ["default via 172.16.0.254 dev eth0"],
          "sysctls": {"net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": 1}}})");
  REQUIRE(done);
  kernel.take_changes();
  return kernel;
}

void exec(SimulatedKernel& kernel, const std::string& line) {
  CAPTURE(line);
  const auto answer = kernel.exec(line);
  REQUIRE(answer);
  CAPTURE(answer->text);
  REQUIRE(answer->rc == 0);
}

int rc_of(SimulatedKernel& kernel, const std::string& line) { return kernel.exec(line).value().rc; }

std::string routes(const SimulatedKernel& kernel, IpFamily family = IpFamily::v4) {
  return print_routes(kernel.state().routes, family);
}

}  // namespace

TEST_CASE("addresses bring local and connected routes, and an interface its link-local address") {
  const auto kernel = node();
  CHECK(routes(kernel) ==
        "default via 172.16.0.254 dev eth0 \n"
        "172.16.0.0/24 dev eth0 proto kernel scope link src 172.16.0.1 \n"
        "local 127.0.0.0/8 dev lo table local proto kernel scope host src 127.0.0.1 \n"
        "local 127.0.0.1 dev lo table local proto kernel scope host src 127.0.0.1 \n"
        "broadcast 127.255.255.255 dev lo table local proto kernel scope link src 127.0.0.1 \n"
        "local 172.16.0.1 dev eth0 table local proto kernel scope host src 172.16.0.1 \n"
        "broadcast 172.16.0.255 dev eth0 table local proto kernel scope link src 172.16.0.1 \n");
  CHECK(routes(kernel, IpFamily::v6) ==
        "fd00:16::/64 dev eth0 proto kernel metric 256 pref medium\n"
        "local ::1 dev lo table local proto kernel metric 0 pref medium\n"
        "local fd00:16::1 dev eth0 table local proto kernel metric 0 pref medium\n");
  CHECK(print_addresses(kernel.state().links).find("fe80::acff:fe10:1/64 scope link") !=
        std::string::npos);
  CHECK(kernel.state().sysctls.at("net.ipv4.conf.eth0.forwarding") == "1");
}

TEST_CASE("routes and link-local addresses go when an interface goes down or away") {
  auto kernel = node();
  REQUIRE(apply_host_action(
      kernel, R"({"workload": {"pod": "p", "iface": "cali1", "ips": ["10.0.0.2"]}})"));
  exec(kernel, "ip route add 10.0.0.2/32 dev cali1 metric 1024");
  exec(kernel, "ip -6 route add fd00::2/128 dev cali1");
  CHECK(routes(kernel).find("10.0.0.2 dev cali1 scope link metric 1024") != std::string::npos);
  CHECK(routes(kernel, IpFamily::v6).find("fd00::2 dev cali1 metric 1024 pref medium") !=
        std::string::npos);
  CHECK(kernel.state().links.at("cali1").addresses.size() == 1);
  kernel.take_changes();
  exec(kernel, "ip link set cali1 down");
  CHECK(routes(kernel).find("cali1") == std::string::npos);
  CHECK(kernel.state().links.at("cali1").addresses.empty());
  const auto changes = kernel.take_changes();
  CHECK(std::count_if(changes.begin(), changes.end(), [](const KernelChange& change) {
          return change.kind == KernelChange::Kind::route;
        }) == 2);
  CHECK(kernel.apply(RouteOp{false, parse_route("10.0.0.2 dev cali1", IpFamily::v4).value()}).rc ==
        ENETDOWN);
  exec(kernel, "ip link set cali1 up");
  CHECK(kernel.state().links.at("cali1").addresses.size() == 1);
  CHECK(kernel.state().sysctls.contains("net.ipv4.conf.cali1.rp_filter"));
  REQUIRE(apply_host_action(kernel, R"({"remove-workload": {"pod": "p"}})"));
  CHECK(!kernel.state().links.contains("cali1"));
  CHECK(!kernel.state().sysctls.contains("net.ipv4.conf.cali1.rp_filter"));
  CHECK(kernel.take_changes().back().kind == KernelChange::Kind::link_removed);
}

TEST_CASE("an interface that is down keeps its local route, and gets its connected one when up") {
  auto kernel = node();
  exec(kernel, "ip link add br0 type bridge && ip addr add 10.9.0.1/24 dev br0");
  CHECK(routes(kernel).find("local 10.9.0.1 dev br0") != std::string::npos);
  CHECK(routes(kernel).find("10.9.0.0/24 dev br0") == std::string::npos);
  exec(kernel, "ip link set br0 up");
  CHECK(routes(kernel).find("10.9.0.0/24 dev br0 proto kernel scope link src 10.9.0.1") !=
        std::string::npos);
  exec(kernel, "ip addr del 10.9.0.1/24 dev br0");
  CHECK(routes(kernel).find("br0") == std::string::npos);
}

TEST_CASE("the version of the links changes with links and addresses, and with nothing else") {
  auto kernel = node();
  struct Case {
    const char* line;
    bool changes;
  };
  for (const Case& c :
       {Case{"ip link add v0 type veth peer name v1", true}, Case{"ip link set v0 up", true},
        Case{"ip link set v0 mtu 1400", true},
        Case{"ip link set v0 address 02:00:00:00:00:09", true},
        Case{"ip addr add 192.0.2.1/24 dev v0", true},
        Case{"ip route add 198.51.100.0/24 dev v0", false},
        Case{"ip route del 198.51.100.0/24 dev v0", false},
        Case{"sysctl -w net.ipv4.conf.v0.rp_filter=1", false},
        Case{"iptables -A INPUT -j ACCEPT", false}, Case{"ip addr del 192.0.2.1/24 dev v0", true},
        Case{"ip link set v0 name v2", true}, Case{"ip link set v2 down", true},
        Case{"ip link del v2", true}}) {
    CAPTURE(c.line);
    const auto before = kernel.links_version();
    CHECK(before != 0);
    exec(kernel, c.line);
    CHECK((kernel.links_version() != before) == c.changes);
  }
}

TEST_CASE("the kernel refuses what it has not or what does not fit") {
  auto kernel = node();
  Link tunnel;
  tunnel.name = "tunl0";
  tunnel.kind = "ipip";
  CHECK(kernel.apply(LinkAddOp{tunnel}).rc == EOPNOTSUPP);
  CHECK(rc_of(kernel, "ip link add wg type wireguard") == 2);
  CHECK(rc_of(kernel, "ip link set nothing up") == 1);
  CHECK(rc_of(kernel, "ip link add eth0 type bridge") == 2);
  CHECK(rc_of(kernel, "ip route add 10.0.0.0/24 dev nothing") == 1);
  CHECK(rc_of(kernel, "ip route add 10.0.0.0/24 via 9.9.9.9 dev eth0") == 2);
  CHECK(rc_of(kernel, "ip route add 10.0.0.0/24 via 9.9.9.9 dev eth0 onlink") == 0);
  CHECK(rc_of(kernel, "ip route add 10.0.0.0/24 via 9.9.9.9 dev eth0 onlink") == 2);
  CHECK(rc_of(kernel, "ip route replace 10.0.0.0/24 via 9.9.9.8 dev eth0 onlink") == 0);
  CHECK(rc_of(kernel, "ip route add 10.1.0.0/24 dev eth0 src 8.8.8.8") == 2);
  CHECK(rc_of(kernel, "ip route del 10.7.0.0/24") == 2);
  CHECK(rc_of(kernel, "ip route del 10.0.0.0/24 dev eth0") == 0);
  CHECK(rc_of(kernel, "ip addr add 172.16.0.1/24 dev eth0") == 2);
  CHECK(rc_of(kernel, "ip addr del 1.2.3.4/32 dev eth0") == 2);
  CHECK(kernel.apply(RouteOp{true, parse_route("1.1.1.0/24 dev eth0", IpFamily::v4).value()}).rc ==
        ESRCH);
  CHECK(kernel.apply(SysctlOp{"net.ipv4.conf.cali9.rp_filter", "0"}).rc == ENOENT);
  CHECK(kernel.apply(NeighbourOp{false, {"nothing", *Ip::parse("1.1.1.1"), {}, "PERMANENT", false}})
            .rc == ENODEV);
  CHECK(kernel.apply(FdbOp{false, {"lo", {}, *Ip::parse("1.1.1.1")}}).rc == EINVAL);
}

TEST_CASE("a vxlan interface has neighbours, forwarding entries and routes of its own") {
  auto kernel = node();
  exec(kernel,
       "ip link add vxlan.calico type vxlan id 4096 local 172.16.0.1 dev eth0 dstport 4789 "
       "nolearning"
       " && ip link set vxlan.calico address 66:07:02:c1:cc:60 mtu 1450 up"
       " && ip addr add 10.244.0.0/32 dev vxlan.calico"
       " && ip neigh replace 10.244.0.64 lladdr 66:89:3a:22:7a:ac dev vxlan.calico nud permanent"
       " && bridge fdb replace 66:89:3a:22:7a:ac dev vxlan.calico dst 172.16.0.2"
       " && ip route add 10.244.0.64/26 via 10.244.0.64 dev vxlan.calico onlink mtu 1450"
       " && ip route add blackhole 10.244.0.0/26 proto 80");
  CHECK(routes(kernel).find("10.244.0.64/26 via 10.244.0.64 dev vxlan.calico onlink mtu 1450 \n") !=
        std::string::npos);
  CHECK(routes(kernel).find("blackhole 10.244.0.0/26 proto 80 \n") != std::string::npos);
  CHECK(print_neighbours(kernel.state().neighbours) ==
        "10.244.0.64 dev vxlan.calico lladdr 66:89:3a:22:7a:ac PERMANENT \n");
  CHECK(print_fdb(kernel.state().fdb) ==
        "66:89:3a:22:7a:ac dev vxlan.calico dst 172.16.0.2 self permanent\n");
  CHECK(rc_of(kernel,
              "ip link add other type vxlan id 4096 local 172.16.0.1 dev eth0 dstport 4789") == 2);
  for (const std::string unfinished : {"dev", "dev vxlan.calico dst"})
    CHECK(rc_of(kernel, "bridge fdb add 66:89:3a:22:7a:ac " + unfinished) != 0);
  exec(kernel, "ip link del vxlan.calico");
  CHECK(routes(kernel).find("vxlan") == std::string::npos);
  CHECK(kernel.state().neighbours.empty());
  CHECK(kernel.state().fdb.empty());
}

TEST_CASE("routing rules are added before the main table, and found again by what they say") {
  auto kernel = node();
  exec(kernel, "ip rule add pref 99 not fwmark 0x10/0x10 table 1");
  CHECK(rc_of(kernel, "ip rule add pref 99 not fwmark 0x10/0x10 table 1") == 2);
  CHECK(print_rules(kernel.state().rules, IpFamily::v4) ==
        "0:\tfrom all lookup local\n99:\tnot from all fwmark 0x10/0x10 lookup 1\n"
        "32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n");
  exec(kernel, "ip rule del not fwmark 0x10/0x10 table 1");
  CHECK(kernel.state().rules.size() == 5);
}

TEST_CASE("a bridge that is made with its address has no carrier, and so no link-local address") {
  SimulatedKernel kernel;
  exec(kernel, "ip link add br0 type bridge && ip link set br0 up");
  exec(kernel, "ip link add br1 address 02:00:00:00:00:09 type bridge && ip link set br1 up");
  CHECK(kernel.state().links.at("br0").addresses.size() == 1);
  CHECK(kernel.state().links.at("br1").addresses.empty());
  CHECK_FALSE(kernel.state().links.at("br1").carrier);
}

TEST_CASE("what hangs on an interface follows it to its new name") {
  SimulatedKernel kernel;
  exec(kernel, "ip link add br0 type bridge && ip link set br0 up");
  exec(kernel, "sysctl -w net.ipv4.conf.br0.rp_filter=1");
  exec(kernel, "ip route add 10.0.0.2/32 dev br0");
  exec(kernel, "ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:01 dev br0");
  exec(kernel, "ip link set br0 down && ip link set br0 up && ip route add 10.0.0.3/32 dev br0");
  exec(kernel, "ip link set br0 name br1");
  const auto& state = kernel.state();
  CHECK(!state.links.contains("br0"));
  REQUIRE(state.links.contains("br1"));
  CHECK(state.links.at("br1").name == "br1");
  CHECK(state.sysctls.at("net.ipv4.conf.br1.rp_filter") == "1");
  CHECK(!state.sysctls.contains("net.ipv4.conf.br0.rp_filter"));
  CHECK(std::any_of(state.routes.begin(), state.routes.end(), [](const Route& route) {
    return route.device == "br1" && route.dst == *Cidr::parse("10.0.0.3/32");
  }));
  CHECK(std::none_of(state.routes.begin(), state.routes.end(),
                     [](const Route& route) { return route.device == "br0"; }));
  CHECK(rc_of(kernel, "ip link set br1 name lo") != 0);
}

TEST_CASE("a host action that is wrong names its field, one of another kind changes nothing") {
  auto kernel = node();
  for (const auto& [action, field] :
       {std::pair{R"({"facts": {"interfaces": [{"mac": "x"}]}})", "facts.interfaces[0].name"},
        std::pair{R"({"facts": {"interfaces": [{"name": "eth0", "mac": "x"}]}})", "mac"},
        std::pair{R"({"facts": {"routes": ["nonsense"]}})", "facts.routes"},
        std::pair{R"({"workload": {"pod": "p"}})", "workload.iface"},
        std::pair{R"({"workload": {"pod": "p", "iface": "cali9", "ips": ["10.0.0"]}})",
                  "workload.ips"},
        std::pair{R"({"remove-workload": {"pod": "q"}})", "remove-workload"},
        std::pair{R"({"exec": "frobnicate"})", "frobnicate"}, std::pair{"[", "action"}}) {
    const auto done = apply_host_action(kernel, action);
    REQUIRE(!done);
    CHECK(done.error().message.find(field) != std::string::npos);
  }
  CHECK(apply_host_action(kernel, R"({"felix": "stop"})").value() == false);
}
