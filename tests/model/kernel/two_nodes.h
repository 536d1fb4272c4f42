// SPDX-License-Identifier: Apache-2.0
// Two nodes, a and b, on one link; pods p and q on the first, r on the second, routes to all.
#pragma once

#include "model/kernel/host_action.h"
#include "model/kernel/simulated_kernel.h"
#include "model/kernel/walk/world.h"

namespace felixsim::walk {

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

inline constexpr int tcp = 6, udp = 17, icmp = 1;
inline constexpr auto allowed = Verdict::allowed, blocked = Verdict::blocked,
                      refused = Verdict::refused;

}  // namespace felixsim::walk
