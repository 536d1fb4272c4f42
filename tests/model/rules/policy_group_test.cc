// SPDX-License-Identifier: Apache-2.0
#include "model/rules/policy_group.h"

#include "tests/model/rules/rules_support.h"

using namespace felixsim;
using namespace felixsim::rules;
using namespace felixsim::rules::test;

namespace {

// Policies are named SELECTOR-NUMBER here.
const std::string& selector_of(const msg::PolicyId& id) {
  static std::map<std::string, std::string> selectors;
  const std::string& name = id.name.str();
  return selectors[name] = name.substr(0, name.find('-'));
}

std::vector<msg::PolicyId> policies(const Texts& names) {
  std::vector<msg::PolicyId> ids;
  for (const auto& name : names) ids.push_back(policy_id(name));
  return ids;
}

Texts sizes(const Texts& names) {
  Texts out;
  for (const auto& group : group_policies(policies(names), Direction::inbound, selector_of))
    out.push_back(fmt::format("{}x{}", group.selector, group.policies.size()));
  return out;
}

}  // namespace

TEST_CASE("groups are runs of neighbours with the same selector") {
  CHECK(sizes({}).empty());
  CHECK(sizes({"a-1"}) == Texts{"ax1"});
  CHECK(sizes({"a-1", "a-2", "b-1", "a-3"}) == Texts{"ax2", "bx1", "ax1"});
}

TEST_CASE("a group's chain is named after selector, direction and policies") {
  const auto base = make_policy_group(Direction::inbound, "all()", policies({"a", "b"}));
  CHECK(base.chain_name().starts_with("cali-gi-"));
  CHECK(base.chain_name().size() == 28);
  CHECK(make_policy_group(Direction::outbound, "all()", policies({"a", "b"}))
            .chain_name()
            .starts_with("cali-go-"));
  const auto name = [](const PolicyGroup& group) { return group.chain_name().substr(8); };
  CHECK(name(make_policy_group(Direction::outbound, "all()", policies({"a", "b"}))) != name(base));
  CHECK(name(make_policy_group(Direction::inbound, "x()", policies({"a", "b"}))) != name(base));
  CHECK(name(make_policy_group(Direction::inbound, "all()", policies({"b", "a"}))) != name(base));
  CHECK(make_policy_group(Direction::inbound, "all()", policies({"a", "b"})) == base);
}

TEST_CASE("a group's name is the real Felix's") {
  const msg::PolicyId web = policy_id("allow-web0", "", "KubernetesClusterNetworkPolicy");
  CHECK(make_policy_group(Direction::outbound, "app == \"web\"", {web}).chain_name() ==
        "cali-go-VxY8WUNqNWe0tjTAl7tq");
}

TEST_CASE("tiers keep their order, and unwanted directions stay empty") {
  msg::TierInfo tier;
  tier.name = Symbol("t");
  tier.default_action = Symbol("Pass");
  tier.ingress = policies({"a-1", "a-2"});
  tier.egress = policies({"a-1", "b-1"});
  const auto both = group_tiers({tier, tier}, selector_of);
  REQUIRE(both.size() == 2);
  CHECK(both[0].ingress.size() == 1);
  CHECK(both[0].egress.size() == 2);
  CHECK(both[0].default_action == Symbol("Pass"));
  CHECK(group_tiers({tier}, selector_of, true, false)[0].egress.empty());
  CHECK(group_tiers({tier}, selector_of, false, true)[0].ingress.empty());
}

TEST_CASE("a group's chain returns after every five policies, and skips what is decided between") {
  const auto c = config();
  Texts names;
  for (int i = 1; i <= 7; ++i) names.push_back(fmt::format("p{}", i));
  auto ids = policies(names);
  ids.insert(ids.begin() + 1, policy_id("s", "", "StagedGlobalNetworkPolicy"));
  const auto group = make_policy_group(Direction::outbound, "all()", ids);
  const Chain chain = policy_group_chain({c}, group);
  CHECK(chain.name == group.chain_name());
  CHECK(texts(chain) == Texts{"--jump cali-po-gnp/p1",
                              "-m mark --mark 0/0x30 --jump cali-po-gnp/p2",
                              "-m mark --mark 0/0x30 --jump cali-po-gnp/p3",
                              "-m mark --mark 0/0x30 --jump cali-po-gnp/p4",
                              "-m mark --mark 0/0x30 --jump cali-po-gnp/p5",
                              "-m mark ! --mark 0/0x30 --jump RETURN", "--jump cali-po-gnp/p6",
                              "-m mark --mark 0/0x30 --jump cali-po-gnp/p7"});
}
