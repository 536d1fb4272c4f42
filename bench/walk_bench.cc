// SPDX-License-Identifier: Apache-2.0
// The packet walk on a large node: what the first trace costs beyond loading, and each one after
// it. `walk_bench [ENDPOINTS]`.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "felixsim/check.h"
#include "model/kernel/host_action.h"
#include "model/kernel/iptables_text.h"
#include "model/kernel/simulated_kernel.h"
#include "model/kernel/walk/world.h"

using namespace felixsim;

namespace {

constexpr int policies = 2000, rules_per_policy = 5, sets = 200, members = 5000, routes = 5000;
constexpr int policies_per_endpoint = 20;

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::string address_of(int endpoint) {
  return fmt::format("10.1.{}.{}", endpoint / 250, endpoint % 250 + 1);
}

// Chains in the manner of Felix's: dispatch by interface, an endpoint's policies, their rules.
IptTable filter_table(int endpoints) {
  IptTable table = fresh_ipt_table("filter");
  const std::string mark = "-j MARK --set-xmark 0x10000/0x10000";
  for (int p = 0; p < policies; ++p) {
    auto& chain = table[fmt::format("cali-pi-{}", p)];
    for (int r = 0; r < rules_per_policy; ++r) {
      chain.rules.push_back(
          fmt::format("-p tcp -m set --match-set s{} src -m multiport --dports {},{}:{} {}",
                      (p * rules_per_policy + r) % sets, 1000 + r, 2000 + r, 2100 + r, mark));
      chain.rules.push_back("-m mark --mark 0x10000/0x10000 -j RETURN");
    }
  }
  auto& dispatch = table["cali-to-wl-dispatch"];
  for (int e = 0; e < endpoints; ++e) {
    dispatch.rules.push_back(fmt::format("-o cali{} -g cali-tw-{}", e, e));
    auto& chain = table[fmt::format("cali-tw-{}", e)];
    chain.rules.push_back("-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT");
    for (int p = 0; p < policies_per_endpoint; ++p) {
      chain.rules.push_back(
          fmt::format("-j cali-pi-{}", (e * policies_per_endpoint + p) % policies));
      chain.rules.push_back("-m mark --mark 0x10000/0x10000 -j RETURN");
    }
    chain.rules.push_back("-j RETURN");
  }
  table["FORWARD"].rules.push_back("-o cali+ -j cali-to-wl-dispatch");
  return table;
}

KernelState large_node(int endpoints, std::vector<walk::Workload>& pods) {
  SimulatedKernel kernel;
  for (int e = 0; e < endpoints; ++e) {
    const auto action =
        fmt::format(R"({{"workload": {{"pod": "p{}", "iface": "cali{}", "ips": ["{}"]}}}})", e, e,
                    address_of(e));
    FELIXSIM_CHECK(apply_host_action(kernel, action));
    pods.push_back(
        {fmt::format("p{}", e), "n", fmt::format("cali{}", e), {*Ip::parse(address_of(e))}});
  }
  KernelState state = kernel.state();
  for (int e = 0; e < endpoints; ++e) {
    Route route;
    route.dst = Cidr::host(*Ip::parse(address_of(e)));
    route.device = fmt::format("cali{}", e);
    route.scope = "link";
    state.routes.insert(route);
    state.sysctls[fmt::format("net.ipv4.conf.cali{}.forwarding", e)] = "1";
  }
  for (int r = 0; r < routes; ++r) {
    Route route;
    route.dst = Cidr::of(Ip::v4(0x0a800000u + static_cast<uint32_t>(r) * 64), 26);
    route.type = Route::Type::blackhole;
    state.routes.insert(route);
  }
  for (int s = 0; s < sets; ++s) {
    IpSet set;
    set.name = fmt::format("s{}", s);
    set.type = "hash:net";
    set.family = "inet";
    set.max_elements = 1048576;
    for (int m = 0; m < members; ++m)
      set.members.insert(Ip::v4(0x0b000000u + static_cast<uint32_t>(s * members + m) * 7).str());
    state.ipsets[set.name] = std::move(set);
  }
  state.iptables[{IpFamily::v4, IptBackend::nft}]["filter"] = filter_table(endpoints);
  return state;
}

}  // namespace

int main(int argc, char** argv) {
  const int endpoints = argc > 1 ? std::atoi(argv[1]) : 1000;
  walk::World world;
  std::vector<walk::Workload> pods;
  const KernelState state = large_node(endpoints, pods);
  walk::Packet packet;
  packet.destination = *Ip::parse(address_of(endpoints - 1));
  packet.source = Ip::v4(0);
  packet.destination_port = 80;
  const walk::Origin origin{walk::Origin::Kind::workload, 0};
  walk::TraceResult result;
  const double first = seconds_of([&] {
    world.add_node("n", std::make_shared<walk::CompiledKernel>(state));
    for (const auto& pod : pods) world.add_workload(pod);
    result = walk::trace(world, origin, packet, true);
  });
  constexpr int many = 20000;
  int allowed = 0;
  for (int i = 0; i < 1000; ++i) walk::trace(world, origin, packet);  // translates what is met
  const double rest = seconds_of([&] {
    for (int i = 0; i < many; ++i)
      allowed += walk::trace(world, origin, packet).verdict == walk::Verdict::allowed;
  });
  FELIXSIM_CHECK(allowed == many && result.verdict == walk::Verdict::allowed);
  fmt::print("{} endpoints, {} policies of {} rules, {} sets of {}, {} routes; {} steps\n",
             endpoints, policies, rules_per_policy, sets, members, routes, result.steps.size());
  fmt::print("first trace, all included  {:8.3f} ms\n", first * 1e3);
  fmt::print("each trace after it        {:8.3f} us\n", rest / many * 1e6);
  return 0;
}
