// SPDX-License-Identifier: Apache-2.0
// The packet walk where a case needs more than commands on one node: routing by marks, tunnels,
// nftables, assumed hosts.
#include "two_nodes.h"

namespace felixsim::walk {

TEST_CASE("a spoofed source is dropped by its way back") {
  TwoNodes nodes;
  TwoNodes::run(nodes.a, "iptables-nft -t raw -A PREROUTING -m rpfilter --invert -j DROP");
  CHECK(nodes.send("p", "10.0.0.3", tcp, 80).verdict == allowed);
  const auto spoofed = nodes.send("p", "10.0.0.3", tcp, 80, "10.0.1.2");
  CHECK(spoofed.verdict == blocked);
  REQUIRE(spoofed.decided >= 0);
  CHECK(spoofed.steps[static_cast<size_t>(spoofed.decided)].table == "raw");
}

TEST_CASE("a global address of lo comes before those of later devices") {
  TwoNodes nodes;
  const auto seen = [&] { return nodes.send("a", "10.0.0.2", tcp, 80).seen_source; };
  CHECK(seen() == *Ip::parse("172.16.0.1"));
  TwoNodes::run(nodes.a, "ip addr add 192.0.2.7/32 dev lo");
  CHECK(seen() == *Ip::parse("192.0.2.7"));
}

TEST_CASE("a kernel that does not forward drops") {
  TwoNodes nodes;
  for (const std::string device : {"all", "cali1"})
    nodes.a.apply(SysctlOp{"net.ipv4.conf." + device + ".forwarding", "0"});
  CHECK(nodes.send("p", "10.0.0.3", tcp, 80).verdict == blocked);
  CHECK(nodes.send("p", "172.16.0.1", tcp, 80).verdict == allowed);
}

TEST_CASE("a mark chooses the table of a routing rule") {
  TwoNodes nodes;
  RoutingRule rule;
  rule.priority = 100;
  rule.mark = rule.mask = 1;
  rule.table = 100;
  nodes.a.apply(RuleOp{false, rule});
  Route route;
  route.dst = *Cidr::parse("10.0.0.3/32");
  route.type = Route::Type::blackhole;
  route.table = 100;
  nodes.a.apply(RouteOp{false, route});
  CHECK(nodes.send("p", "10.0.0.3", tcp, 80).verdict == allowed);
  TwoNodes::run(nodes.a, "iptables-nft -t mangle -A PREROUTING -p udp -j MARK --set-mark 1");
  CHECK(nodes.send("p", "10.0.0.3", udp, 80).verdict == blocked);
  CHECK(nodes.send("p", "10.0.0.3", tcp, 80).verdict == allowed);
}

TEST_CASE("nftables matches types and codes of ICMP by name, number, list and range") {
  struct Case {
    const char* match;
    bool drops;
  };
  for (const Case& c : {Case{"icmp type echo-request", true}, Case{"icmp type { 3, 8 }", true},
                        Case{"icmp type 5-9", true}, Case{"icmp type != { 0, 8 }", false},
                        Case{"icmp type { redirect, time-exceeded }", false},
                        Case{"icmp code net-unreachable", true}, Case{"icmp code 1-15", false},
                        Case{"icmp code != { 0, 1 }", false}}) {
    CAPTURE(c.match);
    TwoNodes nodes;
    TwoNodes::nft(nodes.a,
                  fmt::format("add table ip t\n"
                              "add chain ip t f {{ type filter hook forward priority 0 ; }}\n"
                              "add rule ip t f {} drop\n",
                              c.match));
    CHECK(nodes.send("p", "10.0.0.3", icmp, 0).verdict == (c.drops ? blocked : allowed));
    CHECK(nodes.send("p", "10.0.0.3", tcp, 80).verdict == allowed);
  }
}

TEST_CASE("IPv6 goes its own way") {
  TwoNodes nodes;
  CHECK(nodes.send("p", "fd00:10::3", tcp, 80).verdict == allowed);
  CHECK(nodes.send("p", "fd00:10::3", 58, 0).verdict == allowed);
  TwoNodes::run(nodes.a, "ip6tables-nft -A FORWARD -p tcp --dport 80 -j DROP");
  CHECK(nodes.send("p", "fd00:10::3", tcp, 80).verdict == blocked);
  CHECK(nodes.send("p", "10.0.0.3", tcp, 80).verdict == allowed);
}

TEST_CASE("an IPIP tunnel wraps and unwraps") {
  TwoNodes nodes;
  for (auto* kernel : {&nodes.a, &nodes.b}) {
    LinkAddOp add;
    add.link.name = "tunl0";
    add.link.kind = "ipip";
    REQUIRE(kernel->apply(add).rc == 0);
    LinkSetOp up;
    up.name = "tunl0";
    up.admin_up = true;
    kernel->apply(up);
  }
  TwoNodes::run(nodes.a, "ip route del 10.0.1.0/24");
  TwoNodes::run(nodes.a, "ip route add 10.0.1.0/24 via 172.16.0.2 dev tunl0 onlink");
  const auto result = nodes.send("p", "10.0.1.2", tcp, 80);
  INFO(result.reason);
  CHECK(result.verdict == allowed);
  TwoNodes::run(nodes.b, "iptables-nft -A INPUT -p ipencap -j DROP");
  CHECK(nodes.send("p", "10.0.1.2", tcp, 80).verdict == blocked);
}

TEST_CASE("nftables' sets, maps and statements") {
  TwoNodes nodes;
  TwoNodes::nft(nodes.a,
                "add table ip t\n"
                "add chain ip t pre { type filter hook prerouting priority -300; }\n"
                "add chain ip t fwd { type filter hook forward priority 0; }\n"
                "add chain ip t from-one\n"
                "add map ip t m { type ifname : verdict; }\n"
                "add set ip t s { type ipv4_addr; flags interval; }\n"
                "add element ip t m { cali1 : goto from-one }\n"
                "add element ip t s { 10.0.0.0/30 }\n"
                "add rule ip t fwd iifname vmap @m\n"
                "add rule ip t from-one ip daddr @s tcp dport { 80, 8000-9000 } counter drop\n"
                "add rule ip t pre iifname cali2 meta mark set mark or 0x4\n"
                "add rule ip t fwd meta mark & 0x4 == 0x4 udp sport 53 drop\n");
  CHECK(nodes.send("p", "10.0.0.3", tcp, 80).verdict == blocked);
  CHECK(nodes.send("p", "10.0.0.3", tcp, 8500).verdict == blocked);
  CHECK(nodes.send("p", "10.0.0.3", tcp, 81).verdict == allowed);
  CHECK(nodes.send("p", "10.0.0.3", udp, 53).verdict == blocked);
  CHECK(nodes.send("q", "10.0.0.2", tcp, 80).verdict == allowed);
}

// nft makes a match on the protocol out of "udp dport", be it one of several fields.
TEST_CASE("a port of a protocol asks for the protocol, in a concatenation, too") {
  TwoNodes nodes;
  TwoNodes::nft(nodes.a,
                "add table ip t\n"
                "add chain ip t fwd { type filter hook forward priority 0; }\n"
                "add set ip t s { type ipv4_addr . inet_proto . inet_service; }\n"
                "add element ip t s { 10.0.0.3 . udp . 53 }\n"
                "add rule ip t fwd iifname cali1 ip daddr . meta l4proto . udp dport != @s drop\n");
  CHECK(nodes.send("p", "10.0.0.3", udp, 53).verdict == allowed);
  CHECK(nodes.send("p", "10.0.0.3", udp, 54).verdict == blocked);
  CHECK(nodes.send("p", "10.0.0.3", tcp, 54).verdict == allowed);
}

TEST_CASE("of two chains with one priority that of nftables is asked first") {
  TwoNodes nodes;
  TwoNodes::run(nodes.a, "iptables-nft -P FORWARD DROP");
  TwoNodes::nft(nodes.a,
                "add table ip t\n"
                "add chain ip t fwd { type filter hook forward priority 0; }\n"
                "add rule ip t fwd tcp dport 80 reject\n");
  CHECK(nodes.send("p", "10.0.0.3", tcp, 80).verdict == refused);
  CHECK(nodes.send("p", "10.0.0.3", tcp, 81).verdict == blocked);
}

TEST_CASE("where hosts are assumed, pods of other nodes are reached, and policy is asked on both") {
  TwoNodes nodes;
  TwoNodes::run(nodes.a, "ip route del 10.0.1.0/24 via 172.16.0.2 dev eth0");
  TwoNodes::run(nodes.b, "ip route del 10.0.0.0/24 via 172.16.0.1 dev eth0");
  const auto send = [&](bool assume) {
    auto world = nodes.world();
    if (assume) world.assume_pod_routes();
    Packet packet;
    packet.destination = *Ip::parse("10.0.1.2");
    packet.destination_port = 80;
    return trace(world, {Origin::Kind::workload, world.find_workload("p")}, packet).verdict;
  };
  CHECK(send(false) == blocked);
  CHECK(send(true) == allowed);
  TwoNodes::run(nodes.b, "iptables-nft -A FORWARD -o cali3 -p tcp --dport 80 -j DROP");
  CHECK(send(true) == blocked);
}

TEST_CASE("a walk tells where the fate of a packet was decided") {
  TwoNodes nodes;
  TwoNodes::run(nodes.a, "iptables-nft -N web");
  TwoNodes::run(nodes.a, "iptables-nft -A FORWARD -o cali2 -j web");
  TwoNodes::run(nodes.a, "iptables-nft -A web -p udp -j ACCEPT");
  TwoNodes::run(nodes.a, "iptables-nft -A web -p tcp -j DROP");
  const auto result = nodes.send("p", "10.0.0.3", tcp, 80);
  REQUIRE(result.decided >= 0);
  const auto& step = result.steps[static_cast<size_t>(result.decided)];
  CHECK(step.node == "a");
  CHECK(step.hook == Hook::forward);
  CHECK(step.table == "filter");
  CHECK(step.chain == "web");
  CHECK(step.rule == 2);
  CHECK(step.text == "-p tcp -j DROP");
}

}  // namespace felixsim::walk
