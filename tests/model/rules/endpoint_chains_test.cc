// SPDX-License-Identifier: Apache-2.0
#include "model/rules/endpoint_chains.h"

#include "tests/model/rules/rules_support.h"

using namespace felixsim;
using namespace felixsim::rules;
using namespace felixsim::rules::test;

namespace {

PolicyGroup group(Direction direction, std::vector<msg::PolicyId> policies) {
  return make_policy_group(direction, "all()", std::move(policies));
}

TierGroups tier(std::vector<PolicyGroup> ingress, std::string_view action = "Deny") {
  return {Symbol("default"), Symbol(action), std::move(ingress), {}};
}

const msg::PolicyId policy_a = policy_id("a"), policy_b = policy_id("b"),
                    staged = policy_id("s", "", "StagedGlobalNetworkPolicy");

Chain to_workload(const RulesConfig& c, const std::vector<TierGroups>& tiers,
                  const std::optional<QosControls>& qos = std::nullopt) {
  return workload_endpoint_chains({c}, "cali1", true, tiers, {}, qos, nullptr).value().front();
}

const std::string deny_no_profile = "--jump DROP",
                  jump_a = "-m mark --mark 0/0x20 --jump cali-pi-gnp/a",
                  return_if_accepted = "-m mark --mark 0x10/0x10 --jump RETURN";

}  // namespace

TEST_CASE("a workload without policies has its profiles, and nothing else gets through") {
  const auto c = config();
  const auto chains =
      workload_endpoint_chains({c}, "cali1", true, {}, {Symbol("kns.x")}, std::nullopt, nullptr)
          .value();
  CHECK(names(chains) == Texts{"cali-tw-cali1", "cali-fw-cali1"});
  CHECK(texts(chains[0]) == Texts{"-m conntrack --ctstate RELATED,ESTABLISHED --jump ACCEPT",
                                  "-m conntrack --ctstate INVALID --jump DROP",
                                  "--jump MARK --set-mark 0/0x30", "--jump cali-pri-kns.x",
                                  return_if_accepted, deny_no_profile});
  CHECK(texts(chains[1]) ==
        Texts{"-m conntrack --ctstate RELATED,ESTABLISHED --jump ACCEPT",
              "-m conntrack --ctstate INVALID --jump DROP", "--jump MARK --set-mark 0/0x30",
              "-p 17 -m multiport --destination-ports 4789 --jump DROP", "-p 4 --jump DROP",
              "--jump cali-pro-kns.x", return_if_accepted, deny_no_profile});
}

TEST_CASE("an endpoint that is down gets nothing, and comments name the deny action") {
  RulesConfig c = config();
  c.filter_deny = Verdict::reject;
  const auto down =
      workload_endpoint_chains({c}, "cali1", false, {}, {}, std::nullopt, nullptr).value();
  for (const Chain& chain : down) {
    CHECK(texts(chain) == Texts{"--jump REJECT"});
    CHECK(comments(chain) == Texts{"Endpoint admin disabled"});
  }
  CHECK(comments(to_workload(c, {})).back() == "Reject if no profiles matched");
}

TEST_CASE("a tier tries its policies until one decides, and denies the rest") {
  const auto c = config();
  const Chain chain = to_workload(c, {tier({group(Direction::inbound, {policy_a})})});
  const Texts all = texts(chain);
  CHECK(Texts(all.begin() + 3, all.end()) ==
        Texts{"--jump MARK --set-mark 0/0x20", jump_a, return_if_accepted,
              "-m mark --mark 0/0x20 --jump DROP", deny_no_profile});
  CHECK(comments(chain) == Texts{"Start of tier default", "Return if policy accepted",
                                 "End of tier default. Drop if no policies passed packet",
                                 "Drop if no profiles matched"});
}

TEST_CASE("how a tier ends depends on its default action and on its policies") {
  struct Case {
    std::string name;
    TierGroups tier;
    bool starts, denies;
  };
  for (const auto& c : {
           Case{"deny", tier({group(Direction::inbound, {policy_a})}), true, true},
           Case{"pass", tier({group(Direction::inbound, {policy_a})}, "Pass"), true, false},
           Case{"staged policies only", tier({group(Direction::inbound, {staged})}), true, false},
           Case{"no policies of this direction", tier({}), false, false},
           Case{"a default action that is not given denies",
                tier({group(Direction::inbound, {policy_a})}, ""), true, true},
       }) {
    INFO(c.name);
    const Chain chain = to_workload(config(), {c.tier});
    CHECK(has(chain, "--jump MARK --set-mark 0/0x20") == c.starts);
    CHECK(has(chain, "-m mark --mark 0/0x20 --jump DROP") == c.denies);
  }
}

TEST_CASE("a group of several policies has a chain, staged ones do not count") {
  const auto several = group(Direction::inbound, {policy_a, policy_b});
  CHECK_FALSE(several.inlined());
  CHECK(group(Direction::inbound, {policy_a, staged}).inlined());
  CHECK(group(Direction::inbound, {staged}).inlined());
  CHECK_FALSE(group(Direction::inbound, {staged}).has_unstaged());
  CHECK(has(to_workload(config(), {tier({several})}),
            "-m mark --mark 0/0x20 --jump " + several.chain_name()));
}

TEST_CASE("flow logs see the end of every tier and of the profiles") {
  RulesConfig c = config();
  c.flow_logs = true;
  const std::string nflog = "--jump NFLOG --nflog-group 1 --nflog-prefix ";
  const Chain denied = to_workload(c, {tier({group(Direction::inbound, {policy_a})})});
  CHECK(has(denied, "-m mark --mark 0/0x20 " + nflog + "DPI|default --nflog-size 80"));
  CHECK(has(denied, nflog + "DRI --nflog-size 80"));
  const Chain passed = to_workload(c, {tier({group(Direction::inbound, {staged})})});
  CHECK(has(passed, "-m mark --mark 0/0x20 " + nflog + "PPI|default --nflog-size 80"));
}

TEST_CASE("an allow action other than accept marks established packets, too") {
  RulesConfig c = config();
  c.filter_allow = Verdict::return_;
  const Texts all = texts(to_workload(c, {}));
  CHECK(Texts(all.begin(), all.begin() + 2) ==
        Texts{"-m conntrack --ctstate RELATED,ESTABLISHED --jump MARK --set-mark 0x10/0x10",
              "-m conntrack --ctstate RELATED,ESTABLISHED --jump RETURN"});
  c.disable_conntrack_invalid = true;
  CHECK_FALSE(has(to_workload(c, {}), "-m conntrack --ctstate INVALID --jump DROP"));
}

TEST_CASE("packet rates take four rules in iptables and one in nft; connections take one") {
  QosControls qos;
  qos.ingress_packet_rate = 100;
  qos.ingress_packet_burst = 5;
  qos.ingress_max_connections = 7;
  const Texts all = texts(to_workload(config(), {}, qos));
  CHECK(Texts(all.begin(), all.begin() + 4) ==
        Texts{"--jump MARK --set-mark 0/0x80",
              "-m limit --limit 100/sec --limit-burst 5 --jump MARK --set-mark 0x80/0x80",
              "-m mark ! --mark 0x80/0x80 --jump DROP", "--jump MARK --set-mark 0/0x80"});
  CHECK(all[6].find("--connlimit-above 7") != std::string::npos);
  const Texts nft = texts(to_workload(config(Dialect::nft), {}, qos));
  CHECK(nft[0] == "counter limit rate over 100/second burst 5 packets drop");
  CHECK(nft[3] == "counter ct count over 7 reject with tcp reset");
  const auto c = config();
  const auto both = workload_endpoint_chains({c}, "cali1", true, {}, {}, qos, nullptr).value();
  CHECK(texts(both[1])[0] == "-m conntrack --ctstate RELATED,ESTABLISHED --jump ACCEPT");
}

TEST_CASE("limits that the kernel cannot hold are an error") {
  const auto c = config();
  const auto fails = [&](const std::function<void(QosControls&)>& change) {
    QosControls qos;
    qos.egress_packet_rate = 10'000;
    qos.egress_packet_burst = 1;
    change(qos);
    return !workload_endpoint_chains({c}, "cali1", true, {}, {}, qos, nullptr).has_value();
  };
  CHECK_FALSE(fails([](auto&) {}));
  CHECK(fails([](auto& q) { q.egress_packet_rate = 10'001; }));
  CHECK(fails([](auto& q) { q.egress_packet_burst = 0; }));
  CHECK(fails([](auto& q) { q.egress_packet_burst = 10'001; }));
  CHECK(fails([](auto& q) { q.ingress_max_connections = -1; }));
  CHECK_FALSE(fails([](auto& q) { q.ingress_packet_burst = 10'001; }));  // no rate, no rule
}

TEST_CASE("a host endpoint's chains differ by table") {
  const auto c = config();
  const Renderer r{c};
  TierGroups both = tier({group(Direction::inbound, {policy_a})});
  both.egress = {group(Direction::outbound, {policy_b})};
  const std::vector<TierGroups> tiers{both};

  const auto filter = host_endpoint_filter_chains(r, "eth0", tiers, {}, {}, nullptr);
  CHECK(names(filter) == Texts{"cali-th-eth0", "cali-fh-eth0", "cali-thfw-eth0", "cali-fhfw-eth0"});
  CHECK(has(filter[0], "--jump cali-failsafe-out"));
  CHECK(has(filter[0], "-m mark --mark 0/0x20 --jump cali-po-gnp/b"));
  CHECK(has(filter[1], "--jump cali-failsafe-in"));
  CHECK(has(filter[1], jump_a));

  const auto mangle = host_endpoint_mangle_egress_chains(r, "eth0", tiers, {});
  CHECK(texts(mangle[0])[1] == "-m conntrack --ctstate RELATED,ESTABLISHED --jump RETURN");

  const auto pre_dnat = host_endpoint_mangle_ingress_chains(r, "eth0", tiers);
  CHECK(names(pre_dnat) == Texts{"cali-fh-eth0"});
  CHECK_FALSE(has(pre_dnat[0], deny_no_profile));  // undecided packets go on to normal policy

  const auto raw = host_endpoint_raw_chains(r, "eth0", tiers);
  CHECK(names(raw) == Texts{"cali-th-eth0", "cali-fh-eth0"});
  CHECK(texts(raw[1]) == Texts{"--jump cali-failsafe-in", "--jump MARK --set-mark 0/0x30",
                               "--jump MARK --set-mark 0/0x20", jump_a,
                               "-m mark --mark 0x10/0x10 --jump NOTRACK", return_if_accepted});
  CHECK(raw[0] == host_endpoint_raw_egress_chain(r, "eth0", tiers));
}

TEST_CASE("forwarded traffic through a host endpoint is allowed unless policy applies to it") {
  const auto c = config();
  const auto without = host_endpoint_filter_chains({c}, "eth0", {}, {}, {}, nullptr);
  const Texts all = texts(without[2]);
  CHECK(Texts(all.end() - 2, all.end()) ==
        Texts{"--jump MARK --set-mark 0x10/0x10", "--jump RETURN"});
  const auto with = host_endpoint_filter_chains(
      {c}, "eth0", {}, {tier({group(Direction::inbound, {policy_a})})}, {}, nullptr);
  CHECK(texts(with[3]).back() == "-m mark --mark 0/0x20 --jump DROP");
}

TEST_CASE("with ipvs an endpoint has a chain that sets its mark") {
  RulesConfig c = config();
  c.kube_ipvs = true;
  EndpointMarks marks(c.marks.endpoint, c.marks.non_cali_endpoint);
  const auto chains =
      workload_endpoint_chains({c}, "cali1", false, {}, {}, std::nullopt, &marks).value();
  REQUIRE(chains.size() == 3);
  CHECK(chains[2].name == "cali-sm-cali1");
  CHECK(texts(chains[2]) ==
        Texts{fmt::format("--jump MARK --set-mark {:#x}/0xff000", *marks.get("cali1"))});
}
