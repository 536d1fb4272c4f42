// SPDX-License-Identifier: Apache-2.0
// Workloads' chains are rendered once for both families and for all workloads of one shape; nothing
// of that may show in the tables.
#include "model/dataplane/workload_chains.h"

#include <catch2/catch.hpp>

#include "model/dataplane/dataplane.h"
#include "model/dataplane/dataplane_config.h"
#include "model/kernel/simulated_kernel.h"

using namespace felixsim;

namespace {

msg::ActivePolicyUpdate policy(const char* name, const char* selector) {
  auto made = std::make_shared<msg::Policy>();
  made->tier = Symbol("default");
  made->original_selector = selector;
  made->inbound.resize(1);
  made->inbound[0].action = "allow";
  return {{Symbol("GlobalNetworkPolicy"), {}, Symbol(name)}, made};
}

msg::WorkloadEndpointUpdate workload(const std::string& name,
                                     const std::vector<const char*>& policies) {
  auto made = std::make_shared<msg::WorkloadEndpoint>();
  made->state = Symbol("active");
  made->name = Symbol("cali" + name);
  msg::TierInfo tier{Symbol("default"), {}, {}, Symbol("Deny")};
  for (const char* id : policies)
    tier.ingress.push_back({Symbol("GlobalNetworkPolicy"), {}, Symbol(id)});
  made->tiers = {tier};
  return {{Symbol("k8s"), Symbol("default/" + name), Symbol("eth0")}, made};
}

struct TestNode {
  explicit TestNode(rules::Dialect dialect) {
    DataplaneConfig config;
    config.hostname = Symbol("node-a");
    config.rules.marks = {0x10000, 0x20000, 0x40000, 0x80000, 0x100000, 0, 0xffe00000, 0};
    config.rules.dialect = dialect;
    config.ipv6_enabled = true;
    dataplane.emplace(config, kernel);
    dataplane->on_interfaces_changed(0);
  }
  void send(const std::vector<msg::Message>& messages) {
    for (const auto& message : messages) dataplane->on_message(message);
    now += second;
    REQUIRE_FALSE(dataplane->apply(now).fatal);
  }
  // All of filter, as text that both families and both tools have alike.
  std::vector<std::string> filter(IpFamily family) const {
    std::vector<std::string> lines;
    const auto& state = kernel.state();
    if (const auto it = state.iptables.find({family, IptBackend::nft}); it != state.iptables.end())
      for (const auto& [name, chain] : it->second.at("filter"))
        for (const auto& rule : chain.rules) lines.push_back(name + " " + rule);
    const char* nft_family = family == IpFamily::v4 ? "ip" : "ip6";
    if (const auto it = state.nft.find({nft_family, "calico"}); it != state.nft.end())
      for (const auto& [name, chain] : it->second.chains)
        for (const auto& rule : chain.rules)
          lines.push_back(name + " " + rule.text + " " + rule.comment);
    return lines;
  }

  SimulatedKernel kernel;
  std::optional<Dataplane> dataplane;
  SimTime now = 0;
};

bool about_workloads(const std::string& line) {
  return line.find("cali-tw-") != std::string::npos || line.find("cali-fw-") != std::string::npos ||
         line.find("cali-gi-") != std::string::npos;
}

std::vector<std::string> workloads_of(const TestNode& node, IpFamily family) {
  auto lines = node.filter(family);
  std::erase_if(lines, [](const std::string& line) { return !about_workloads(line); });
  return lines;
}

const std::vector<msg::Message> start{policy("a", "x"),
                                      policy("b", "x"),
                                      policy("c", "y"),
                                      workload("1", {"a", "b", "c"}),
                                      workload("2", {"a", "b", "c"}),
                                      workload("3", {"c"}),
                                      msg::InSync{}};

}  // namespace

TEST_CASE("Tables do not depend on which workloads came together") {
  for (const auto dialect : {rules::Dialect::iptables, rules::Dialect::nft}) {
    CAPTURE(static_cast<int>(dialect));
    TestNode together(dialect), apart(dialect);
    together.send(start);
    apart.send({msg::InSync{}});
    for (const auto& message : start) apart.send({message});
    for (const auto family : {IpFamily::v4, IpFamily::v6}) {
      CHECK(workloads_of(together, family).size() > 20);
      CHECK(together.filter(family) == apart.filter(family));
    }
    CHECK(workloads_of(together, IpFamily::v4) == workloads_of(together, IpFamily::v6));
  }
}

TEST_CASE("A policy's new selector regroups its workloads in both families") {
  for (const auto dialect : {rules::Dialect::iptables, rules::Dialect::nft}) {
    CAPTURE(static_cast<int>(dialect));
    TestNode node(dialect), fresh(dialect);
    node.send(start);
    const auto before = node.filter(IpFamily::v6);
    node.send({policy("b", "y")});
    CHECK(node.filter(IpFamily::v6) != before);
    auto changed = start;
    changed[1] = policy("b", "y");
    fresh.send(changed);
    for (const auto family : {IpFamily::v4, IpFamily::v6})
      CHECK(node.filter(family) == fresh.filter(family));
  }
}

TEST_CASE("Rules are shared by workloads of one shape, and chains by the families") {
  rules::RulesConfig config;
  config.marks = {0x10000, 0x20000, 0x40000, 0x80000, 0x100000, 0, 0xffe00000, 0};
  IptablesTableConfig table_config;
  table_config.name = "filter";
  IptablesTable table(table_config);
  const RuleTable filter(table);
  const rules::Renderer v4{config, IpFamily::v4}, v6{config, IpFamily::v6};
  WorkloadChains chains;
  const WorkloadShape one{true, {}, {Symbol("kns.a")}, {}}, other{true, {}, {Symbol("kns.b")}, {}};
  const auto* rules = chains.rules_of(v4, filter, one).value();
  CHECK(chains.rules_of(v6, filter, one).value() == rules);
  CHECK(chains.rules_of(v4, filter, other).value() != rules);
  const ChainPtr to = chains.chains_of(v4, filter, Symbol("cali1"), rules).to;
  CHECK(to->name() == "cali-tw-cali1");
  CHECK(chains.chains_of(v6, filter, Symbol("cali1"), rules).to == to);
  const ChainPtr second = chains.chains_of(v4, filter, Symbol("cali2"), rules).to;
  CHECK(&second->rules() == &to->rules());
  CHECK(*second->hashes() != *to->hashes());
}
