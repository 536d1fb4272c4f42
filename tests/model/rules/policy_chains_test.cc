// SPDX-License-Identifier: Apache-2.0
#include "model/rules/policy_chains.h"
#include "model/rules/match_blocks.h"

#include "tests/model/rules/rules_support.h"

using namespace felixsim;
using namespace felixsim::rules;
using namespace felixsim::rules::test;

namespace {

msg::Rule allow() {
  msg::Rule rule;
  rule.action = "allow";
  return rule;
}

Cidr net(const char* text) { return Cidr::parse(text).value(); }

std::vector<msg::PortRange> single_ports(int count) {
  std::vector<msg::PortRange> ports;
  for (int i = 1; i <= count; ++i) ports.push_back({i, i});
  return ports;
}

Result<Chains> render(const RulesConfig& c, const std::vector<msg::Rule>& inbound,
                      IpFamily family = IpFamily::v4) {
  msg::Policy policy;
  policy.tier = Symbol("default");
  policy.inbound = inbound;
  return policy_chains({c, family}, policy_id("p"), policy);
}

Texts inbound(const RulesConfig& c, const std::vector<msg::Rule>& rules,
              IpFamily family = IpFamily::v4) {
  return texts(render(c, rules, family).value().front());
}

const std::string set_accept = "--jump MARK --set-mark 0x10/0x10";
const std::string blocks_matched = " -m mark --mark 0x80/0x80 ";

}  // namespace

TEST_CASE("a rule marks what it matches; the verdict looks at the mark") {
  const auto c = config();
  msg::Rule deny;
  deny.action = "deny";
  deny.protocol = Protocol{Symbol("tcp"), 0};
  CHECK(inbound(c, {deny}) ==
        Texts{"-p tcp --jump MARK --set-mark 0x40/0x40", "-m mark --mark 0x40/0x40 --jump DROP"});
  msg::Rule pass;
  pass.action = "pass";
  CHECK(inbound(c, {pass, deny}) ==
        Texts{"--jump MARK --set-mark 0x20/0x20", "-m mark --mark 0x20/0x20 --jump RETURN",
              "-p tcp --jump MARK --set-mark 0x40/0x40", "-m mark --mark 0x40/0x40 --jump DROP"});
  pass.action = "next-tier";
  CHECK(inbound(c, {pass}) == Texts{"--jump MARK --set-mark 0x20/0x20"});
  CHECK(inbound(c, {msg::Rule()}) == Texts{set_accept});
}

TEST_CASE("returns at the end of a chain are left out, and an empty chain keeps its comment") {
  const auto c = config();
  CHECK(inbound(c, {allow(), allow()}).size() == 3);
  const auto chains = render(c, {}).value();
  CHECK(texts(chains[0]) == Texts{""});
  CHECK(comments(chains[0]) == Texts{"GlobalNetworkPolicy p ingress"});
  CHECK(comments(chains[1]) == Texts{"GlobalNetworkPolicy p egress"});
}

TEST_CASE("chains are named after the policy's kind, namespace and name") {
  const auto c = config();
  const msg::Policy policy;
  const Renderer r{c};
  CHECK(names(policy_chains(r, policy_id("web", "shop", "NetworkPolicy"), policy).value()) ==
        Texts{"cali-pi-np/shop/web", "cali-po-np/shop/web"});
  CHECK(comments(policy_chains(r, policy_id("web", "shop", "NetworkPolicy"), policy)->front()) ==
        Texts{"NetworkPolicy shop/web ingress"});
  CHECK(policy_chains(r, policy_id("p", "", "StagedGlobalNetworkPolicy"), policy)->empty());
  const auto profile = profile_chains(r, Symbol("kns.default"), {}).value();
  CHECK(names(profile) == Texts{"cali-pri-kns.default", "cali-pro-kns.default"});
  CHECK(comments(profile[1]) == Texts{"Profile kns.default egress"});
}

TEST_CASE("ports are split into lists of 15 slots, a range takes two") {
  CHECK(split_ports({}).empty());
  CHECK(split_ports(single_ports(15)).size() == 1);
  CHECK(split_ports(single_ports(16)).size() == 2);
  CHECK(split_ports(single_ports(31)).size() == 3);
  auto ports = single_ports(14);
  ports.push_back({100, 200});
  const auto splits = split_ports(ports);
  REQUIRE(splits.size() == 2);
  CHECK(splits[0].size() == 14);
  CHECK(splits[1] == std::vector<msg::PortRange>{{100, 200}});
  ports.push_back({7, 7});
  CHECK(split_ports(ports)[1].size() == 2);
}

TEST_CASE("one network of each side fits into the rule itself") {
  msg::Rule rule = allow();
  rule.source.net = {net("10.0.0.0/8")};
  rule.destination.not_net = {net("11.0.0.0/8")};
  CHECK(inbound(config(), {rule}) ==
        Texts{"--source 10.0.0.0/8 ! --destination 11.0.0.0/8 " + set_accept});
}

TEST_CASE("several networks become a block that sets a scratch mark") {
  msg::Rule rule = allow();
  rule.source.net = {net("10.0.0.0/8"), net("11.0.0.0/8")};
  rule.protocol = Protocol{Symbol("tcp"), 0};
  CHECK(inbound(config(), {rule}) == Texts{"--jump MARK --set-mark 0x0/0x180",
                                           "--source 10.0.0.0/8 --jump MARK --set-mark 0x80/0x80",
                                           "--source 11.0.0.0/8 --jump MARK --set-mark 0x80/0x80",
                                           "-p tcp" + blocks_matched + set_accept});
}

TEST_CASE("a second positive block uses the other scratch mark and is folded in") {
  msg::Rule rule = allow();
  rule.source.net = {net("10.0.0.0/8"), net("11.0.0.0/8")};
  rule.destination.net = {net("12.0.0.0/8"), net("13.0.0.0/8")};
  CHECK(inbound(config(), {rule}) ==
        Texts{"--jump MARK --set-mark 0x0/0x180",
              "--source 10.0.0.0/8 --jump MARK --set-mark 0x80/0x80",
              "--source 11.0.0.0/8 --jump MARK --set-mark 0x80/0x80",
              "--destination 12.0.0.0/8 --jump MARK --set-mark 0x100/0x100",
              "--destination 13.0.0.0/8 --jump MARK --set-mark 0x100/0x100",
              "-m mark --mark 0/0x100 --jump MARK --set-mark 0/0x80",
              "-m mark --mark 0x80/0x80 " + set_accept});
}

TEST_CASE("of three blocks the last, which is one of networks, is not asked") {
  msg::Rule rule = allow();
  rule.destination.ports = single_ports(16);
  rule.source.net = {net("10.0.0.0/8"), net("11.0.0.0/8"), net("fd00::/8")};
  CHECK(asked_nets(rule, IpFamily::v4).source);
  rule.destination.net = {net("12.0.0.0/8"), net("13.0.0.0/8"), net("fd00::/8")};
  CHECK(asked_nets(rule, IpFamily::v4).source);
  CHECK_FALSE(asked_nets(rule, IpFamily::v4).destination);
  CHECK(asked_nets(rule, IpFamily::v6).destination);
  rule.source.ports = single_ports(16);
  CHECK_FALSE(asked_nets(rule, IpFamily::v4).source);
  CHECK_FALSE(asked_nets(rule, IpFamily::v4).destination);
  CHECK(asked_nets(rule, IpFamily::v6).destination);
}

TEST_CASE("negated networks clear the mark; a block of only those starts with it set") {
  msg::Rule rule = allow();
  rule.source.not_net = {net("10.0.0.0/8"), net("11.0.0.0/8")};
  CHECK(inbound(config(), {rule}) == Texts{"--jump MARK --set-mark 0x80/0x180",
                                           "--source 10.0.0.0/8 --jump MARK --set-mark 0/0x80",
                                           "--source 11.0.0.0/8 --jump MARK --set-mark 0/0x80",
                                           "-m mark --mark 0x80/0x80 " + set_accept});
}

TEST_CASE("a network and a negated one of the same side need a block for the negated one") {
  msg::Rule rule = allow();
  rule.destination.net = {net("10.0.0.0/8")};
  rule.destination.not_net = {net("10.1.0.0/16")};
  CHECK(inbound(config(), {rule}) ==
        Texts{"--jump MARK --set-mark 0x80/0x180",
              "--destination 10.1.0.0/16 --jump MARK --set-mark 0/0x80",
              "--destination 10.0.0.0/8" + blocks_matched + set_accept});
}

TEST_CASE("numeric and named ports together are a block, each with the protocol it needs") {
  msg::Rule rule = allow();
  rule.protocol = Protocol{Symbol("tcp"), 0};
  rule.destination.ports = {{80, 80}};
  rule.destination.named_port_ip_set_ids = {Symbol("n:abc")};
  CHECK(inbound(config(), {rule}) ==
        Texts{"--jump MARK --set-mark 0x0/0x180",
              "-p tcp -m multiport --destination-ports 80 --jump MARK --set-mark 0x80/0x80",
              "-m set --match-set cali40n:abc dst,dst --jump MARK --set-mark 0x80/0x80",
              "-p tcp" + blocks_matched + set_accept});
  rule.destination.ports.clear();
  CHECK(inbound(config(), {rule}) ==
        Texts{"-p tcp -m set --match-set cali40n:abc dst,dst " + set_accept});
}

TEST_CASE("negated ports may follow each other in one rule: they are anded") {
  msg::Rule rule = allow();
  rule.protocol = Protocol{Symbol("udp"), 0};
  rule.source.not_ports = single_ports(16);
  CHECK(inbound(config(), {rule}) ==
        Texts{"-p udp -m multiport ! --source-ports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"
              " -m multiport ! --source-ports 16 " +
              set_accept});
}

TEST_CASE("matches have Felix's order: positive ones first, source before destination") {
  msg::Rule rule = allow();
  rule.protocol = Protocol{Symbol("tcp"), 0};
  rule.not_protocol = Protocol{Symbol("udp"), 0};
  rule.source.ip_set_ids = {Symbol("s:a")};
  rule.source.not_ip_set_ids = {Symbol("s:b")};
  rule.destination.ip_set_ids = {Symbol("s:c")};
  rule.destination_ip_port_set_ids = {Symbol("svc:d")};
  rule.destination.ports = {{80, 80}};
  rule.destination.not_named_port_ip_set_ids = {Symbol("n:e")};
  rule.icmp = msg::IcmpMatch{8, std::nullopt};
  CHECK(inbound(config(Dialect::nft), {rule}, IpFamily::v6) ==
        Texts{"meta l4proto tcp ip6 saddr @cali60s-a ip6 daddr @cali60s-c"
              " ip6 daddr . meta l4proto . th dport @cali60svc-d tcp dport { 80 } icmpv6 type 8"
              " meta l4proto != udp ip6 saddr != @cali60s-b"
              " ip6 daddr . meta l4proto . th dport != @cali60n-e"
              " counter meta mark set mark or 0x10"});
}

TEST_CASE("rules of the other IP version, or with networks of that only, are left out") {
  struct Case {
    std::string name;
    std::function<void(msg::Rule&)> change;
    size_t v4, v6;
  };
  for (const auto& c : {
           Case{"no version", [](auto&) {}, 1, 1},
           Case{"version 4", [](auto& r) { r.ip_version = 4; }, 1, 0},
           Case{"version 6", [](auto& r) { r.ip_version = 6; }, 0, 1},
           Case{"a network of version 6", [](auto& r) { r.source.net = {net("fd00::/8")}; }, 0, 1},
           Case{"networks of both",
                [](auto& r) {
                  r.source.net = {net("fd00::/8"), net("10.0.0.0/8")};
                },
                1, 1},
           Case{"a negated network of version 4",
                [](auto& r) { r.destination.not_net = {net("10.0.0.0/8")}; }, 1, 0},
           Case{"not anything at all", [](auto& r) { r.source.not_net = {net("0.0.0.0/0")}; }, 0,
                0},
           Case{"everything", [](auto& r) { r.source.net = {net("0.0.0.0/0")}; }, 1, 0},
       }) {
    INFO(c.name);
    msg::Rule rule = allow();
    c.change(rule);
    const auto kept = [&](IpFamily family) {
      const Texts got = inbound(config(), {rule}, family);
      return got == Texts{""} ? 0u : got.size();
    };
    CHECK(kept(IpFamily::v4) == c.v4);
    CHECK(kept(IpFamily::v6) == c.v6);
  }
}

TEST_CASE("log rules may be limited, and the prefix names its policy") {
  RulesConfig c = config();
  msg::Rule rule;
  rule.action = "log";
  rule.protocol = Protocol{Symbol("tcp"), 0};
  CHECK(inbound(c, {rule}) ==
        Texts{R"(-p tcp --jump LOG --log-prefix "calico-packet: " --log-level 5)"});
  c.log_rate_limit = "10/second";
  c.log_prefix = "%t %k %n %p %x 100%";
  CHECK(inbound(c, {rule}) ==
        Texts{"-m limit --limit 10/second --limit-burst 5 -p tcp --jump LOG --log-prefix "
              "\"default gnp p p %x 100%: \" --log-level 5"});
  c.log_prefix.clear();
  msg::Profile profile;
  profile.outbound = {rule};
  CHECK(texts((*profile_chains({c}, Symbol("x"), profile))[1])[0].find("calico-packet: ") !=
        std::string::npos);
}

TEST_CASE("flow logs get a copy of what was decided, except for untracked policy") {
  RulesConfig c = config();
  c.flow_logs = true;
  msg::Policy policy;
  msg::Rule deny;
  deny.action = "deny";
  policy.outbound = {allow(), deny};
  const Renderer r{c};
  CHECK(texts((*policy_chains(r, policy_id("p"), policy))[1]) ==
        Texts{set_accept,
              "-m mark --mark 0x10/0x10 --jump NFLOG --nflog-group 2 --nflog-prefix APE0|gnp/p "
              "--nflog-size 80",
              "-m mark --mark 0x10/0x10 --jump RETURN", "--jump MARK --set-mark 0x40/0x40",
              "-m mark --mark 0x40/0x40 --jump NFLOG --nflog-group 2 --nflog-prefix DPE1|gnp/p "
              "--nflog-size 80",
              "-m mark --mark 0x40/0x40 --jump DROP"});
  policy.untracked = true;
  CHECK(texts((*policy_chains(r, policy_id("p"), policy))[1]).size() == 4);
}

TEST_CASE("annotations comment every rule that a rule becomes, before the chain's own comment") {
  msg::Rule rule = allow();
  rule.annotations = StringMap{{"team", "web"}};
  rule.source.net = {net("10.0.0.0/8"), net("11.0.0.0/8")};
  const auto chains = render(config(), {rule, allow()}).value();
  CHECK(comments(chains[0]) == Texts{"team=web", "GlobalNetworkPolicy p ingress", "team=web",
                                     "team=web", "team=web", "team=web"});
}

TEST_CASE("what makes Felix panic is an error") {
  msg::Rule unknown;
  unknown.action = "explode";
  CHECK_FALSE(render(config(), {unknown}).has_value());
  unknown.ip_version = 6;
  CHECK(render(config(), {unknown}).has_value());

  msg::Rule ports = allow();
  ports.destination.ports = {{80, 80}};
  CHECK(render(config(), {ports}).has_value());
  CHECK_FALSE(render(config(Dialect::nft), {ports}).has_value());
  ports.protocol = Protocol{Symbol("icmp"), 0};
  CHECK_FALSE(render(config(Dialect::nft), {ports}).has_value());
  ports.protocol = Protocol{Symbol(), 6};
  CHECK(render(config(Dialect::nft), {ports}).has_value());

  msg::Rule zero = allow();
  zero.protocol = Protocol{Symbol(), 0};
  CHECK_FALSE(render(config(Dialect::nft), {zero}).has_value());
}
