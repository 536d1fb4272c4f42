// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/wireguard_manager.h"

#include <catch2/catch.hpp>

#include "model/kernel/route_text.h"
#include "model/kernel/simulated_kernel.h"
#include "model/kernel/wireguard_text.h"

using namespace felixsim;

namespace {

const std::string key_b = std::string(42, 'b') + "g=", key_c = std::string(42, 'c') + "g=";
const Symbol self("node-a"), node_b("node-b"), node_c("node-c");

WireguardConfig config() {
  WireguardConfig out;
  out.hostname = self;
  out.enabled = true;
  out.device = "wireguard.cali";
  out.port = 51820;
  out.mark = 0x200000;
  out.table = 1;
  out.mtu_bytes = 1440;
  out.threaded = true;
  return out;
}

msg::RouteUpdate route(const char* dst, Symbol node, uint32_t types) {
  msg::RouteUpdate out;
  out.dst = *Cidr::parse(dst);
  out.types = types;
  out.dst_node_name = node;
  return out;
}

struct TestNode {
  SimulatedKernel kernel;
  WireguardManager manager;

  explicit TestNode(const WireguardConfig& with = config()) : manager(with) {}
  // Until nothing changes any more, as Felix does.
  bool apply() {
    bool ok = true;
    for (int round = 0; round < 4; ++round) {
      for (const auto& change : monitor.look(kernel.state()).states)
        manager.on_interface(change, 0);
      ok = manager.apply(kernel, 0);
    }
    return ok;
  }
  void run(const std::string& command) { REQUIRE(kernel.exec(command)->rc == 0); }
  void add_peer(Symbol node, const char* address, const std::string& key, const char* block) {
    manager.on_key(node, key, "");
    manager.on_host(node, address);
    manager.on_route(route(block, node, msg::remote_workload));
  }
  const WireguardLink& device() const {
    return *kernel.state().links.at("wireguard.cali").wireguard;
  }
  std::string own_routes() const {
    std::set<Route> own;
    for (const Route& one : kernel.state().routes)
      if (one.table == 1) own.insert(one);
    return print_routes(own, IpFamily::v4);
  }
  std::string rules() const { return print_rules(kernel.state().rules, IpFamily::v4); }

  InterfaceMonitor monitor;
};

constexpr char plain_rules[] =
    "0:\tfrom all lookup local\n"
    "32766:\tfrom all lookup main\n"
    "32767:\tfrom all lookup default\n";

}  // namespace

TEST_CASE("WireGuard gets its device, its peers, a table and the rule into it") {
  TestNode node;
  node.manager.on_route(route("10.0.0.0/26", self, msg::local_workload));
  node.manager.on_route(route("10.0.0.5/32", self, msg::local_workload));
  node.add_peer(node_b, "192.0.2.2", key_b, "10.0.1.0/26");
  node.manager.on_route(route("10.0.2.0/26", node_c, msg::remote_workload));
  node.manager.on_key(self, "", "10.0.0.1");
  REQUIRE(node.apply());

  const Link& link = node.kernel.state().links.at("wireguard.cali");
  CHECK(link.admin_up);
  CHECK(link.mtu_bytes == 1440);
  REQUIRE(link.addresses.size() == 1);
  CHECK(link.addresses[0].prefix.str() == "10.0.0.1/32");
  CHECK(print_wireguard({{link.name, *link.wireguard}}) ==
        "interface: wireguard.cali\n"
        "  public key: " +
            stand_in_wireguard_key(self, IpFamily::v4) +
            "\n"
            "  private key: (hidden)\n"
            "  listening port: 51820\n"
            "  fwmark: 0x200000\n"
            "\n"
            "peer: " +
            key_b +
            "\n"
            "  endpoint: 192.0.2.2:51820\n"
            "  allowed ips: 10.0.1.0/26\n");
  CHECK(node.own_routes() ==
        "throw 10.0.0.0/26 table 1 \n"
        "10.0.1.0/26 dev wireguard.cali table 1 scope link \n"
        "throw 10.0.2.0/26 table 1 \n");
  CHECK(node.rules() ==
        "0:\tfrom all lookup local\n"
        "99:\tnot from all fwmark 0x200000/0x200000 lookup 1\n"
        "32766:\tfrom all lookup main\n"
        "32767:\tfrom all lookup default\n");
  CHECK(node.kernel.state().sysctls.at("/sys/class/net/wireguard.cali/threaded") == "1");
}

TEST_CASE("IPv6 has a device of its own, and throws by lo") {
  WireguardConfig v6 = config();
  v6.family = IpFamily::v6;
  v6.device = "wg-v6.cali";
  TestNode node(v6);
  node.manager.on_route(route("fd00::/122", self, msg::local_workload));
  node.add_peer(node_b, "2001:db8::2", key_b, "fd00:1::/122");
  node.manager.on_route(route("10.0.1.0/26", node_b, msg::remote_workload));
  REQUIRE(node.apply());
  CHECK(print_routes(node.kernel.state().routes, IpFamily::v6) ==
        "throw fd00::/122 dev lo table 1 metric 1024 pref medium\n"
        "fd00:1::/122 dev wg-v6.cali table 1 metric 1024 pref medium\n");
  CHECK(print_wireguard(wireguard_devices(node.kernel.state().links)).find("[2001:db8::2]:51820") !=
        std::string::npos);
}

TEST_CASE("The key is what the datastore says, else a stand-in; and Felix tells it") {
  TestNode node;
  REQUIRE(node.apply());
  const std::string stand_in = stand_in_wireguard_key(self, IpFamily::v4);
  CHECK(stand_in.size() == 44);
  CHECK(stand_in != stand_in_wireguard_key(node_b, IpFamily::v4));
  CHECK(stand_in != stand_in_wireguard_key(self, IpFamily::v6));
  CHECK(node.manager.take_key_to_publish() == stand_in);
  node.manager.on_key(self, key_c, "");
  REQUIRE(node.apply());
  CHECK(node.device().public_key == key_c);
  CHECK(node.manager.take_key_to_publish() == std::nullopt);
  node.manager.on_key_removed(self);  // the device keeps it, and the datastore is told again
  REQUIRE(node.apply());
  CHECK(node.device().public_key == key_c);
  CHECK(node.manager.take_key_to_publish() == key_c);
}

TEST_CASE("Nodes that claim the same key are no peers, and reached without encryption") {
  TestNode node;
  node.add_peer(node_b, "192.0.2.2", key_b, "10.0.1.0/26");
  node.add_peer(node_c, "192.0.2.3", key_b, "10.0.2.0/26");
  REQUIRE(node.apply());
  CHECK(node.device().peers.empty());
  CHECK(node.own_routes() == "throw 10.0.1.0/26 table 1 \nthrow 10.0.2.0/26 table 1 \n");
  node.manager.on_key(node_c, key_c, "");
  REQUIRE(node.apply());
  CHECK(node.device().peers.size() == 2);
  // Felix routes only those anew that changed themselves.
  CHECK(node.own_routes() ==
        "throw 10.0.1.0/26 table 1 \n10.0.2.0/26 dev wireguard.cali table 1 scope link \n");
}

TEST_CASE("A node that loses its key, or its address, is reached without encryption") {
  const bool key = GENERATE(true, false);
  TestNode node;
  node.add_peer(node_b, "192.0.2.2", key_b, "10.0.1.0/26");
  REQUIRE(node.apply());
  if (key)
    node.manager.on_key_removed(node_b);
  else
    node.manager.on_host_removed(node_b);
  REQUIRE(node.apply());
  CHECK(node.device().peers.empty());
  CHECK(node.own_routes() == "throw 10.0.1.0/26 table 1 \n");
}

TEST_CASE("An address that moves to another node moves with route and peer") {
  TestNode node;
  node.add_peer(node_b, "192.0.2.2", key_b, "10.0.1.0/26");
  node.add_peer(node_c, "192.0.2.3", key_c, "10.0.2.0/26");
  node.manager.on_route(route("10.0.1.7/32", node_b, msg::remote_workload));
  REQUIRE(node.apply());
  node.manager.on_route(route("10.0.1.7/32", node_c, msg::remote_workload));
  REQUIRE(node.apply());
  CHECK(node.device().peers.at(key_b).allowed_ips == std::set{*Cidr::parse("10.0.1.0/26")});
  CHECK(node.device().peers.at(key_c).allowed_ips.contains(*Cidr::parse("10.0.1.7/32")));
  node.manager.on_route(route("10.0.1.7/32", self, msg::local_workload));
  REQUIRE(node.apply());
  CHECK(node.device().peers.at(key_c).allowed_ips == std::set{*Cidr::parse("10.0.2.0/26")});
  CHECK(node.own_routes().find("throw 10.0.1.7 table 1") != std::string::npos);
}

TEST_CASE("What others did to device, rule and routes is put right at the next resync") {
  TestNode node;
  node.add_peer(node_b, "192.0.2.2", key_b, "10.0.1.0/26");
  REQUIRE(node.apply());
  const std::string before = print_wireguard(wireguard_devices(node.kernel.state().links));
  const std::string routes = node.own_routes(), rules = node.rules();
  node.run("wg set wireguard.cali fwmark 0x1 peer " + key_b + " remove");
  node.run("wg set wireguard.cali peer " + key_c + " allowed-ips 10.0.9.0/24");
  node.run("ip rule del not fwmark 0x200000/0x200000 lookup 1 pref 99");
  node.run("ip rule add fwmark 0x4 lookup 1 pref 100");
  node.run("ip route del 10.0.1.0/26 dev wireguard.cali table 1");
  node.run("ip route add 10.0.9.0/26 dev wireguard.cali table 1");
  REQUIRE(node.apply());
  CHECK(print_wireguard(wireguard_devices(node.kernel.state().links)) != before);
  node.manager.queue_resync();
  REQUIRE(node.apply());
  CHECK(print_wireguard(wireguard_devices(node.kernel.state().links)) == before);
  CHECK(node.own_routes() == routes);
  CHECK(node.rules() == rules);
}

TEST_CASE("A device that is deleted comes back at the next resync, not before") {
  TestNode node;
  node.add_peer(node_b, "192.0.2.2", key_b, "10.0.1.0/26");
  REQUIRE(node.apply());
  node.run("ip link del wireguard.cali");
  node.add_peer(node_c, "192.0.2.3", key_c, "10.0.2.0/26");
  CHECK_FALSE(node.apply());
  CHECK_FALSE(node.kernel.state().links.contains("wireguard.cali"));
  node.manager.queue_resync();
  REQUIRE(node.apply());
  CHECK(node.device().peers.size() == 2);
}

TEST_CASE("With host encryption the node's own address is the device's, and hosts go into it") {
  WireguardConfig hosts = config();
  hosts.encrypts_hosts = true;
  TestNode node(hosts);
  node.manager.on_host(self, "192.0.2.1");
  node.add_peer(node_b, "192.0.2.2", key_b, "10.0.1.0/26");
  node.manager.on_route(route("192.0.2.2/32", node_b, msg::remote_host));
  REQUIRE(node.apply());
  const auto& addresses = node.kernel.state().links.at("wireguard.cali").addresses;
  REQUIRE(addresses.size() == 1);
  CHECK(addresses[0].prefix.str() == "192.0.2.1/32");
  CHECK(node.own_routes().find("192.0.2.2 dev wireguard.cali") != std::string::npos);
  CHECK(node.kernel.state().sysctls.at("net.ipv4.conf.all.src_valid_mark") == "1");
}

TEST_CASE("A kernel without wireguard gets nothing, and the datastore no key") {
  TestNode node;
  node.kernel.set_lacks({"wireguard"});
  node.add_peer(node_b, "192.0.2.2", key_b, "10.0.1.0/26");
  REQUIRE(node.apply());
  CHECK(node.manager.take_key_to_publish() == "");
  CHECK(node.own_routes().empty());
  CHECK(node.rules() == plain_rules);
}

TEST_CASE("WireGuard that is off takes away what an earlier Felix left") {
  TestNode node;
  node.add_peer(node_b, "192.0.2.2", key_b, "10.0.1.0/26");
  node.manager.on_route(route("10.0.0.0/26", self, msg::local_workload));
  REQUIRE(node.apply());
  node.run("ip route add blackhole 10.0.7.0/24 table 1");
  WireguardConfig off = config();
  off.enabled = false;
  node.manager = WireguardManager(off);
  node.monitor = {};
  REQUIRE(node.apply());
  CHECK_FALSE(node.kernel.state().links.contains("wireguard.cali"));
  CHECK(node.own_routes().empty());
  CHECK(node.rules() == plain_rules);
  CHECK(node.manager.take_key_to_publish() == "");
}

TEST_CASE("A device of that name and another kind is left alone, and tried again") {
  TestNode node;
  node.run("ip link add wireguard.cali type bridge");
  CHECK_FALSE(node.apply());
  CHECK(node.kernel.state().links.at("wireguard.cali").kind == "bridge");
  CHECK(node.rules() == plain_rules);
}

TEST_CASE("Felix dies of a peer on the device whose node has a key and no address") {
  TestNode node;
  node.add_peer(node_b, "192.0.2.2", key_b, "10.0.1.0/26");
  REQUIRE(node.apply());
  WireguardManager restarted(config());
  restarted.on_key(node_b, key_b, "");
  CHECK_FALSE(restarted.apply(node.kernel, 0));
  CHECK(restarted.panic() == "runtime error: invalid memory address or nil pointer dereference");
}
