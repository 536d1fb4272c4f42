// SPDX-License-Identifier: Apache-2.0
// Each feature of the packet walk in a sentence: two nodes, two pods on the first, one on the
// second, and rules written with the real tools' words.
#include "model/kernel/walk/world.h"

#include "model/kernel/host_action.h"
#include "model/kernel/simulated_kernel.h"

namespace felixsim::walk {
namespace {

class TwoNodes {
 public:
  TwoNodes() {
    act(a, R"({"facts": {"interfaces": [{"name": "lo", "up": true}, {"name": "eth0", "kind": "veth",
      "mac": "02:00:00:00:00:01", "up": true, "addresses": ["172.16.0.1/24", "fd00:16::1/64"]}],
      "routes": ["default via 172.16.0.254 dev eth0"]}})");
    act(b, R"({"facts": {"interfaces": [{"name": "lo", "up": true}, {"name": "eth0", "kind": "veth",
      "mac": "02:00:00:00:00:02", "up": true, "addresses": ["172.16.0.2/24", "fd00:16::2/64"]}],
      "routes": ["default via 172.16.0.254 dev eth0"]}})");
    act(a, R"({"workload": {"pod": "p", "iface": "cali1", "ips": ["10.0.0.2", "fd00:10::2"]}})");
    act(a, R"({"workload": {"pod": "q", "iface": "cali2", "ips": ["10.0.0.3", "fd00:10::3"]}})");
    act(b, R"({"workload": {"pod": "r", "iface": "cali3", "ips": ["10.0.1.2"]}})");
    for (const std::string command :
         {"ip route add 10.0.0.2/32 dev cali1", "ip route add 10.0.0.3/32 dev cali2",
          "ip route add 10.0.1.0/24 via 172.16.0.2 dev eth0",
          "ip -6 route add fd00:10::2/128 dev cali1", "ip -6 route add fd00:10::3/128 dev cali2"})
      run(a, command);
    run(b, "ip route add 10.0.1.2/32 dev cali3");
    run(b, "ip route add 10.0.0.0/24 via 172.16.0.1 dev eth0");
    for (auto* kernel : {&a, &b})
      for (const std::string device : {"all", "default", "eth0", "cali1", "cali2", "cali3"})
        for (const std::string family : {"ipv4", "ipv6"})
          kernel->apply(SysctlOp{"net." + family + ".conf." + device + ".forwarding", "1"});
  }

  static void act(SimulatedKernel& kernel, const std::string& action) {
    const auto done = apply_host_action(kernel, action);
    INFO(action << (done ? "" : ": " + done.error().message));
    REQUIRE(done);
  }
  static void run(SimulatedKernel& kernel, const std::string& command) {
    const auto answer = kernel.exec(command);
    INFO(command << ": " << (answer ? answer->text : answer.error().message));
    REQUIRE(answer);
    REQUIRE(answer->rc == 0);
  }
  static void nft(SimulatedKernel& kernel, const std::string& text) {
    const auto answer = kernel.apply(CommandOp{"nft -f -", text});
    INFO(text << ": " << answer.text);
    REQUIRE(answer.rc == 0);
  }

  World world() const {
    World out;
    out.add_node("a", std::make_shared<CompiledKernel>(a.state()));
    out.add_node("b", std::make_shared<CompiledKernel>(b.state()));
    for (const auto& [name, kernel] :
         {std::pair<std::string, const SimulatedKernel*>{"a", &a}, {"b", &b}})
      for (const auto& [pod, workload] : kernel->workloads())
        out.add_workload({pod, name, workload.device, workload.addresses});
    return out;
  }

  TraceResult send(const std::string& from, const std::string& to, int protocol, int port,
                   const std::string& source = "") const {
    const auto all = world();
    Origin origin;
    origin.index = all.find_workload(from);
    if (origin.index < 0) origin = {Origin::Kind::node, all.find_node(from)};
    if (from == "world") origin = {Origin::Kind::outside, 0};
    Packet packet;
    packet.destination = *Ip::parse(to);
    packet.source = source.empty() ? Ip{packet.destination.family, {}} : *Ip::parse(source);
    packet.protocol = static_cast<uint8_t>(protocol);
    packet.destination_port = static_cast<uint16_t>(port);
    if (protocol == 58) packet.icmp_type = 128;
    return trace(all, origin, packet, true);
  }

  SimulatedKernel a, b;
};

constexpr int tcp = 6, udp = 17, icmp = 1;

struct Case {
  std::string name;
  std::vector<std::string> commands;  // on node a
  std::string from, to;
  int protocol, port;
  Verdict want;
  std::string seen, receiver;
};

void check(const std::vector<Case>& cases) {
  for (const auto& c : cases) DYNAMIC_SECTION(c.name) {
      TwoNodes nodes;
      for (const auto& command : c.commands) TwoNodes::run(nodes.a, command);
      const auto result =
          nodes.send(c.from, c.to, c.protocol, c.port, c.from == "world" ? "203.0.113.1" : "");
      INFO(result.reason);
      CHECK(static_cast<int>(result.verdict) == static_cast<int>(c.want));
      if (!c.seen.empty()) CHECK(result.seen_source.str() == c.seen);
      if (!c.receiver.empty()) CHECK(result.receiver == c.receiver);
    }
}

constexpr auto allowed = Verdict::allowed, blocked = Verdict::blocked, refused = Verdict::refused;

}  // namespace

TEST_CASE("chains decide as netfilter's do") {
  check({
      {"without rules a packet and its reply pass",
       {},
       "p",
       "10.0.0.3",
       tcp,
       80,
       allowed,
       "10.0.0.2",
       "q"},
      {"DROP in FORWARD blocks",
       {"iptables-nft -A FORWARD -p tcp --dport 80 -j DROP"},
       "p",
       "10.0.0.3",
       tcp,
       80,
       blocked,
       "",
       ""},
      {"another port passes",
       {"iptables-nft -A FORWARD -p tcp --dport 80 -j DROP"},
       "p",
       "10.0.0.3",
       tcp,
       81,
       allowed,
       "",
       ""},
      {"another protocol passes",
       {"iptables-nft -A FORWARD -p tcp --dport 80 -j DROP"},
       "p",
       "10.0.0.3",
       udp,
       80,
       allowed,
       "",
       ""},
      {"REJECT refuses",
       {"iptables-nft -A FORWARD -i cali1 -j REJECT"},
       "p",
       "10.0.0.3",
       tcp,
       80,
       refused,
       "",
       ""},
      {"a TCP reset refuses",
       {"iptables-nft -A FORWARD -i cali1 -p tcp -j REJECT --reject-with tcp-reset"},
       "p",
       "10.0.0.3",
       tcp,
       80,
       refused,
       "",
       ""},
      {"who never hears of a REJECT is blocked",
       {"iptables-nft -A FORWARD -i cali1 -j REJECT", "iptables-nft -A OUTPUT -p icmp -j DROP"},
       "p",
       "10.0.0.3",
       tcp,
       80,
       blocked,
       "",
       ""},
      {"a REJECT's error is RELATED",
       {"iptables-nft -A FORWARD -i cali1 -j REJECT",
        "iptables-nft -A OUTPUT -m conntrack --ctstate RELATED -j ACCEPT",
        "iptables-nft -A OUTPUT -j DROP"},
       "p",
       "10.0.0.3",
       tcp,
       80,
       refused,
       "",
       ""},
      {"a jump comes back to the next rule",
       {"iptables-nft -N x", "iptables-nft -N y", "iptables-nft -A FORWARD -j x",
        "iptables-nft -A FORWARD -j DROP", "iptables-nft -A x -j y", "iptables-nft -A x -j ACCEPT"},
       "p",
       "10.0.0.3",
       tcp,
       80,
       allowed,
       "",
       ""},
      {"a goto does not: it comes back to the caller of its chain",
       {"iptables-nft -N x", "iptables-nft -N y", "iptables-nft -A FORWARD -j x",
        "iptables-nft -A FORWARD -j DROP", "iptables-nft -A x -g y", "iptables-nft -A x -j ACCEPT"},
       "p",
       "10.0.0.3",
       tcp,
       80,
       blocked,
       "",
       ""},
      {"RETURN from a base chain is its policy",
       {"iptables-nft -A FORWARD -j RETURN", "iptables-nft -A FORWARD -j ACCEPT",
        "iptables-nft -P FORWARD DROP"},
       "p",
       "10.0.0.3",
       tcp,
       80,
       blocked,
       "",
       ""},
      {"legacy tables count as well as those of nft",
       {"iptables-nft -A FORWARD -j ACCEPT", "iptables-legacy -A FORWARD -j DROP"},
       "p",
       "10.0.0.3",
       tcp,
       80,
       blocked,
       "",
       ""},
      {"a mark of one table is seen in the next",
       {"iptables-nft -t raw -A PREROUTING -i cali1 -j MARK --set-mark 0x10/0x30",
        "iptables-nft -A FORWARD -m mark --mark 0x10/0x10 -j DROP"},
       "p",
       "10.0.0.3",
       tcp,
       80,
       blocked,
       "",
       ""},
      {"interfaces match by prefix",
       {"iptables-nft -A FORWARD -o cali+ -j DROP"},
       "p",
       "10.0.0.3",
       tcp,
       80,
       blocked,
       "",
       ""},
      {"a rate limit is not exceeded by one packet",
       {"iptables-nft -A FORWARD -m limit --limit 1/sec -j ACCEPT",
        "iptables-nft -A FORWARD -j DROP"},
       "p",
       "10.0.0.3",
       tcp,
       80,
       allowed,
       "",
       ""},
  });
}

TEST_CASE("connections have states") {
  const std::vector<std::string> by_state{
      "iptables-nft -P FORWARD DROP",
      "iptables-nft -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
      "iptables-nft -A FORWARD -i cali1 -j ACCEPT"};
  check({
      {"replies are ESTABLISHED", by_state, "p", "10.0.0.3", tcp, 80, allowed, "", ""},
      {"requests are not", by_state, "q", "10.0.0.2", tcp, 80, blocked, "", ""},
      {"an echo reply is a reply", by_state, "p", "10.0.0.3", icmp, 0, allowed, "", ""},
      {"without conntrack a reply is UNTRACKED",
       {"iptables-nft -t raw -A PREROUTING -j NOTRACK",
        "iptables-nft -A FORWARD -m conntrack --ctstate UNTRACKED -j DROP"},
       "p",
       "10.0.0.3",
       tcp,
       80,
       blocked,
       "",
       ""},
      {"a connection's mark outlives the packet",
       {"iptables-nft -t mangle -A PREROUTING -i cali1 -j CONNMARK --set-mark 0x5",
        "iptables-nft -t mangle -A PREROUTING -i cali2 -j CONNMARK --restore-mark",
        "iptables-nft -A FORWARD -i cali2 -m mark --mark 0x5 -j DROP"},
       "p",
       "10.0.0.3",
       tcp,
       80,
       blocked,
       "",
       ""},
  });
}

TEST_CASE("NAT changes a connection and is undone for its replies") {
  const std::string service =
      "iptables-nft -t nat -A PREROUTING -d 10.96.0.1 -p tcp --dport 80 -j DNAT "
      "--to-destination 10.0.0.3:8080";
  check({
      {"DNAT leads to the endpoint",
       {service},
       "p",
       "10.96.0.1",
       tcp,
       80,
       allowed,
       "10.0.0.2",
       "q"},
      {"and policy sees the endpoint's port",
       {service, "iptables-nft -A FORWARD -p tcp --dport 8080 -j DROP"},
       "p",
       "10.96.0.1",
       tcp,
       80,
       blocked,
       "",
       ""},
      {"the state DNAT tells of it",
       {service, "iptables-nft -A FORWARD -m conntrack --ctstate DNAT -j DROP"},
       "p",
       "10.96.0.1",
       tcp,
       80,
       blocked,
       "",
       ""},
      {"a pod that reaches itself through a service drops the packet",
       {service},
       "q",
       "10.96.0.1",
       tcp,
       80,
       blocked,
       "",
       ""},
      {"unless it is masqueraded",
       {service, "iptables-nft -t nat -A POSTROUTING -s 10.0.0.3 -d 10.0.0.3 -j MASQUERADE"},
       "q",
       "10.96.0.1",
       tcp,
       80,
       allowed,
       "172.16.0.1",
       "q"},
      {"the node's own packets pass OUTPUT",
       {"iptables-nft -t nat -A OUTPUT -d 10.96.0.1 -p tcp --dport 80 -j DNAT "
        "--to-destination 10.0.0.3:8080"},
       "a",
       "10.96.0.1",
       tcp,
       80,
       allowed,
       "172.16.0.1",
       "q"},
      {"MASQUERADE takes the address of the way out",
       {"iptables-nft -t nat -A POSTROUTING -o eth0 -j MASQUERADE --random-fully"},
       "p",
       "10.0.1.2",
       tcp,
       80,
       allowed,
       "172.16.0.1",
       "r"},
      {"SNAT takes the one that is given",
       {"iptables-nft -t nat -A POSTROUTING -o eth0 -j SNAT --to-source 172.16.0.1"},
       "p",
       "10.0.1.2",
       udp,
       53,
       allowed,
       "172.16.0.1",
       "r"},
      {"REDIRECT leads to the node itself",
       {"iptables-nft -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 9000",
        "iptables-nft -A INPUT -p tcp --dport 80 -j DROP"},
       "p",
       "172.16.0.1",
       tcp,
       80,
       allowed,
       "10.0.0.2",
       "a"},
  });
}

TEST_CASE("sets match by what their dimensions say") {
  const auto with = [](const std::string& create, const std::string& member,
                       const std::string& sides) {
    return std::vector<std::string>{
        "ipset create s " + create, "ipset add s " + member,
        "iptables-nft -A FORWARD -i cali1 -m set --match-set s " + sides + " -j DROP"};
  };
  check({
      {"an address", with("hash:ip", "10.0.0.3", "dst"), "p", "10.0.0.3", tcp, 80, blocked, "", ""},
      {"another address", with("hash:ip", "10.0.0.9", "dst"), "p", "10.0.0.3", tcp, 80, allowed, "",
       ""},
      {"a net", with("hash:net", "10.0.0.0/30", "src"), "p", "10.0.0.3", tcp, 80, blocked, "", ""},
      {"an address and a port", with("hash:ip,port", "10.0.0.3,tcp:80", "dst,dst"), "p", "10.0.0.3",
       tcp, 80, blocked, "", ""},
      {"the port of another protocol", with("hash:ip,port", "10.0.0.3,tcp:80", "dst,dst"), "p",
       "10.0.0.3", udp, 80, allowed, "", ""},
      {"two nets", with("hash:net,net", "10.0.0.2,10.0.0.0/24", "src,dst"), "p", "10.0.0.3", tcp,
       80, blocked, "", ""},
      {"two nets the other way round", with("hash:net,net", "10.0.0.2,10.0.0.0/24", "dst,src"), "p",
       "10.0.0.3", tcp, 80, allowed, "", ""},
  });
}

TEST_CASE("routing decides where a packet goes") {
  check({
      {"a longer prefix wins",
       {"ip route add blackhole 10.0.1.2/32"},
       "p",
       "10.0.1.2",
       tcp,
       80,
       blocked,
       "",
       ""},
      {"the lower metric wins",
       {"ip route add 10.5.0.0/24 via 172.16.0.2 dev eth0 metric 10",
        "ip route add blackhole 10.5.0.0/24 metric 20"},
       "p",
       "10.0.1.2",
       tcp,
       80,
       allowed,
       "",
       ""},
      {"a device that is down takes nothing",
       {"ip link set cali2 down"},
       "p",
       "10.0.0.3",
       tcp,
       80,
       blocked,
       "",
       ""},
      {"a pod whose interface is down sends nothing",
       {"ip link set cali1 down"},
       "p",
       "10.0.0.3",
       tcp,
       80,
       blocked,
       "",
       ""},
      {"rp_filter drops what would be answered by another device",
       {"sysctl -w net.ipv4.conf.cali1.rp_filter=1", "ip route del 10.0.0.2/32 dev cali1",
        "ip route add 10.0.0.2/32 dev cali2"},
       "p",
       "10.0.0.3",
       tcp,
       80,
       blocked,
       "",
       ""},
      {"so does the match rpfilter",
       {"iptables-nft -t raw -A PREROUTING -i cali1 -m rpfilter --invert -j DROP",
        "ip route del 10.0.0.2/32 dev cali1", "ip route add 10.0.0.2/32 dev cali2"},
       "p",
       "10.0.0.3",
       tcp,
       80,
       blocked,
       "",
       ""},
      {"pod to its node", {}, "p", "172.16.0.1", tcp, 80, allowed, "10.0.0.2", "a"},
      {"node to its pod", {}, "a", "10.0.0.3", tcp, 80, allowed, "172.16.0.1", "q"},
      {"node to node", {}, "a", "172.16.0.2", udp, 53, allowed, "172.16.0.1", "b"},
      {"node to itself",
       {"iptables-nft -A OUTPUT ! -o lo -j DROP"},
       "a",
       "172.16.0.1",
       tcp,
       80,
       allowed,
       "172.16.0.1",
       "a"},
      {"pod to a pod of another node", {}, "p", "10.0.1.2", tcp, 80, allowed, "10.0.0.2", "r"},
      {"the outside to a pod", {}, "world", "10.0.0.2", tcp, 80, allowed, "203.0.113.1", "p"},
      {"a pod to the outside", {}, "p", "198.51.100.7", tcp, 443, allowed, "10.0.0.2", "outside"},
      {"nobody has the address",
       {"ip route add 10.0.0.77/32 dev cali2"},
       "p",
       "10.0.0.77",
       tcp,
       80,
       blocked,
       "",
       ""},
  });
}

TEST_CASE("a spoofed source is dropped by its way back") {
  TwoNodes nodes;
  TwoNodes::run(nodes.a, "iptables-nft -t raw -A PREROUTING -m rpfilter --invert -j DROP");
  CHECK(nodes.send("p", "10.0.0.3", tcp, 80).verdict == allowed);
  const auto spoofed = nodes.send("p", "10.0.0.3", tcp, 80, "10.0.1.2");
  CHECK(spoofed.verdict == blocked);
  REQUIRE(spoofed.decided >= 0);
  CHECK(spoofed.steps[static_cast<size_t>(spoofed.decided)].table == "raw");
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
