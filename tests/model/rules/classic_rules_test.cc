// SPDX-License-Identifier: Apache-2.0
// What Felix v3.28 renders otherwise; texts and names as in recordings of v3.28.5.
#include "model/rules/dispatch_chains.h"
#include "model/rules/endpoint_chains.h"
#include "model/rules/nat_chains.h"
#include "model/rules/policy_chains.h"
#include "model/rules/static_chains.h"
#include "tests/model/rules/rules_support.h"

using namespace felixsim;
using namespace felixsim::rules;
using namespace felixsim::rules::test;

namespace {

RulesConfig classic() {
  RulesConfig c = config();
  c.felix = facts_of(FelixVersion::v3_28);
  c.marks.drop = 0;
  return c;
}

msg::PolicyId named_only(std::string_view name) { return policy_id(name, "", ""); }

msg::Rule rule_to_everywhere(std::string_view action) {
  msg::Rule rule;
  rule.action = action;
  return rule;
}

}  // namespace

TEST_CASE("classic: policies carry their whole name, and a denial is one rule") {
  const auto c = classic();
  msg::Policy policy;
  policy.inbound = {rule_to_everywhere("deny"), rule_to_everywhere("allow")};
  const auto chains = policy_chains({c}, named_only("shop/default.db"), policy).value();
  CHECK(names(chains) == Texts{"cali-pi-shop/default.db", "cali-po-shop/default.db"});
  CHECK(texts(chains[0]) == Texts{"--jump DROP", "--jump MARK --set-mark 0x10/0x10"});
  CHECK(comments(chains[0]) == Texts{"Policy shop/default.db ingress"});
}

TEST_CASE("classic: a group's chain is named after the tier, too") {
  const auto group =
      make_policy_group(Direction::inbound, "projectcalico.org/orchestrator == \"k8s\"",
                        {named_only("default.g1"), named_only("default.g2")});
  CHECK(group.chain_name().size() == max_iptables_chain_name);
  const auto kinds = make_policy_group(Direction::inbound, group.selector,
                                       {policy_id("default.g1"), policy_id("default.g2")});
  CHECK(kinds.chain_name() != group.chain_name());
}

TEST_CASE("classic: no tier begins or ends in an endpoint's chain") {
  const auto c = classic();
  const TierGroups tier{Symbol("default"),
                        {},
                        {make_policy_group(Direction::inbound, "all()", {named_only("default.a")})},
                        {}};
  const auto chains =
      workload_endpoint_chains({c}, "cali1", true, {tier}, {}, std::nullopt, nullptr).value();
  CHECK(comments(chains[0]) == Texts{"Return if policy accepted",
                                     "Drop if no policies passed packet",
                                     "Drop if no profiles matched"});
}

TEST_CASE("classic: forwarded traffic is allowed in the direction that no policy is about") {
  const auto c = classic();
  const TierGroups tier{Symbol("default"),
                        {},
                        {make_policy_group(Direction::inbound, "all()", {named_only("default.a")})},
                        {}};
  const auto chains = host_endpoint_filter_chains({c}, "eth0", {}, {tier}, {}, nullptr);
  CHECK(has(named(chains, "cali-thfw-eth0"), "--jump MARK --set-mark 0x10/0x10"));
  CHECK_FALSE(has(named(chains, "cali-fhfw-eth0"), "--jump MARK --set-mark 0x10/0x10"));
}

TEST_CASE("classic: log prefixes have no fields, and everything can be negated") {
  RulesConfig c = classic();
  c.log_prefix = "%k %p";
  msg::Policy policy;
  policy.inbound = {rule_to_everywhere("log")};
  policy.inbound[0].source.not_net = {*Cidr::parse("0.0.0.0/0")};
  const auto chains = policy_chains({c}, named_only("default.a"), policy).value();
  CHECK(texts(chains[0]) ==
        Texts{"! --source 0.0.0.0/0 --jump LOG --log-prefix \"%k %p: \" --log-level 5"});
}

TEST_CASE("classic: tracked VXLAN, no DSCP, other names and unbracketed addresses") {
  RulesConfig c = classic();
  c.vxlan_enabled = c.vxlan_enabled_v6 = true;
  CHECK_FALSE(
      has(named(static_raw_chains({c}), chain::prerouting), "-p udp --dport 4789 --jump NOTRACK"));
  CHECK(named(static_mangle_chains({c}), chain::postrouting).rules.size() == 4);
  CHECK(texts(nat_outgoing_chain({c}, true)).front().find("cali40all-ipam-pools") !=
        std::string::npos);
  c.nat_port_range = msg::PortRange{1024, 2048};
  c.nat_outgoing_address = *Ip::parse("fd00::1");
  CHECK(texts(nat_outgoing_chain({c, IpFamily::v6}, true))
            .front()
            .find("--to-source fd00::1:1024-2048") != std::string::npos);
}

TEST_CASE("classic: the allowed sources of both families are in both tables") {
  const auto c = classic();
  const std::vector<std::pair<std::string, Cidr>> allowed{{"cali1", *Cidr::parse("10.0.0.0/8")}};
  CHECK(rpf_skip_chain({c, IpFamily::v6}, allowed).rules.size() == 1);
  CHECK(rpf_skip_chain({config(), IpFamily::v6}, allowed).rules.empty());
}

TEST_CASE("classic: the trees of endpoint marks share their names") {
  const auto c = classic();
  EndpointMarks marks(c.marks.endpoint, c.marks.non_cali_endpoint);
  const auto chains =
      endpoint_mark_dispatch_chains({c}, marks, {"cali1a", "cali1b", "cali2"}, {"eth0"});
  CHECK(names(chains) ==
        Texts{"cali-set-endpoint-mark-1", "cali-set-endpoint-mark", "cali-from-endpoint-mark"});
}
