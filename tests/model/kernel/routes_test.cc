// SPDX-License-Identifier: Apache-2.0
// ip route: what iproute2 6.1 and Linux 6.18 answered to the same commands, one after another, and
// what the tables held then.
#include "model/kernel/route_text.h"
#include "model/kernel/simulated_kernel.h"

using namespace felixsim;

namespace {

struct Case {
  std::string name, commands;  // one a line
  std::string refusal;         // the last command's answer; empty: all are taken
  std::string routes;          // of the tables but for local ones, without trailing blanks
};

SimulatedKernel two_links() {
  SimulatedKernel kernel;
  for (const auto* line :
       {"ip link add eth0 type veth", "ip link add eth1 type veth", "ip link set lo up",
        "ip link set eth0 up", "ip link set eth1 up", "ip addr add 172.16.0.1/24 dev eth0",
        "ip addr add 172.17.0.1/24 dev eth1", "ip -6 addr add fd00:16::1/64 dev eth0 nodad",
        "ip -6 addr add fd00:17::1/64 dev eth1 nodad"})
    REQUIRE(kernel.exec(line)->rc == 0);
  return kernel;
}

// All but the routes that the kernel makes.
std::string own_routes(const SimulatedKernel& kernel, IpFamily family) {
  std::set<Route> own;
  for (const auto& route : kernel.state().routes)
    if (route.protocol != 2) own.insert(route);
  std::string text = print_routes(own, family), out;
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] != ' ' || (text[i + 1] != '\n')) out += text[i];
  return out;
}

void check(const std::vector<Case>& cases, IpFamily family) {
  for (const auto& c : cases) DYNAMIC_SECTION(c.name) {
      auto kernel = two_links();
      std::string_view lines = c.commands;
      while (!lines.empty()) {
        const size_t end = std::min(lines.find('\n'), lines.size());
        const std::string line(lines.substr(0, end));
        lines.remove_prefix(std::min(end + 1, lines.size()));
        CAPTURE(line);
        const auto answer = kernel.exec(line).value();
        CHECK((answer.rc == 0) == (!lines.empty() || c.refusal.empty()));
        if (lines.empty() && !c.refusal.empty()) CHECK(answer.text == c.refusal);
      }
      CHECK(own_routes(kernel, family) == c.routes);
    }
}

}  // namespace

TEST_CASE("IPv4 routes come, change and go as in Linux") {
  const std::string both =
      "10.0.0.0/24\n\tnexthop via 172.16.0.2 dev eth0 weight 1\n"
      "\tnexthop via 172.17.0.2 dev eth1 weight 2\n";
  const std::string add_both =
      "ip route add 10.0.0.0/24 nexthop via 172.16.0.2 nexthop via 172.17.0.2 weight 2";
  check(
      {{"several next hops", add_both, "", both},
       {"one next hop is an ordinary route", "ip route add 10.0.0.0/24 nexthop via 172.16.0.2", "",
        "10.0.0.0/24 via 172.16.0.2 dev eth0\n"},
       {"the same destination again", add_both + "\nip route add 10.0.0.0/24 via 172.16.0.2",
        "RTNETLINK answers: File exists", both},
       {"appended behind, prepended before, replaced in the first place",
        "ip route add 10.0.3.0/24 via 172.16.0.2\nip route append 10.0.3.0/24 via 172.16.0.4\n"
        "ip route prepend 10.0.3.0/24 via 172.16.0.5\nip route replace 10.0.3.0/24 via "
        "172.16.0.6",
        "",
        "10.0.3.0/24 via 172.16.0.6 dev eth0\n10.0.3.0/24 via 172.16.0.2 dev eth0\n"
        "10.0.3.0/24 via 172.16.0.4 dev eth0\n"},
       {"replacing by one that is there in another place",
        "ip route add 10.0.3.0/24 via 172.16.0.2\nip route append 10.0.3.0/24 via 172.16.0.4\n"
        "ip route replace 10.0.3.0/24 via 172.16.0.4",
        "RTNETLINK answers: File exists",
        "10.0.3.0/24 via 172.16.0.2 dev eth0\n10.0.3.0/24 via 172.16.0.4 dev eth0\n"},
       {"changing what is not there", "ip route change 10.0.4.0/24 via 172.16.0.7",
        "RTNETLINK answers: No such file or directory", ""},
       {"deleting by the first next hop", add_both + "\nip route del 10.0.0.0/24 via 172.16.0.2",
        "", ""},
       {"deleting by another next hop", add_both + "\nip route del 10.0.0.0/24 dev eth1",
        "RTNETLINK answers: No such process", both},
       {"deleting by all next hops, whatever their weights",
        add_both + "\nip route del 10.0.0.0/24 nexthop via 172.16.0.2 nexthop via 172.17.0.2", "",
        ""},
       {"a gateway that nothing leads to",
        "ip route add 10.0.6.0/24 nexthop via 1.2.3.4 nexthop via 172.16.0.2",
        "Error: Nexthop has invalid gateway.", ""},
       {"an interface beside the next hops is that of the first",
        "ip route add 10.0.6.0/24 dev eth0 nexthop via 172.16.0.2 nexthop dev eth1",
        "Error: Nexthop device index does not match RTA_OIF.", ""},
       {"a weight out of range", "ip route add 10.0.6.0/24 nexthop via 172.16.0.2 weight 257",
        "Error: argument \"257\" is wrong: \"weight\" is invalid\n", ""},
       {"a blackhole has no next hops", "ip route add blackhole 10.0.6.0/24 nexthop via 172.16.0.2",
        "Error: Gateway, device and multipath can not be specified for this route type.", ""},
       {"host bits", "ip route add 10.0.0.1/24 via 172.16.0.2",
        "Error: Invalid prefix for given prefix length.", ""},
       {"a next hop whose interface is down is dead", add_both + "\nip link set eth1 down", "",
        "10.0.0.0/24\n\tnexthop via 172.16.0.2 dev eth0 weight 1\n"
        "\tnexthop via 172.17.0.2 dev eth1 weight 2 dead linkdown\n"},
       {"and lives again with it", add_both + "\nip link set eth1 down\nip link set eth1 up", "",
        both},
       {"a route without a living next hop goes",
        add_both + "\nip link set eth1 down\nip link set eth0 down", "", ""},
       {"a route goes with any of its interfaces", add_both + "\nip link del eth1", "", ""},
       {"the longest prefix first, other tables by the end of their numbers",
        "ip route add 10.0.0.0/8 dev eth0\nip route add 10.0.0.0/24 dev eth0\n"
        "ip route add 10.0.0.0/16 dev eth0 table 100\nip route add 10.0.0.0/8 dev eth1 metric 9",
        "",
        "10.0.0.0/16 dev eth0 table 100 scope link\n10.0.0.0/24 dev eth0 scope link\n"
        "10.0.0.0/8 dev eth0 scope link\n10.0.0.0/8 dev eth1 scope link metric 9\n"},
       {"an interface without IPv4 addresses forgets its routes",
        "ip route add 10.0.0.0/8 dev eth0\nip addr del 172.16.0.1/24 dev eth0", "", ""}},
      IpFamily::v4);
}

TEST_CASE("IPv6 routes come, change and go as in Linux") {
  const std::string add = "ip -6 route add fd02::/64 via fd00:16::2\n";
  check(
      {{"what is appended with a gateway becomes a next hop",
        add + "ip -6 route append fd02::/64 via fd00:16::3\nip -6 route append fd02::/64 dev eth1",
        "",
        "fd02::/64 metric 1024 pref medium\n\tnexthop via fd00:16::2 dev eth0 weight 1\n"
        "\tnexthop via fd00:16::3 dev eth0 weight 1\nfd02::/64 dev eth1 metric 1024 pref "
        "medium\n"},
       {"a next hop twice", add + "ip -6 route append fd02::/64 via fd00:16::2",
        "RTNETLINK answers: File exists",
        "fd02::/64 via fd00:16::2 dev eth0 metric 1024 pref "
        "medium\n"},
       {"a next hop without gateway",
        "ip -6 route add fd02::/64 nexthop via fd00:16::2 nexthop dev eth1",
        "Error: Device only routes can not be added for IPv6 using the multipath API.", ""},
       {"a replacement takes all next hops, and only those",
        add + "ip -6 route append fd02::/64 via fd00:16::3\nip -6 route append fd02::/64 dev eth1"
              "\nip -6 route replace fd02::/64 via fd00:16::9",
        "",
        "fd02::/64 via fd00:16::9 dev eth0 metric 1024 pref medium\n"
        "fd02::/64 dev eth1 metric 1024 pref medium\n"},
       {"changing what is not there", "ip -6 route change fd03::/64 via fd00:16::a",
        "Error: Can not replace route - no match found.", ""},
       {"deleting by a gateway takes one next hop",
        add + "ip -6 route append fd02::/64 via fd00:17::3\nip -6 route del fd02::/64 via "
              "fd00:16::2",
        "", "fd02::/64 via fd00:17::3 dev eth1 metric 1024 pref medium\n"},
       {"deleting by an interface takes all",
        add + "ip -6 route append fd02::/64 via fd00:17::3\nip -6 route del fd02::/64 dev eth1", "",
        ""},
       {"of several routes the first goes, whoever made it",
        "ip -6 route add fd02::/64 proto kernel nexthop via fd00:16::4 nexthop via fd00:16::3\n"
        "ip -6 route append fd02::/64 dev eth1\nip -6 route del fd02::/64",
        "", "fd02::/64 dev eth1 metric 1024 pref medium\n"},
       {"a gateway is looked for in the route's own table first",
        "ip -6 route add local default via fd00:16::3 table local\n"
        "ip -6 route add fd02::/64 via fd00:16::2",
        "",
        "fd02::/64 via fd00:16::2 dev eth0 metric 1024 pref medium\n"
        "local default via fd00:16::3 dev eth0 table local metric 1024 pref medium\n"},
       {"deleting by next hops takes one for each",
        add + "ip -6 route append fd02::/64 via fd00:16::3\nip -6 route append fd02::/64 via "
              "fd00:17::3\nip -6 route del fd02::/64 nexthop dev eth0 nexthop via fd00:17::3",
        "", "fd02::/64 via fd00:16::3 dev eth0 metric 1024 pref medium\n"},
       {"an interface that goes takes its next hops only",
        add + "ip -6 route append fd02::/64 via fd00:17::3\nip link del eth1", "",
        "fd02::/64 via fd00:16::2 dev eth0 metric 1024 pref medium\n"},
       {"an own address as gateway", "ip -6 route add fd02::/64 via fd00:16::1",
        "Error: Gateway can not be a local address.", ""},
       {"a gateway that is known to be elsewhere",
        "ip -6 route add fd02::/64 via fd00:17::2 dev eth0 onlink",
        "Error: Nexthop has invalid gateway or device mismatch.", ""}},
      IpFamily::v6);
}

TEST_CASE("addresses make and keep the routes that Linux makes for them") {
  auto kernel = two_links();
  const auto kernels = [&](IpFamily family, const std::string& part) {
    std::string out;
    for (const auto& route : kernel.state().routes)
      if (route.dst.address.family == family && route.protocol == 2)
        if (const auto text = print_route(route); text.find(part) != std::string::npos)
          out += text + "\n";
    return out;
  };
  for (const auto* line : {"ip addr add 172.16.0.5/24 dev eth0", "ip addr add 10.9.0.1/31 dev eth0",
                           "ip -6 addr add fd09::1/128 dev eth1 nodad"})
    REQUIRE(kernel.exec(line)->rc == 0);
  CHECK(kernels(IpFamily::v4, "172.16.0.") ==
        "172.16.0.0/24 dev eth0 proto kernel scope link src 172.16.0.1 \n"
        "local 172.16.0.1 dev eth0 table local proto kernel scope host src 172.16.0.1 \n"
        "local 172.16.0.5 dev eth0 table local proto kernel scope host src 172.16.0.1 \n"
        "broadcast 172.16.0.255 dev eth0 table local proto kernel scope link src 172.16.0.1 \n");
  CHECK(kernels(IpFamily::v4, "10.9.0.") ==
        "10.9.0.0/31 dev eth0 proto kernel scope link src 10.9.0.1 \n"
        "local 10.9.0.1 dev eth0 table local proto kernel scope host src 10.9.0.1 \n");
  CHECK(kernels(IpFamily::v6, "fd09::1") ==
        "fd09::1 dev eth1 proto kernel metric 256 pref medium\n"
        "local fd09::1 dev eth1 table local proto kernel metric 0 pref medium\n");
  SECTION("a primary address takes the secondary ones with it") {
    REQUIRE(kernel.exec("ip addr del 172.16.0.1/24 dev eth0")->rc == 0);
    CHECK(kernels(IpFamily::v4, "172.16.0.").empty());
  }
  SECTION("unless they are promoted") {
    REQUIRE(kernel
                .exec("sysctl -w net.ipv4.conf.eth0.promote_secondaries=1 && "
                      "ip addr del 172.16.0.1/24 dev eth0")
                ->rc == 0);
    CHECK(kernels(IpFamily::v4, "172.16.0.0/24") ==
          "172.16.0.0/24 dev eth0 proto kernel scope link src 172.16.0.5 \n");
  }
}

TEST_CASE("a route has as many next hops as iproute2 has room for") {
  struct Case {
    const char* command;
    int most;
  };
  for (const Case& c :
       {Case{"ip route add 10.0.0.0/8", 253}, Case{"ip -6 route add fd01::/64", 144}})
    for (const int more : {0, 1, 1000}) {
      auto kernel = two_links();
      const bool v4 = c.most == 253;
      std::string command = c.command;
      for (int i = 2; i < 2 + c.most + more; ++i)
        command += v4 ? fmt::format(" nexthop via 172.16.0.{} dev eth0", 2 + i % 200)
                      : fmt::format(" nexthop via fd00:16::{:x}", i);
      const auto answer = kernel.exec(command).value();
      CHECK(answer.rc == (more == 0 ? 0 : more == 1 ? 1 : 255));
      CHECK((answer.text.find("4096") != std::string::npos) == (more > 0));
    }
}
