// SPDX-License-Identifier: Apache-2.0
// From messages of the calc graph to all tables rendered, on one node, through the dataplane and
// into the simulated kernel: first everything at once, then one policy changed that touches k
// endpoints. usage: render_bench [ENDPOINTS [POLICIES]]; prints CPU milliseconds. Making the
// messages is not counted; what the simulated kernel takes to read what was written is told apart.
// IPv4 and IPv6 are on, as by default, but where "v4 only" is said.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "model/dataplane/dataplane.h"
#include "model/dataplane/dataplane_config.h"
#include "model/kernel/simulated_kernel.h"

namespace {

using namespace felixsim;

constexpr size_t rules_per_direction = 4, policies_per_endpoint = 3, changes_measured = 5;

double cpu_milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

// Tells the time that the kernel takes for the commands that are run on it.
class MeteredKernel : public Backend {
 public:
  KernelAnswer apply(const KernelOp& op) override {
    const auto* command = std::get_if<CommandOp>(&op);
    if (!command) return kernel.apply(op);  // the clock would cost more than a sysctl or a route
    const double start = cpu_milliseconds();
    auto answer = kernel.apply(op);
    spent_ms += cpu_milliseconds() - start;
    written_bytes += command->input.size();
    return answer;
  }
  const KernelState& state() const override { return kernel.state(); }

  SimulatedKernel kernel;
  double spent_ms = 0;
  size_t written_bytes = 0;
};

DataplaneConfig config_of(bool nft, bool ipv6) {
  DataplaneConfig config;
  config.hostname = Symbol("node-a");
  config.ipv6_enabled = ipv6;
  config.rules.marks = {0x10000, 0x20000, 0x40000, 0x80000, 0x100000, 0, 0xffe00000, 0};
  if (nft) config.rules.dialect = rules::Dialect::nft;
  return config;
}

msg::PolicyId policy_id(size_t number) {
  return {Symbol("NetworkPolicy"), Symbol(fmt::format("team-{}", number % 50)),
          Symbol(fmt::format("policy-{}", number))};
}

// Rules of `first_port` on; another port is another policy.
msg::ActivePolicyUpdate policy(size_t number, int32_t first_port) {
  auto made = std::make_shared<msg::Policy>();
  made->tier = Symbol("default");
  made->original_selector = fmt::format("app == 'a{}'", number);
  for (size_t i = 0; i < rules_per_direction; ++i) {
    msg::Rule rule;
    rule.action = "allow";
    rule.protocol = felixsim::Protocol{Symbol("tcp"), 0};
    rule.source.ip_set_ids = {Symbol(fmt::format("s:set-{}", number % 200))};
    rule.destination.ports = {{first_port, first_port}, {8000, 8000}};
    made->inbound.push_back(rule);
    rule.source.ip_set_ids.clear();
    made->outbound.push_back(rule);
  }
  return {policy_id(number), made};
}

msg::WorkloadEndpointUpdate endpoint(size_t number, size_t first_policy, size_t policies) {
  auto made = std::make_shared<msg::WorkloadEndpoint>();
  made->state = Symbol("active");
  made->name = Symbol(fmt::format("cali{:011x}", number * 2654435761u % 0xffffffff));
  made->profile_ids = {Symbol("kns.default"), Symbol("ksa.default.default")};
  const auto byte = [&](size_t shift) { return (number >> shift) & 0xff; };
  made->ipv4_nets = {*Cidr::parse(fmt::format("10.{}.{}.{}/32", 64 + byte(16), byte(8), byte(0)))};
  made->ipv6_nets = {*Cidr::parse(fmt::format("fd00::{:x}/128", number + 1))};
  msg::TierInfo tier{Symbol("default"), {}, {}, Symbol("Deny")};
  for (size_t i = 0; i < policies_per_endpoint; ++i)
    tier.ingress.push_back(policy_id((first_policy + i) % policies));
  tier.egress = tier.ingress;
  made->tiers = {tier};
  return {{Symbol("k8s"), Symbol(fmt::format("default/pod-{}", number)), Symbol("eth0")}, made};
}

std::vector<msg::Message> whole_node(size_t endpoints, size_t policies) {
  std::vector<msg::Message> messages;
  for (size_t i = 0; i < 200; ++i)
    messages.emplace_back(
        msg::IpSetUpdate{Symbol(fmt::format("s:set-{}", i)), msg::IpSetType::net, {}});
  for (size_t i = 0; i < policies; ++i) messages.emplace_back(policy(i, 80));
  for (const char* name : {"kns.default", "ksa.default.default"}) {
    auto profile = std::make_shared<msg::Profile>();
    profile->inbound.resize(1);
    profile->inbound[0].action = "allow";
    profile->outbound = profile->inbound;
    messages.emplace_back(msg::ActiveProfileUpdate{Symbol(name), profile});
  }
  for (size_t i = 0; i < endpoints; ++i) messages.emplace_back(endpoint(i, i, policies));
  messages.emplace_back(msg::InSync{});
  return messages;
}

class Node {
 public:
  Node(bool nft, bool ipv6, size_t endpoints) {
    for (size_t i = 0; i < endpoints; ++i) {
      const std::string name = endpoint(i, 0, 1).endpoint->name.str();
      LinkAddOp add;
      add.link.name = name;
      add.link.kind = "veth";
      kernel.kernel.apply(add);
      LinkSetOp up;
      up.name = name;
      up.admin_up = true;
      kernel.kernel.apply(up);
    }
    dataplane.emplace(config_of(nft, ipv6), kernel);
    dataplane->on_interfaces_changed(0);
    kernel.spent_ms = 0;
  }

  struct Cost {
    double felix_ms = 0, kernel_ms = 0;
    size_t bytes = 0;
  };
  Cost take(const std::vector<msg::Message>& messages) {
    now += 20 * second;  // past what was to be checked after the last write
    (void)dataplane->apply(now);
    kernel.spent_ms = 0;
    kernel.written_bytes = 0;
    const double start = cpu_milliseconds();
    for (const auto& message : messages) dataplane->on_message(message);
    const auto result = dataplane->apply(now);
    const double all = cpu_milliseconds() - start;
    if (result.fatal) fmt::print(stderr, "error: {}\n", *result.fatal), std::exit(2);
    return {all - kernel.spent_ms, kernel.spent_ms, kernel.written_bytes};
  }

 private:
  MeteredKernel kernel;
  std::optional<Dataplane> dataplane;
  SimTime now = 0;
};

// Policy 0 gets other rules, and the first k endpoints other policies; the least of some tries.
Node::Cost change(Node& node, size_t k, size_t policies) {
  Node::Cost least;
  for (size_t turn = 0; turn < changes_measured; ++turn) {
    std::vector<msg::Message> messages{policy(0, static_cast<int32_t>(1000 + turn))};
    for (size_t i = 0; i < k; ++i) messages.emplace_back(endpoint(i, i + turn % 2 + 1, policies));
    const auto cost = node.take(messages);
    if (turn == 0 || cost.felix_ms < least.felix_ms) least = cost;
  }
  return least;
}

void run(bool nft, bool ipv6, size_t endpoints, size_t policies) {
  Node node(nft, ipv6, endpoints);
  const auto whole = node.take(whole_node(endpoints, policies));
  const std::string name =
      fmt::format("{}{}", nft ? "nftables" : "iptables", ipv6 ? "" : " v4 only");
  fmt::print("{:16} {:6} endpoints {:5} policies: {:8.1f} ms, kernel {:8.1f} ms, {:6} kB written\n",
             name, endpoints, policies, whole.felix_ms, whole.kernel_ms, whole.bytes / 1000);
  for (const size_t k : {0, 1, 10, 100, 1000}) {
    if (k > endpoints) continue;
    const auto cost = change(node, k, policies);
    fmt::print(
        "{:16} {:6} endpoints, policy of {:4} changed: {:8.2f} ms, kernel {:8.2f} ms, {:6} kB "
        "written\n",
        name, endpoints, k, cost.felix_ms, cost.kernel_ms, cost.bytes / 1000);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int position, size_t otherwise) {
    return argc > position ? std::strtoull(argv[position], nullptr, 10) : otherwise;
  };
  const size_t endpoints = argument(1, 10'000), policies = argument(2, 1'000);
  if (policies == 0) return fmt::print(stderr, "error: at least one policy\n"), 2;
  for (const bool nft : {false, true}) {
    run(nft, true, endpoints / 10, policies);
    run(nft, true, endpoints, policies);
    run(nft, false, endpoints, policies);
  }
}
