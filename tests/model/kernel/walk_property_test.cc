// SPDX-License-Identifier: Apache-2.0
// What must hold of sets and walks whatever is in them.
#include <rapidcheck.h>

#include "model/kernel/host_action.h"
#include "model/kernel/simulated_kernel.h"
#include "model/kernel/walk/sets.h"
#include "model/kernel/walk/world.h"

namespace felixsim::walk {
namespace {

// Few addresses, so that they meet.
Ip small_ip() { return Ip::v4(0x0a000000u + *rc::gen::inRange<uint32_t>(0, 64)); }

Cidr small_net() { return Cidr::of(small_ip(), *rc::gen::inRange(24, 33)); }

std::string net_text(const Cidr& net) { return net.length == 32 ? net.address.str() : net.str(); }

Packet packet_between(const Ip& source, const Ip& destination) {
  Packet packet;
  packet.source = source;
  packet.destination = destination;
  packet.destination_port = static_cast<uint16_t>(*rc::gen::inRange(1, 4));
  packet.protocol = *rc::gen::element<uint8_t>(6, 17);
  return packet;
}

IpSet set_of(const std::string& type) {
  IpSet set;
  set.name = "s";
  set.type = type;
  set.family = "inet";
  return set;
}

}  // namespace

TEST_CASE("a set of nets has what one of its nets has, first asked by text and then by hash") {
  CHECK(rc::check([] {
    IpSet set = set_of("hash:net");
    std::vector<Cidr> nets;
    const int count = *rc::gen::inRange(0, 100);
    for (int i = 0; i < count; ++i) {
      nets.push_back(small_net());
      set.members.insert(net_text(nets.back()));
    }
    IpSetMatcher matcher(set);
    const std::array<SetField, 1> side{SetField::destination};
    for (int i = 0; i < 40; ++i) {
      const Packet packet = packet_between(small_ip(), small_ip());
      const bool want = std::any_of(nets.begin(), nets.end(), [&](const Cidr& net) {
        return net.contains(packet.destination);
      });
      RC_ASSERT(matcher.matches(packet, side) == want);
    }
  }));
}

TEST_CASE("a set of pairs of nets has what one of its pairs has") {
  CHECK(rc::check([] {
    IpSet set = set_of("hash:net,net");
    std::vector<std::pair<Cidr, Cidr>> pairs;
    const int count = *rc::gen::inRange(0, 20);
    for (int i = 0; i < count; ++i) {
      pairs.emplace_back(small_net(), small_net());
      set.members.insert(net_text(pairs.back().first) + "," + net_text(pairs.back().second));
    }
    IpSetMatcher matcher(set);
    const std::array<SetField, 2> sides{SetField::source, SetField::destination};
    const Packet packet = packet_between(small_ip(), small_ip());
    const bool want = std::any_of(pairs.begin(), pairs.end(), [&](const auto& pair) {
      return pair.first.contains(packet.source) && pair.second.contains(packet.destination);
    });
    RC_ASSERT(matcher.matches(packet, sides) == want);
  }));
}

TEST_CASE("a set of addresses and ports has exactly its members") {
  CHECK(rc::check([] {
    IpSet set = set_of("hash:ip,port");
    const int count = *rc::gen::inRange(0, 30);
    for (int i = 0; i < count; ++i)
      set.members.insert(fmt::format("{},{}:{}", small_ip().str(),
                                     *rc::gen::element<std::string>("tcp", "udp"),
                                     *rc::gen::inRange(1, 4)));
    IpSetMatcher matcher(set);
    const std::array<SetField, 2> sides{SetField::destination, SetField::destination};
    const Packet packet = packet_between(small_ip(), small_ip());
    const std::string member =
        fmt::format("{},{}:{}", packet.destination.str(), packet.protocol == 6 ? "tcp" : "udp",
                    packet.destination_port);
    RC_ASSERT(matcher.matches(packet, sides) == set.members.contains(member));
  }));
}

TEST_CASE("recording a walk changes nothing of its outcome, nor does walking before") {
  SimulatedKernel kernel;
  for (const std::string action :
       {R"({"facts": {"interfaces": [{"name": "lo", "up": true}], "sysctls": {}}})",
        R"({"workload": {"pod": "p", "iface": "cali1", "ips": ["10.0.0.1"]}})",
        R"({"workload": {"pod": "q", "iface": "cali2", "ips": ["10.0.0.2"]}})"})
    REQUIRE(apply_host_action(kernel, action));
  for (const std::string command :
       {"ip route add 10.0.0.1/32 dev cali1", "ip route add 10.0.0.2/32 dev cali2"})
    REQUIRE(kernel.exec(command));
  for (const std::string device : {"all", "cali1", "cali2"})
    kernel.apply(SysctlOp{"net.ipv4.conf." + device + ".forwarding", "1"});
  CHECK(rc::check([&] {
    kernel.exec("iptables-nft -F FORWARD");
    const int rules = *rc::gen::inRange(0, 6);
    for (int i = 0; i < rules; ++i) {
      const auto match = *rc::gen::element<std::string>(
          "-p tcp --dport 1:2", "-s 10.0.0.1", "-i cali2", "-m mark --mark 0x1/0x1",
          "-m conntrack --ctstate ESTABLISHED", "-p udp", "-o cali1");
      const auto target = *rc::gen::element<std::string>("ACCEPT", "DROP", "REJECT",
                                                         "MARK --set-mark 0x1", "RETURN");
      RC_ASSERT(kernel.exec("iptables-nft -A FORWARD " + match + " -j " + target)->rc == 0);
    }
    World world;
    world.add_node("a", std::make_shared<CompiledKernel>(kernel.state()));
    for (const auto& [pod, workload] : kernel.workloads())
      world.add_workload({pod, "a", workload.device, workload.addresses});
    const Packet packet = packet_between(Ip::v4(0x0a000001), Ip::v4(0x0a000002));
    const Origin origin{Origin::Kind::workload, world.find_workload("p")};
    const auto first = trace(world, origin, packet), again = trace(world, origin, packet, true);
    RC_ASSERT(first.verdict == again.verdict);
    RC_ASSERT(first.receiver == again.receiver);
    RC_ASSERT(first.steps.empty());
    RC_ASSERT(!again.steps.empty());
    RC_ASSERT(again.verdict == Verdict::allowed || again.decided >= 0);
  }));
}

}  // namespace felixsim::walk
