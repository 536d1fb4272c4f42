// SPDX-License-Identifier: Apache-2.0
// Packets through WireGuard: who may send what to whom.
#include "tests/model/kernel/two_nodes.h"

using namespace felixsim;
using namespace felixsim::walk;

namespace {

const std::string key_a = std::string(42, 'a') + "g=", key_b = std::string(42, 'b') + "g=";

// A device of the node that encrypts to the other one what goes to `there`, by a table of its own.
void encrypt(SimulatedKernel& kernel, const std::string& own_key, const std::string& peer_key,
             const std::string& peer, const std::string& there) {
  TwoNodes::run(kernel, "ip link add wg0 type wireguard");
  WireguardOp op;
  op.device = "wg0";
  op.public_key = own_key;
  REQUIRE(kernel.apply(op).rc == 0);
  TwoNodes::run(kernel, "wg set wg0 listen-port 51820 fwmark 0x100 peer " + peer_key +
                            " endpoint " + peer + ":51820 allowed-ips " + there);
  TwoNodes::run(kernel, "ip link set wg0 up");
  TwoNodes::run(kernel, "ip route add " + there + " dev wg0 table 1");
  TwoNodes::run(kernel, "ip rule add not fwmark 0x100/0x100 lookup 1 pref 99");
  kernel.apply(SysctlOp{"net.ipv4.conf.wg0.forwarding", "1"});
}

struct Encrypted : TwoNodes {
  Encrypted() {
    encrypt(a, key_a, key_b, "172.16.0.2", "10.0.1.0/24");
    encrypt(b, key_b, key_a, "172.16.0.1", "10.0.0.0/24");
  }
};

}  // namespace

TEST_CASE("WireGuard takes a packet to the peer that may have its destination") {
  Encrypted nodes;
  const auto result = nodes.send("p", "10.0.1.2", tcp, 80);
  INFO(result.reason);
  CHECK(result.verdict == allowed);
  const auto has_step = [&](const std::string& text) {
    return std::any_of(result.steps.begin(), result.steps.end(),
                       [&](const Step& step) { return step.text.find(text) != std::string::npos; });
  };
  CHECK(has_step("put into a tunnel by wg0 to 172.16.0.2"));
  CHECK(has_step("172.16.0.1:51820 -> 172.16.0.2:51820 udp comes in by eth0"));
  CHECK(has_step("taken out of the tunnel by wg0"));
}

TEST_CASE("on the underlay only UDP with the device's mark is seen") {
  Encrypted nodes;
  TwoNodes::run(nodes.b, "iptables-nft -A INPUT -i eth0 -p tcp -j DROP");
  TwoNodes::run(nodes.b, "iptables-nft -A FORWARD -i eth0 -j DROP");
  CHECK(nodes.send("p", "10.0.1.2", tcp, 80).verdict == allowed);
  TwoNodes::run(nodes.a,
                "iptables-nft -A OUTPUT -p udp --dport 51820 -m mark --mark 0x100 -j DROP");
  CHECK(nodes.send("p", "10.0.1.2", tcp, 80).verdict == blocked);
}

TEST_CASE(
    "a packet without a peer, from a stranger, or from an address that the peer may not have "
    "is lost") {
  Encrypted nodes;
  struct Case {
    const char* what;
    bool on_a;
    std::string command, reason;
  };
  const auto c = GENERATE_COPY(
      Case{"no peer may have the destination", true,
           "wg set wg0 peer " + key_b + " allowed-ips 10.0.2.0/24",
           "no peer of wg0 may have 10.0.1.2"},
      Case{"the receiver does not know the sender", false, "wg set wg0 peer " + key_a + " remove",
           "wg0 has no peer " + key_a},
      Case{"the sender may not have the source", false,
           "wg set wg0 peer " + key_a + " allowed-ips 10.0.3.0/24", "may not have 10.0.0.2"},
      Case{"nobody listens on the port", false, "wg set wg0 listen-port 4000", "no tunnel device"});
  INFO(c.what);
  TwoNodes::run(c.on_a ? nodes.a : nodes.b, c.command);
  const auto result = nodes.send("p", "10.0.1.2", tcp, 80);
  CHECK(result.verdict == blocked);
  CHECK(result.reason.find(c.reason) != std::string::npos);
}

TEST_CASE("the reverse path is looked up with the mark where src_valid_mark says so") {
  Encrypted nodes;
  for (auto* kernel : {&nodes.a, &nodes.b}) {
    TwoNodes::run(*kernel, "ip route add 172.16.0.0/24 dev wg0 table 1");
    TwoNodes::run(
        *kernel,
        "iptables-nft -t raw -A PREROUTING -i eth0 -p udp --dport 51820 -j MARK --set-mark 0x100");
    kernel->apply(SysctlOp{"net.ipv4.conf.eth0.rp_filter", "1"});
  }
  CHECK(nodes.send("p", "10.0.1.2", tcp, 80).verdict == blocked);
  for (auto* kernel : {&nodes.a, &nodes.b})
    kernel->apply(SysctlOp{"net.ipv4.conf.all.src_valid_mark", "1"});
  const auto result = nodes.send("p", "10.0.1.2", tcp, 80);
  INFO(result.reason);
  CHECK(result.verdict == allowed);
}
