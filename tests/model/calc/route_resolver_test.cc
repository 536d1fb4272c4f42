// SPDX-License-Identifier: Apache-2.0
#include "index_support.h"
#include "model/calc/l3_route_resolver.h"
#include "model/calc/vxlan_resolver.h"

using namespace felixsim;
using namespace felixsim::test;

namespace {

std::string types_text(uint32_t types) {
  static const std::vector<std::pair<uint32_t, std::string>> names{
      {msg::remote_workload, "RW"}, {msg::remote_host, "RH"},   {msg::local_workload, "LW"},
      {msg::local_host, "LH"},      {msg::remote_tunnel, "RT"}, {msg::local_tunnel, "LT"}};
  std::string text;
  for (const auto& [bit, name] : names)
    if (types & bit) text += (text.empty() ? "" : "+") + name;
  return text.empty() ? "info" : text;
}

std::string route_text(const msg::RouteUpdate& route) {
  static const std::vector<std::string> pools{"", " no-encap", " vxlan", " ipip"};
  std::string text = fmt::format("+{} {}{}", route.dst.str(), types_text(route.types),
                                 pools[static_cast<size_t>(route.pool_type)]);
  if (!route.dst_node_name.empty()) text += " " + route.dst_node_name.str();
  if (route.dst_node_ip) text += "=" + route.dst_node_ip->str();
  if (route.same_subnet) text += " same-subnet";
  if (route.nat_outgoing) text += " nat";
  if (route.local_workload) text += " local";
  if (route.borrowed) text += " borrowed";
  if (route.tunnel_type) text += " tunnel";
  return text;
}

struct Fixture {
  std::vector<std::string> told;
  std::string panic;
  calc::L3RouteResolver resolver;

  explicit Fixture(calc::RouteSource source = calc::RouteSource::calico_ipam,
                   bool node_resources = true, bool combined = true)
      : resolver(Symbol("me"),
                 {[this](const auto& route) { told.push_back(route_text(route)); },
                  [this](const Cidr& dst) { told.push_back("-" + dst.str()); },
                  [this](std::string why) { panic = std::move(why); }},
                 node_resources, source, combined) {}

  void node(const std::string& name, const std::string& address, const std::string& tunnel = "") {
    Node node;
    node.has_bgp = true;
    node.bgp_ipv4_address = address;
    node.ipv4_vxlan_tunnel_address = tunnel;
    resolver.on_update({resource_key("Node", name), value(std::move(node))});
  }
  void pool(const std::string& cidr, EncapMode vxlan, bool nat = false) {
    IpPool pool;
    pool.cidr = *Cidr::parse(cidr);
    pool.vxlan_mode = vxlan;
    pool.masquerade = nat;
    resolver.on_update({IpPoolKey{pool.cidr}, value(std::move(pool))});
  }
  // Borrowed: ordinal and node.
  void block(const std::string& cidr, const std::string& node,
             const std::vector<std::pair<size_t, std::string>>& borrowed = {}) {
    AllocationBlock block;
    block.cidr = *Cidr::parse(cidr);
    block.affinity = "host:" + node;
    block.allocations.resize(64);
    for (const auto& [ordinal, owner] : borrowed) {
      block.allocations[ordinal] = static_cast<int>(block.attributes.size());
      block.attributes.push_back({std::nullopt, {{"node", owner}}});
    }
    resolver.on_update({BlockKey{block.cidr}, value(std::move(block))});
  }
  std::string take() {
    std::sort(told.begin(), told.end());
    auto text = fmt::format("{}", fmt::join(told, "; "));
    told.clear();
    return text;
  }
};

}  // namespace

TEST_CASE("a block's route has its pool's type and its node's address") {
  Fixture f;
  f.pool("10.0.0.0/16", EncapMode::always, true);
  CHECK(f.take() == "+10.0.0.0/16 info vxlan nat");
  f.block("10.0.1.0/26", "other");
  CHECK(f.take() == "+10.0.1.0/26 RW vxlan other nat");
  f.node("other", "192.168.0.2/24");
  CHECK(f.take() ==
        "+10.0.1.0/26 RW vxlan other=192.168.0.2 nat; "
        "+192.168.0.2/32 RH other=192.168.0.2");
  f.resolver.on_update({IpPoolKey{*Cidr::parse("10.0.0.0/16")}, nullptr});
  CHECK(f.take() == "+10.0.1.0/26 RW other=192.168.0.2; -10.0.0.0/16");
  f.resolver.on_update({BlockKey{*Cidr::parse("10.0.1.0/26")}, nullptr});
  CHECK(f.take() == "-10.0.1.0/26");
}

TEST_CASE("an address lent to another node is borrowed") {
  Fixture f;
  f.block("10.0.1.0/26", "other", {{5, "me"}, {6, "third"}, {7, "other"}});
  CHECK(f.take() ==
        "+10.0.1.0/26 RW other; +10.0.1.5/32 RW+LW me borrowed; "
        "+10.0.1.6/32 RW third borrowed");
  f.block("10.0.1.0/26", "other", {{6, "third"}});
  CHECK(f.take() == "-10.0.1.5/32");
}

TEST_CASE("only local workloads make routes unless routes come from workloads") {
  Fixture ipam, workloads(calc::RouteSource::workload_ips);
  for (auto* f : {&ipam, &workloads}) {
    f->resolver.on_update(workload({"a", {}, {"10.0.1.1"}, {}, {}, "me"}));
    f->resolver.on_update(workload({"b", {}, {"10.0.1.2"}, {}, {}, "other"}));
  }
  CHECK(ipam.take() == "+10.0.1.1/32 LW me local");
  CHECK(workloads.take() == "+10.0.1.1/32 LW me local; +10.0.1.2/32 RW other");
  workloads.block("10.0.1.0/26", "other");
  CHECK(workloads.take() == "");
  workloads.resolver.on_update({workload_key("b", "other"), nullptr});
  CHECK(workloads.take() == "-10.0.1.2/32");
}

TEST_CASE("same subnet follows our own address, for cross-subnet pools only") {
  Fixture f;
  f.pool("10.0.0.0/16", EncapMode::cross_subnet);
  f.node("other", "192.168.0.2/24");
  f.block("10.0.1.0/26", "other");
  f.take();
  f.node("me", "192.168.0.1/24");
  CHECK(f.take() ==
        "+10.0.1.0/26 RW vxlan other=192.168.0.2 same-subnet; "
        "+192.168.0.1/32 LH me=192.168.0.1");
  f.node("me", "192.168.1.1/24");
  CHECK(f.take() ==
        "+10.0.1.0/26 RW vxlan other=192.168.0.2; +192.168.1.1/32 LH me=192.168.1.1; "
        "-192.168.0.1/32");
}

TEST_CASE("a tunnel's address inside a block is no workload") {
  Fixture f;
  f.block("10.0.1.0/26", "other");
  f.take();
  f.node("other", "192.168.0.2", "10.0.1.1");
  CHECK(f.take() ==
        "+10.0.1.0/26 RW other=192.168.0.2; +10.0.1.1/32 RT other=192.168.0.2 tunnel; "
        "+192.168.0.2/32 RH other=192.168.0.2");
  f.resolver.on_update({resource_key("Node", "other"), nullptr});
  CHECK(f.take() == "+10.0.1.0/26 RW other; -10.0.1.1/32; -192.168.0.2/32");
}

TEST_CASE("without node resources a node is its host IP") {
  Fixture f(calc::RouteSource::calico_ipam, false);
  f.node("other", "192.168.0.2");
  CHECK(f.take() == "");
  f.resolver.on_update({HostIpKey{Symbol("other")}, value(HostIp{Ip::parse("192.168.0.3")})});
  CHECK(f.take() == "+192.168.0.3/32 RH other=192.168.0.3");
  f.resolver.on_update({HostIpKey{Symbol("other")}, nullptr});
  CHECK(f.take() == "-192.168.0.3/32");
}

TEST_CASE("without node resources a host IP that is no address ends Felix") {
  Fixture f(calc::RouteSource::calico_ipam, false);
  f.resolver.on_update({HostIpKey{Symbol("other")}, value(HostIp{})});
  CHECK(f.panic == "runtime error: invalid memory address or nil pointer dereference");
}

TEST_CASE("two nodes on one address: the first by name has it") {
  Fixture f;
  f.node("b", "192.168.0.2");
  f.node("a", "192.168.0.2");
  f.take();
  f.resolver.on_update({resource_key("Node", "b"), nullptr});
  CHECK(f.take() == "+192.168.0.2/32 RH a=192.168.0.2");
}

TEST_CASE("a node address that is none ends Felix") {
  Fixture f;
  f.node("other", "bogus");
  CHECK(f.panic == "Failed to parse already-validated IPv4 address");
}

namespace {

struct Vteps {
  std::vector<std::string> told;
  calc::VxlanResolver resolver{
      {[this](const msg::VtepUpdate& v) {
         told.push_back(fmt::format("+{} {} {} {}|{} {} {}", v.node.view(), v.mac, v.ipv4_addr,
                                    v.parent_device_ip, v.mac_v6, v.ipv6_addr,
                                    v.parent_device_ipv6));
       },
       [this](Symbol node) { told.push_back("-" + node.str()); }},
      true};

  void node(const std::string& ipv4, const std::string& ipv6 = "") {
    Node node;
    node.has_bgp = true;
    node.bgp_ipv4_address = ipv4;
    node.bgp_ipv6_address = ipv6;
    resolver.on_update({resource_key("Node", "n"), value(std::move(node))});
  }
  void config(const std::string& name, const std::string& text) {
    resolver.on_update({HostConfigKey{Symbol("n"), Symbol(name)}, value(RawText{text})});
  }
  void remove_config(const std::string& name) {
    resolver.on_update({HostConfigKey{Symbol("n"), Symbol(name)}, nullptr});
  }
  std::string take() {
    auto text = fmt::format("{}", fmt::join(told, "; "));
    told.clear();
    return text;
  }
};

}  // namespace

TEST_CASE("a VTEP needs the tunnel's address and the node's") {
  Vteps v;
  v.config("IPv4VXLANTunnelAddr", "10.0.1.1");
  CHECK(v.take() == "");
  v.node("192.168.0.2/24");
  CHECK(v.take() ==
        fmt::format("+n {} 10.0.1.1 192.168.0.2|  ", calc::generated_vtep_mac("n", IpFamily::v4)));
  v.config("VXLANTunnelMACAddr", "ee:00:00:00:00:01");
  CHECK(v.take() == "-n; +n ee:00:00:00:00:01 10.0.1.1 192.168.0.2|  ");
  v.node("192.168.0.2/24");
  CHECK(v.take() == "");
  v.node("bogus");
  CHECK(v.take() == "");
  v.remove_config("IPv4VXLANTunnelAddr");
  CHECK(v.take() == "-n");
}

TEST_CASE("a VTEP of both families loses one and keeps the other") {
  Vteps v;
  v.config("IPv4VXLANTunnelAddr", "10.0.1.1");
  v.config("VXLANTunnelMACAddr", "m4");
  v.config("IPv6VXLANTunnelAddr", "fd00::1");
  v.config("VXLANTunnelMACAddrV6", "m6");
  v.node("192.168.0.2", "fd01::2/64");
  CHECK(v.take() == "+n m4 10.0.1.1 192.168.0.2|m6 fd00::1 fd01::2");
  v.remove_config("IPv6VXLANTunnelAddr");
  CHECK(v.take() == "-n; +n m4 10.0.1.1 192.168.0.2|  ");
}

TEST_CASE("a generated MAC begins with 66 and differs by family") {
  const auto mac = calc::generated_vtep_mac("node-a", IpFamily::v4);
  CHECK(mac.substr(0, 3) == "66:");
  CHECK(mac.size() == 17);
  CHECK(mac != calc::generated_vtep_mac("node-a", IpFamily::v6));
}

TEST_CASE("In v3.28 a route is what was found last, and nothing is borrowed") {
  Fixture f(calc::RouteSource::calico_ipam, true, false);
  f.node("me", "192.0.2.1", "10.0.0.1");
  f.pool("10.0.0.0/16", EncapMode::always);
  f.take();
  f.block("10.0.0.0/26", "me", {{3, "other"}});
  const std::string told = f.take();
  CHECK(told.find("borrowed") == std::string::npos);
  CHECK(told.find("|") == std::string::npos);
}
