// SPDX-License-Identifier: Apache-2.0
// The dataplane and the simulated kernel together: what one writes, the other must accept and keep.
#include <catch2/catch.hpp>

#include "model/dataplane/dataplane.h"
#include "model/dataplane/dataplane_config.h"
#include "model/kernel/iptables_text.h"
#include "model/kernel/simulated_kernel.h"

using namespace felixsim;

namespace {

// Passes on and remembers what was refused.
class Watched final : public Backend {
 public:
  KernelAnswer apply(const KernelOp& op) override {
    KernelAnswer answer = kernel.apply(op);
    if (answer.rc != 0) refusals.push_back(std::to_string(op.index()) + ": " + answer.text);
    ++operations;
    return answer;
  }
  const KernelState& state() const override { return kernel.state(); }

  SimulatedKernel kernel;
  std::vector<std::string> refusals;
  int operations = 0;
};

void run(Watched& node, const char* command) {
  INFO(command);
  auto answer = node.kernel.exec(command);
  REQUIRE(answer.has_value());
  REQUIRE(answer->rc == 0);
}

void set_up_host(Watched& node) {
  run(node, "ip link add eth0 type veth peer name e0u");
  run(node, "ip link set lo up");
  run(node, "ip link set eth0 up");
  run(node, "ip addr add 172.16.0.1/24 dev eth0");
  run(node, "ip addr add fd00:16::1/64 dev eth0");
}

DataplaneConfig config(rules::Dialect dialect) {
  DataplaneConfig out;
  out.hostname = Symbol("node-a");
  out.rules.dialect = dialect;
  out.rules.marks = {0x10000, 0x20000, 0x40000, 0x80000, 0x100000, 0, 0xffe00000, 0};
  out.rules.vxlan_enabled = out.rules.vxlan_enabled_v6 = true;
  return out;
}

void send_cluster(Dataplane& dataplane) {
  dataplane.on_message(
      msg::IpamPoolUpdate{"10.244.0.0-16", {*Cidr::parse("10.244.0.0/16"), true, {}, {}, {}}});
  dataplane.on_message(
      msg::IpSetUpdate{Symbol("s:abc"), msg::IpSetType::net,
                       msg::IpSetMembers({{*Cidr::parse("10.244.0.64/26"), 0, 0}})});
  dataplane.on_message(
      msg::IpSetUpdate{Symbol("n:def"), msg::IpSetType::ip_and_port,
                       msg::IpSetMembers({{*Cidr::parse("10.244.0.2/32"), 6, 80}})});
  auto profile = std::make_shared<msg::Profile>();
  msg::Rule rule;
  rule.action = "allow";
  rule.source.ip_set_ids = {Symbol("s:abc")};
  profile->inbound = {rule};
  profile->outbound = {msg::Rule{}};
  msg::Rule& out = const_cast<msg::Rule&>(profile->outbound[0]);
  out.action = "allow";
  dataplane.on_message(msg::ActiveProfileUpdate{Symbol("kns.default"), profile});
  auto endpoint = std::make_shared<msg::WorkloadEndpoint>();
  endpoint->state = Symbol("active");
  endpoint->name = Symbol("cali1");
  endpoint->profile_ids = {Symbol("kns.default")};
  endpoint->ipv4_nets = {*Cidr::parse("10.244.0.2/32")};
  endpoint->ipv6_nets = {*Cidr::parse("fd00::2/128")};
  dataplane.on_message(msg::WorkloadEndpointUpdate{
      {Symbol("k8s"), Symbol("default/pod1"), Symbol("eth0")}, endpoint});
  dataplane.on_message(msg::VtepUpdate{Symbol("node-a"), "66:00:00:00:00:01", "10.244.0.0",
                                       "172.16.0.1", "66:00:00:00:01:01", "fd00:244::1:0",
                                       "fd00:16::1"});
  dataplane.on_message(msg::VtepUpdate{Symbol("node-b"), "66:00:00:00:00:02", "10.244.0.64",
                                       "172.16.0.2", "66:00:00:00:01:02", "fd00:244::2:0",
                                       "fd00:16::2"});
  msg::RouteUpdate route;
  route.dst = *Cidr::parse("10.244.0.64/26");
  route.types = msg::remote_workload;
  route.pool_type = msg::IpPoolType::vxlan;
  route.dst_node_name = Symbol("node-b");
  dataplane.on_message(route);
  msg::RouteUpdate block;
  block.dst = *Cidr::parse("10.244.0.0/26");
  block.types = msg::local_workload;
  block.pool_type = msg::IpPoolType::vxlan;
  dataplane.on_message(block);
  dataplane.on_message(msg::InSync{});
}

bool has_route(const KernelState& kernel, const char* dst, const char* device) {
  for (const Route& route : kernel.routes) {
    if (route.dst == *Cidr::parse(dst) && route.device == device) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("The simulated kernel accepts all that the dataplane writes, and then it is in sync") {
  for (rules::Dialect dialect : {rules::Dialect::iptables, rules::Dialect::nft}) {
    DYNAMIC_SECTION((dialect == rules::Dialect::iptables ? "iptables" : "nftables")) {
      Watched node;
      set_up_host(node);
      run(node, "ip link add cali1 type veth peer name p1");
      run(node, "ip link set cali1 up");
      DataplaneConfig with = config(dialect);
      Dataplane dataplane(with, node);
      send_cluster(dataplane);
      dataplane.on_interfaces_changed(0);
      ApplyResult result = dataplane.apply(0);
      CHECK(node.refusals == std::vector<std::string>{});
      CHECK_FALSE(result.fatal);
      CHECK_FALSE(result.needs_retry);
      const KernelState& kernel = node.state();
      CHECK(has_route(kernel, "10.244.0.2/32", "cali1"));
      CHECK(has_route(kernel, "fd00::2/128", "cali1"));
      CHECK(has_route(kernel, "10.244.0.64/26", "vxlan.calico"));
      CHECK(kernel.fdb.size() == 2);
      CHECK(kernel.neighbours.size() == 2);
      CHECK(kernel.sysctls.at("net.ipv4.conf.cali1.proxy_arp") == "1");

      // Nothing more to do, also after everything was read back.
      dataplane.on_interfaces_changed(second);
      dataplane.apply(second);
      node.operations = 0;
      dataplane.apply(2 * second);
      CHECK(node.operations == 0);
      // But ten seconds after, Felix finds the kernel's own link-local address on the IPv6 tunnel
      // and takes it away.
      dataplane.apply(20 * second);
      CHECK(node.operations == 2);
      node.operations = 0;
      dataplane.note_kernel_touched(21 * second);
      dataplane.apply(1000 * second);
      CHECK(node.operations == 0);

      SECTION("a restarted Felix finds all in place") {
        KernelState before = node.state();
        Dataplane again(with, node);
        send_cluster(again);
        again.on_interfaces_changed(2000 * second);
        again.apply(2000 * second);
        CHECK(node.refusals == std::vector<std::string>{});
        CHECK(node.state().iptables == before.iptables);
        CHECK(node.state().ipsets == before.ipsets);
        CHECK(node.state().routes == before.routes);
        CHECK(node.state().nft == before.nft);
      }
    }
  }
}
