// SPDX-License-Identifier: Apache-2.0
// What the kernel ends up with depends on what the datastore holds in the end, not on the order of
// messages, how they were grouped, or whether Felix started anew. Nodes that claim one key, and own
// blocks that begin at an own address, are left out: there Felix itself depends on the order (see
// model/dataplane/wireguard_nodes.h).
#include <rapidcheck.h>

#include "model/dataplane/wireguard_manager.h"
#include "model/kernel/route_text.h"
#include "model/kernel/simulated_kernel.h"
#include "model/kernel/wireguard_text.h"

using namespace felixsim;

namespace {

constexpr int node_count = 4;  // the first is our own

struct Facts {
  std::map<int, std::string> addresses;  // of nodes
  std::map<int, std::string> keys;
  std::map<std::string, int> routes;  // CIDR -> node
};

Symbol name(int node) { return Symbol(fmt::format("node-{}", node)); }

std::string key_of(int node, int version) {
  return std::string(41, static_cast<char>('a' + node)) + static_cast<char>('a' + version) + "g=";
}

WireguardConfig config() {
  WireguardConfig out;
  out.hostname = name(0);
  out.enabled = true;
  out.device = "wireguard.cali";
  out.port = 51820;
  out.mark = 0x200000;
  out.table = 1;
  return out;
}

class OneNode {
 public:
  OneNode() { manager_.emplace(config()); }

  void apply() {
    for (int round = 0; round < 3; ++round) {
      for (const auto& change : monitor_.look(kernel_.state()).states)
        manager_->on_interface(change, 0);
      RC_ASSERT(manager_->apply(kernel_, 0));
      RC_ASSERT(!manager_->panic());
    }
  }
  void restart(const Facts& facts) {
    manager_.emplace(config());
    monitor_ = {};
    tell(facts);
    apply();
  }
  void tell(const Facts& facts) {
    for (const auto& [node, key] : facts.keys) manager_->on_key(name(node), key, "");
    for (const auto& [dst, node] : facts.routes) manager_->on_route(route(dst, node));
    for (const auto& [node, address] : facts.addresses) manager_->on_host(name(node), address);
  }
  // One change of the facts, told to Felix.
  void change(Facts& facts) {
    const int node = *rc::gen::inRange(0, node_count);
    const std::string address = fmt::format("192.0.2.{}", node + 10 * *rc::gen::inRange(1, 4));
    const std::string net =
        fmt::format("10.0.{}.{}", *rc::gen::inRange(0, 3), *rc::gen::element("0/26", "1/32"));
    switch (*rc::gen::inRange(0, 6)) {
      case 0:
        facts.addresses[node] = address;
        manager_->on_host(name(node), address);
        break;
      case 1:
        if (facts.keys.contains(node) || facts.addresses.erase(node) == 0) break;
        manager_->on_host_removed(name(node));
        break;
      case 2:
        if (!facts.addresses.contains(node)) break;
        facts.keys[node] = key_of(node, *rc::gen::inRange(0, 2));
        manager_->on_key(name(node), facts.keys[node], "");
        break;
      case 3:
        if (node == 0 || facts.keys.erase(node) == 0) break;
        manager_->on_key_removed(name(node));
        break;
      case 4:
        facts.routes[net] = node;
        manager_->on_route(route(net, node));
        break;
      default:
        facts.routes.erase(net);
        manager_->on_route_removed({*Cidr::parse(net)});
        break;
    }
  }
  std::string state() const {
    return print_wireguard(wireguard_devices(kernel_.state().links)) +
           print_routes(kernel_.state().routes, IpFamily::v4) +
           print_rules(kernel_.state().rules, IpFamily::v4);
  }

 private:
  static msg::RouteUpdate route(const std::string& dst, int node) {
    msg::RouteUpdate out;
    out.dst = *Cidr::parse(dst);
    out.types = node == 0 ? msg::local_workload : msg::remote_workload;
    out.dst_node_name = name(node);
    return out;
  }

  SimulatedKernel kernel_;
  std::optional<WireguardManager> manager_;
  InterfaceMonitor monitor_;
};

}  // namespace

TEST_CASE("Any way to the same datastore ends in the same peers, routes and rules") {
  const bool holds = rc::check([] {
    Facts facts;
    OneNode travelled, fresh;
    const int steps = *rc::gen::inRange(1, 60);
    for (int step = 0; step < steps; ++step) {
      travelled.change(facts);
      if (*rc::gen::inRange(0, 3) == 0) travelled.apply();
      if (*rc::gen::inRange(0, 15) == 0) travelled.restart(facts);
    }
    travelled.apply();
    fresh.tell(facts);
    fresh.apply();
    RC_ASSERT(travelled.state() == fresh.state());
  });
  CHECK(holds);
}
