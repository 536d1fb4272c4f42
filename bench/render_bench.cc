// SPDX-License-Identifier: Apache-2.0
// From messages of the calc graph to all tables rendered, on one node, through the dataplane and
// into the simulated kernel: first everything at once, then one policy changed that touches k
// endpoints. usage: render_bench [ENDPOINTS [POLICIES]]. Times are CPU milliseconds of the one
// thread, medians. Making the messages is not counted; what the simulated kernel takes to read what
// was written is told apart. IPv4 and IPv6 are on, as by default.
#include <fmt/format.h>

#include <sys/resource.h>

#include <algorithm>
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

constexpr size_t rules_per_direction = 4, policies_per_endpoint = 3;
constexpr size_t wholes_measured = 3, changes_measured = 9;
constexpr double most_for_all_ms = 1000;  // that issue 5 allows
// How much more one change may cost among all endpoints than among a hundredth of them, for the
// time to count as proportional to what changes: large maps miss the processor's caches.
constexpr double most_growth = 2, noise_ms = 0.1;

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
  uint64_t links_version() const override { return kernel.links_version(); }

  SimulatedKernel kernel;
  double spent_ms = 0;
  size_t written_bytes = 0;
};

DataplaneConfig config_of(bool nft) {
  DataplaneConfig config;
  config.hostname = Symbol("node-a");
  config.ipv6_enabled = true;
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
  Node(bool nft, size_t endpoints) {
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
    dataplane.emplace(config_of(nft), kernel);
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

Node::Cost median(std::vector<Node::Cost> costs) {
  const auto middle = costs.begin() + static_cast<ptrdiff_t>(costs.size() / 2);
  std::nth_element(costs.begin(), middle, costs.end(),
                   [](const auto& a, const auto& b) { return a.felix_ms < b.felix_ms; });
  return *middle;
}

// Policy 0 gets other rules, and the first k endpoints other policies.
Node::Cost change(Node& node, size_t k, size_t policies) {
  std::vector<Node::Cost> costs;
  for (size_t turn = 0; turn < changes_measured; ++turn) {
    std::vector<msg::Message> messages{policy(0, static_cast<int32_t>(1000 + turn))};
    for (size_t i = 0; i < k; ++i) messages.emplace_back(endpoint(i, i + turn % 2 + 1, policies));
    costs.push_back(node.take(messages));
  }
  return median(std::move(costs));
}

const char* verdict(bool met) { return met ? "met" : "missed"; }

long peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

void measure_whole(bool nft, size_t endpoints, size_t policies) {
  std::vector<Node::Cost> costs;
  for (size_t i = 0; i < wholes_measured; ++i)
    costs.push_back(Node(nft, endpoints).take(whole_node(endpoints, policies)));
  const auto cost = median(std::move(costs));
  fmt::print("{:8} {:8.0f} ms {:8.0f} ms {:6} MB {:6.0f} ms   {}\n", nft ? "nftables" : "iptables",
             cost.felix_ms, cost.kernel_ms, cost.bytes / 1'000'000, most_for_all_ms,
             verdict(cost.felix_ms <= most_for_all_ms));
}

// One row for each k, one column for each size of the node: a hundredth, a tenth, all.
void measure_changes(bool nft, size_t endpoints, size_t policies) {
  const size_t sizes[] = {endpoints / 100, endpoints / 10, endpoints};
  fmt::print("\n{}: one policy changed, and k endpoints with it\n{:>6}",
             nft ? "nftables" : "iptables", "k");
  std::vector<std::unique_ptr<Node>> nodes;
  for (const size_t size : sizes) {
    nodes.push_back(std::make_unique<Node>(nft, size));
    nodes.back()->take(whole_node(size, policies));
    fmt::print(" {:>9} endpoints", size);
  }
  fmt::print("   at most {} times as much\n", most_growth);
  for (const size_t k : {0, 1, 10, 100, 1000}) {
    fmt::print("{:6}", k);
    std::optional<double> least;
    double most = 0;
    for (size_t i = 0; i < nodes.size(); ++i) {
      if (k > sizes[i]) {
        fmt::print(" {:>19}", "");
        continue;
      }
      most = change(*nodes[i], k, policies).felix_ms;
      if (!least) least = most;
      fmt::print(" {:>16.2f} ms", most);
    }
    if (least) fmt::print("   {}", verdict(most <= most_growth * *least + noise_ms));
    fmt::print("\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int position, size_t otherwise) {
    return argc > position ? std::strtoull(argv[position], nullptr, 10) : otherwise;
  };
  const size_t endpoints = argument(1, 10'000), policies = argument(2, 1'000);
  if (policies == 0) return fmt::print(stderr, "error: at least one policy\n"), 2;
  fmt::print(
      "{} endpoints, {} policies, all tables of both families rendered\n"
      "{:8} {:>11} {:>11} {:>9} {:>9}\n",
      endpoints, policies, "", "rendered", "kernel", "written", "limit");
  for (const bool nft : {false, true}) {
    measure_whole(nft, endpoints, policies);
  }
  for (const bool nft : {false, true}) measure_changes(nft, endpoints, policies);
  fmt::print("\nPeak memory of all of this, simulated kernel included: {} MB\n", peak_megabytes());
}
