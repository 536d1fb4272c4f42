// SPDX-License-Identifier: Apache-2.0
// wg, as a person on the host uses it.
#include "model/kernel/simulated_kernel.h"
#include "model/kernel/wireguard_text.h"

using namespace felixsim;

namespace {

const std::string key_a = std::string(42, 'a') + "g=", key_b = std::string(42, 'b') + "g=";

KernelAnswer run(SimulatedKernel& kernel, const std::string& command) {
  const auto answer = kernel.exec(command);
  REQUIRE(answer);
  return *answer;
}

}  // namespace

TEST_CASE("wg set changes a device and wg show prints it") {
  SimulatedKernel kernel;
  REQUIRE(run(kernel, "ip link add wg0 type wireguard").rc == 0);
  CHECK(kernel.state().links.at("wg0").mtu_bytes == 1420);
  REQUIRE(run(kernel, "wg set wg0 listen-port 51820 fwmark 0x200000 peer " + key_a +
                          " allowed-ips 10.0.1.0/24,fd00::/64 endpoint 192.0.2.2:51820"
                          " persistent-keepalive 90")
              .rc == 0);
  CHECK(run(kernel, "wg show wg0").text ==
        "interface: wg0\n"
        "  listening port: 51820\n"
        "  fwmark: 0x200000\n"
        "\n"
        "peer: " +
            key_a +
            "\n"
            "  endpoint: 192.0.2.2:51820\n"
            "  allowed ips: 10.0.1.0/24, fd00::/64\n"
            "  persistent keepalive: every 1 minute, 30 seconds\n");
  CHECK(run(kernel, "wg show all").text == run(kernel, "wg").text);
}

TEST_CASE("an allowed address has one peer, and who gets it last keeps it") {
  SimulatedKernel kernel;
  run(kernel, "ip link add wg0 type wireguard");
  run(kernel, "wg set wg0 peer " + key_a + " allowed-ips 10.0.1.0/24,10.0.2.0/24");
  run(kernel, "wg set wg0 peer " + key_b + " allowed-ips 10.0.2.0/24");
  const auto& peers = kernel.state().links.at("wg0").wireguard->peers;
  CHECK(peers.at(key_a).allowed_ips == std::set<Cidr>{*Cidr::parse("10.0.1.0/24")});
  CHECK(peers.at(key_b).allowed_ips == std::set<Cidr>{*Cidr::parse("10.0.2.0/24")});
  run(kernel, "wg set wg0 peer " + key_a + " remove");
  CHECK(kernel.state().links.at("wg0").wireguard->peers.size() == 1);
}

TEST_CASE("wg refuses what it cannot read, and other devices") {
  SimulatedKernel kernel;
  run(kernel, "ip link add wg0 type wireguard");
  run(kernel, "ip link add br0 type bridge");
  for (const std::string wrong :
       {"wg set wg0 peer short", "wg set wg0 listen-port 70000", "wg set wg0 fwmark x",
        "wg set wg0 private-key /etc/key", "wg set none listen-port 1", "wg set br0 listen-port 1",
        "wg show none", "wg show br0", "wg genkey"}) {
    INFO(wrong);
    CHECK(run(kernel, wrong).rc == 1);
  }
  CHECK(run(kernel, "wg set wg0 peer " + key_a + " endpoint nowhere").rc == 1);
  CHECK(run(kernel, "wg set wg0 peer " + key_a + " allowed-ips 10.0.0").rc == 1);
  CHECK(kernel.state().links.at("wg0").wireguard->peers.empty());
}

TEST_CASE("threads are a matter of a device with peers, and go with it") {
  SimulatedKernel kernel;
  const std::string file = "/sys/class/net/wg0/threaded";
  CHECK(kernel.apply(SysctlOp{file, "1"}).rc == ENOENT);
  run(kernel, "ip link add wg0 type wireguard");
  CHECK(kernel.apply(SysctlOp{file, "1"}).rc == EOPNOTSUPP);
  run(kernel, "wg set wg0 peer " + key_a);
  CHECK(kernel.apply(SysctlOp{file, "1"}).rc == 0);
  run(kernel, "ip link del wg0");
  CHECK_FALSE(kernel.state().sysctls.contains(file));
}

TEST_CASE("what wg show prints reads back to the same devices, handshakes aside") {
  const std::string text =
      "interface: wg-v6.cali\n\ninterface: wireguard.cali\n  public key: " + key_a +
      "\n  private key: (hidden)\n  listening port: 51820\n  fwmark: 0x200000\n\npeer: " + key_a +
      "\n  allowed ips: (none)\n\npeer: " + key_b +
      "\n  endpoint: [fd00::2]:51820\n  allowed ips: 10.0.0.0/8, fd00::/64\n"
      "  persistent keepalive: every 18 hours, 12 minutes, 15 seconds\n";
  const auto devices = parse_wireguard(text);
  REQUIRE(devices);
  CHECK(devices->at("wireguard.cali").peers.at(key_b).keepalive_seconds == 65535);
  CHECK(print_wireguard(*devices) == text);
  const auto with_more = parse_wireguard(text +
                                         "  preshared key: (hidden)\n  latest handshake: Now\n"
                                         "  transfer: 1 B received, 2 B sent\n# a comment\n");
  REQUIRE(with_more);
  CHECK(*with_more == *devices);
}

TEST_CASE("a text that wg show does not print is refused with its line") {
  const std::string peer = "interface: wg0\npeer: " + key_a + "\n";
  for (const std::string& wrong : std::vector<std::string>{
           "rubbish", "peer: " + key_a, "interface: \n", "interface: wg0\ninterface: wg0\n",
           "interface: wg0\n  listening port: 70000\n", "interface: wg0\n  public key: short\n",
           "interface: wg0\n  endpoint: 1.2.3.4:5\n", peer + "peer: " + key_a + "\n",
           peer + "  endpoint: somewhere:5\n", peer + "  allowed ips: 10.0.0\n",
           peer + "  allowed ips: \n", peer + "  persistent keepalive: every 20 hours\n",
           peer + "  persistent keepalive: off and on\n", peer + "  listening port: 5\n"}) {
    INFO(wrong);
    const auto devices = parse_wireguard(wrong);
    REQUIRE_FALSE(devices);
    CHECK(devices.error().message.starts_with("line "));
  }
}
