// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/dataplane.h"

#include <catch2/catch.hpp>

#include "model/dataplane/dataplane_config.h"
#include "tests/support/fake_kernel.h"

using namespace felixsim;

namespace {

DataplaneConfig config() {
  DataplaneConfig out;
  out.hostname = Symbol("node-a");
  out.rules.marks = {0x10000, 0x20000, 0x40000, 0x80000, 0x100000, 0, 0xffe00000, 0};
  return out;
}

msg::WorkloadEndpointId pod(const char* name) {
  return {Symbol("k8s"), Symbol(std::string("default/") + name), Symbol("eth0")};
}

msg::WorkloadEndpointUpdate endpoint(const char* name, const char* interface, const char* net) {
  auto made = std::make_shared<msg::WorkloadEndpoint>();
  made->state = Symbol("active");
  made->name = Symbol(interface);
  made->profile_ids = {Symbol("kns.default")};
  made->ipv4_nets = {*Cidr::parse(net)};
  return {pod(name), made};
}

msg::ActiveProfileUpdate allow_all() {
  auto profile = std::make_shared<msg::Profile>();
  msg::Rule rule;
  rule.action = "allow";
  profile->inbound = profile->outbound = {rule};
  return {Symbol("kns.default"), profile};
}

struct TestNode {
  testing::FakeKernel kernel;
  std::optional<Dataplane> dataplane;

  explicit TestNode(const DataplaneConfig& with = config()) {
    kernel.add_link("eth0", "172.16.0.1/24");
    kernel.kernel.sysctls["net.ipv4.conf.default.rp_filter"] = "0";
    dataplane.emplace(with, kernel);
    send(msg::IpamPoolUpdate{"10.244.0.0-16", {*Cidr::parse("10.244.0.0/16"), true, {}, {}, {}}});
    send(allow_all());
  }
  void send(const msg::Message& message) { dataplane->on_message(message); }
  ApplyResult apply(SimTime now = 0) {
    dataplane->on_interfaces_changed(now);
    return dataplane->apply(now);
  }
  const IptTable& table(const char* name, IpFamily family = IpFamily::v4) const {
    return kernel.kernel.iptables.at({family, IptBackend::nft}).at(name);
  }
  bool has_hash(const char* table_name, const char* chain, const std::string& hash) const {
    for (const std::string& rule : table(table_name).at(chain).rules) {
      if (rule.find("\"cali:" + hash + "\"") != std::string::npos) return true;
    }
    return false;
  }
};

}  // namespace

TEST_CASE("Nothing is written before the datastore is in sync") {
  TestNode node;
  node.kernel.forget();
  CHECK_FALSE(node.apply().applied);
  CHECK(node.kernel.ops.empty());
}

// Hashes are those that Felix v3.32.1 wrote for the same node.
TEST_CASE("A node with one pod gets the chains that Felix gives it") {
  TestNode node;
  node.kernel.add_link("cali00000001001");
  node.send(endpoint("pod1", "cali00000001001", "10.244.0.2/32"));
  node.send(msg::InSync{});
  ApplyResult result = node.apply();
  CHECK(result.applied);
  CHECK_FALSE(result.fatal);
  CHECK_FALSE(result.needs_retry);
  struct Case {
    const char *table, *chain, *hash;
  };
  for (const Case& c : {Case{"filter", "FORWARD", "wUHhoiAYhphO9Mso"},
                        Case{"filter", "FORWARD", "mp77cMpurHhyjLrM"},
                        Case{"filter", "cali-FORWARD", "W_vvds1Nw3n9QE2f"},
                        Case{"filter", "cali-fw-cali00000001001", "xahjXgld3Pzc1V0d"},
                        Case{"filter", "cali-tw-cali00000001001", "4vUNJChJggKHftAC"},
                        Case{"filter", "cali-pri-kns.default", "WMSw8BmYOknRHfsz"},
                        Case{"filter", "cali-to-wl-dispatch", "G9_FwIMDp4oaHl-m"},
                        Case{"nat", "POSTROUTING", "0i8pjzKKPyA34aQD"},
                        Case{"nat", "cali-nat-outgoing", "W_qq_N2KSTWyCvrX"},
                        Case{"mangle", "cali-POSTROUTING", "rjggb5FqJG-Y25Bt"},
                        Case{"raw", "cali-PREROUTING", "8A061i5zP9KV-opa"}}) {
    INFO(c.chain << " " << c.hash);
    CHECK(node.has_hash(c.table, c.chain, c.hash));
  }
  const KernelState& kernel = node.kernel.kernel;
  CHECK(kernel.ipsets.at("cali40this-host").members == std::set<std::string>{"172.16.0.1"});
  CHECK(kernel.ipsets.at("cali40masq-ipam-pools").members ==
        std::set<std::string>{"10.244.0.0/16"});
  CHECK(kernel.ipsets.contains("cali60dscp-src-net"));
  CHECK(kernel.sysctls.at("net.ipv4.conf.cali00000001001.proxy_arp") == "1");
  CHECK(kernel.files.at("k8s default%2Fpod1 eth0") ==
        R"({"ifaceName":"cali00000001001","ipv4Nets":["10.244.0.2/32"]})");
  CHECK(kernel.routes.size() == 1);
  const NftTable& arp = kernel.nft.at({"arp", "calico-arp"});
  CHECK(arp.chains.at("filter-OUTPUT").rules[0].comment == "cali:M5ZyLTwdpKLA5dzX;");
  CHECK(arp.chains.at("filter-cali-arp-cali00000001001").rules[0].comment ==
        "cali:5BYRWuXgmr8KcOky;");
}

TEST_CASE("An endpoint that comes before its interface is served when that comes") {
  TestNode node;
  node.send(endpoint("pod1", "cali1", "10.244.0.2/32"));
  node.send(msg::InSync{});
  ApplyResult first = node.apply();
  REQUIRE(first.statuses.size() == 1);
  CHECK(first.statuses[0].status == "down");
  CHECK(node.kernel.kernel.files.empty());
  node.kernel.add_link("cali1");
  ApplyResult second_apply = node.apply(second);
  REQUIRE(second_apply.statuses.size() == 1);
  CHECK(second_apply.statuses[0].status == "up");
  CHECK(node.kernel.kernel.routes.size() == 1);
  node.kernel.remove_link("cali1");
  CHECK(node.apply(2 * second).statuses[0].status == "down");
  CHECK(node.kernel.kernel.files.empty());
}

TEST_CASE("Of two endpoints with one interface the smaller ID has it") {
  TestNode node;
  node.kernel.add_link("cali1");
  node.send(endpoint("pod2", "cali1", "10.244.0.3/32"));
  node.send(msg::InSync{});
  node.apply();
  node.send(endpoint("pod1", "cali1", "10.244.0.2/32"));
  node.apply();
  CHECK(node.kernel.kernel.routes.begin()->dst.str() == "10.244.0.2/32");
  node.send(msg::WorkloadEndpointRemove{pod("pod1")});
  node.apply();
  REQUIRE(node.kernel.kernel.routes.size() == 1);
  CHECK(node.kernel.kernel.routes.begin()->dst.str() == "10.244.0.3/32");
}

TEST_CASE("A restarted dataplane takes over what is there without writing") {
  TestNode node;
  node.kernel.add_link("cali1");
  node.send(endpoint("pod1", "cali1", "10.244.0.2/32"));
  node.send(msg::InSync{});
  node.apply();
  KernelState before = node.kernel.kernel;
  node.kernel.forget();
  node.dataplane.emplace(config(), node.kernel);
  node.send(
      msg::IpamPoolUpdate{"10.244.0.0-16", {*Cidr::parse("10.244.0.0/16"), true, {}, {}, {}}});
  node.send(allow_all());
  node.send(endpoint("pod1", "cali1", "10.244.0.2/32"));
  node.send(msg::InSync{});
  node.apply(second);
  CHECK(node.kernel.kernel.iptables == before.iptables);
  CHECK(node.kernel.kernel.routes == before.routes);
  CHECK(node.kernel.inputs("ipset restore").empty());
  for (const std::string& input : node.kernel.inputs("iptables")) {
    CHECK(input.find("\n-A ") == std::string::npos);  // only chains that are empty are made anew
  }
}

TEST_CASE("VXLAN gets its device, neighbours and routes; they go when the remote node goes") {
  DataplaneConfig with = config();
  with.rules.vxlan_enabled = true;
  TestNode node(with);
  auto vtep = [](const char* name, const char* mac, const char* address, const char* host) {
    return msg::VtepUpdate{Symbol(name), mac, address, host, "", "", ""};
  };
  node.send(vtep("node-a", "66:00:00:00:00:01", "10.244.0.0", "172.16.0.1"));
  node.send(vtep("node-b", "66:00:00:00:00:02", "10.244.0.64", "172.16.0.2"));
  msg::RouteUpdate route;
  route.dst = *Cidr::parse("10.244.0.64/26");
  route.types = msg::remote_workload;
  route.pool_type = msg::IpPoolType::vxlan;
  route.dst_node_name = Symbol("node-b");
  route.dst_node_ip = Ip::parse("172.16.0.2");
  node.send(route);
  node.send(msg::InSync{});
  node.apply();
  node.apply();  // Felix hears of its new device
  const KernelState& kernel = node.kernel.kernel;
  REQUIRE(kernel.links.contains("vxlan.calico"));
  CHECK(kernel.links.at("vxlan.calico").admin_up);
  CHECK(kernel.links.at("vxlan.calico").mtu_bytes == 1450);
  CHECK(kernel.neighbours.size() == 1);
  CHECK(kernel.fdb.begin()->destination->str() == "172.16.0.2");
  REQUIRE(kernel.routes.size() == 1);
  CHECK(kernel.routes.begin()->gateway->str() == "10.244.0.64");
  CHECK(kernel.routes.begin()->onlink);
  CHECK(kernel.ipsets.at("cali40all-vxlan-net").members == std::set<std::string>{"172.16.0.2/32"});
  CHECK(kernel.ipsets.at("cali40this-host").members.contains("10.244.0.0"));
  node.send(msg::VtepRemove{Symbol("node-b")});
  node.send(msg::RouteRemove{route.dst});
  node.apply();
  CHECK(kernel.neighbours.empty());
  CHECK(kernel.fdb.empty());
  CHECK(kernel.routes.empty());
}

TEST_CASE("Status files wait until everything was in place once") {
  DataplaneConfig classic = config();
  classic.rules.felix = facts_of(FelixVersion::v3_28);
  classic.arp_suppression = false;
  TestNode node(classic);
  for (const char* interface : {"cali1", "cali2"}) node.kernel.add_link(interface);
  node.send(endpoint("p1", "cali1", "10.244.0.2/32"));
  node.send(endpoint("p2", "cali2", "10.244.0.2/32"));  // one address, two interfaces
  node.send(msg::InSync{});
  CHECK(node.apply().needs_retry);
  CHECK(node.kernel.kernel.files.empty());
  node.send(msg::WorkloadEndpointRemove{pod("p2")});
  CHECK_FALSE(node.apply(second).needs_retry);
  CHECK(node.kernel.kernel.files.at("k8s default%2Fp1 eth0")
            .empty());  // Felix v3.28 writes nothing in
}

TEST_CASE("Felix looks at the host's MTU every half minute, at kube-proxy every quarter") {
  struct Case {
    std::string name;
    std::function<void(KernelState&)> change;
    SimTime noticed;
  };
  const auto follow = [] {
    DataplaneConfig with = config();
    with.mtu_interface = [](const std::string& name) { return name == "eth0"; };
    with.kube_proxy_nftables = false;
    return with;
  };
  for (const Case& c : {
           Case{"the MTU", [](KernelState& k) { k.links.at("eth0").mtu_bytes = 1400; }, 30},
           Case{"kube-proxy's table",
                [](KernelState& k) {
                  k.nft[{"ip", "kube-proxy"}].chains["services"];
                },
                15},
       })
    DYNAMIC_SECTION(c.name) {
      TestNode node(follow());
      node.send(msg::InSync{});
      node.apply();
      c.change(node.kernel.kernel);
      node.kernel.add_link("cali00000001001");  // a change of interfaces does not make it look
      const ApplyResult result = node.apply(second);
      CHECK(result.reschedule_after == (c.noticed - 1) * second);
      CHECK_FALSE(node.dataplane->restart_reason());
      node.apply(c.noticed * second - 1);
      CHECK_FALSE(node.dataplane->restart_reason());
      node.apply(c.noticed * second);
      CHECK(node.dataplane->restart_reason());
    }
}

TEST_CASE("A Felix that dies of an IP set has programmed its routes, but no rules") {
  TestNode node;
  node.kernel.add_link("cali00000001001");
  node.send(endpoint("pod1", "cali00000001001", "10.244.0.2/32"));
  node.send(msg::InSync{});
  node.kernel.refuses = [](const KernelOp& op) {
    const auto* command = std::get_if<CommandOp>(&op);
    return command && command->command.starts_with("ipset restore");
  };
  CHECK(node.apply().fatal);
  CHECK(node.kernel.kernel.routes.size() == 1);
  CHECK_FALSE(node.kernel.kernel.iptables.contains({IpFamily::v4, IptBackend::nft}));
}
