// SPDX-License-Identifier: Apache-2.0
// Hashes in here are what the real Felix v3.32.1 computed.
#include "model/rules/render.h"

#include "model/rules/arp_chains.h"
#include "model/rules/dispatch_chains.h"
#include "model/rules/static_chains.h"
#include "tests/model/rules/rules_support.h"

using namespace felixsim;
using namespace felixsim::rules;

namespace {

rules::Rule plain(std::string text, std::vector<std::string> comments = {}) {
  rules::Rule rule;
  rule.text = std::move(text);
  rule.comments = std::move(comments);
  return rule;
}

RulesConfig default_config(Dialect dialect) {
  RulesConfig c;
  c.dialect = dialect;
  c.marks.accept = 0x10000;
  c.marks.pass = 0x20000;
  c.marks.drop = 0x40000;
  c.marks.scratch0 = 0x80000;
  c.marks.scratch1 = 0x100000;
  return c;
}

std::vector<std::string> hashes_in_layer(const Chain& chain, std::string_view layer) {
  const Chain layered = in_layer(layer, chain);
  return rule_hashes(layered.name, layered.rules, Dialect::nft);
}

}  // namespace

TEST_CASE("iptables hashes chain the chain's name and every rule before") {
  const auto c = default_config(Dialect::iptables);
  const Chain forward = static_filter_chains({c}).front();
  const auto hashes = rule_hashes(forward.name, forward.rules, Dialect::iptables);
  CHECK(hashes == std::vector<std::string>{"W_vvds1Nw3n9QE2f", "ZfgmjuiLaA8Pg0kp",
                                           "tAzwBLPaV-j53OOZ", "4Z0Pf0byo05NFe-P",
                                           "hQ7Oc16wmUtLuneJ", "rnKNH2WxGcRQcIlD"});
  Chain renamed = forward;
  renamed.name = "other";
  CHECK(rule_hashes(renamed.name, renamed.rules, Dialect::iptables)[0] != hashes[0]);
  Chain changed = forward;
  changed.rules[1].comments.push_back("changed");
  const auto after = rule_hashes(changed.name, changed.rules, Dialect::iptables);
  CHECK(after[0] == hashes[0]);
  CHECK(after[1] != hashes[1]);
  CHECK(after[5] != hashes[5]);
}

TEST_CASE("nft hashes are of the chain in its layer, and comments do not count") {
  const auto c = default_config(Dialect::nft);
  const Chain forward = static_filter_chains({c}).front();
  CHECK(hashes_in_layer(forward, "filter") ==
        std::vector<std::string>{"DjLNGAdnReheqqCp", "nYRf9HAGIu4qv2zI", "otxs2Q4D05BNLIsQ",
                                 "j573pOiV4ETpv7o4", "spaMQnRTjqphyAAs", "gPO_isDuaIy0xfd5"});
  const Chains dispatch = workload_dispatch_chains({c}, {"cali00000001001"});
  CHECK(hashes_in_layer(dispatch[0], "filter") ==
        std::vector<std::string>{"Lui9n9_J-BlSLUtk", "KMISEjprqaGFiicp"});
  Chain commented = forward;
  commented.rules[0].comments.push_back("more");
  CHECK(hashes_in_layer(commented, "filter") == hashes_in_layer(forward, "filter"));
}

TEST_CASE("the ARP table's chains are in the filter layer, too") {
  const Chain workload =
      workload_arp_chain("cali00000001001", {Cidr::parse("10.244.0.2/32").value()});
  CHECK(hashes_in_layer(workload, "filter") == std::vector<std::string>{"5BYRWuXgmr8KcOky"});
  CHECK(hashes_in_layer(arp_dispatch_chain(), "filter") ==
        std::vector<std::string>{"mNoxCVnxd-GKMMeq"});
  CHECK(in_layer("filter", workload).name == "filter-cali-arp-cali00000001001");
  CHECK(arp_dispatch_map({"b", "a"}) ==
        std::map<std::string, std::string>{{"a", "goto cali-arp-a"}, {"b", "goto cali-arp-b"}});
}

TEST_CASE("iptables commands put the hash first, then comments, matches and action") {
  const rules::Rule rule = plain("-p tcp --jump ACCEPT", {"Why", "And how"});
  const std::string rest =
      R"( -m comment --comment "cali:H" -m comment --comment "Why" -m comment --comment "And how")"
      " -p tcp --jump ACCEPT";
  CHECK(append_text(rule, "FORWARD", "H") == "-A FORWARD" + rest);
  CHECK(insert_text(rule, "FORWARD", "H") == "-I FORWARD" + rest);
  CHECK(insert_at_text(rule, "FORWARD", 3, "H") == "-I FORWARD 3" + rest);
  CHECK(replace_text(rule, "FORWARD", 3, "H") == "-R FORWARD 3" + rest);
  CHECK(append_text(plain("--jump ACCEPT"), "FORWARD", "") == "-A FORWARD --jump ACCEPT");
  CHECK(append_text(plain(""), "x", "H") == R"(-A x -m comment --comment "cali:H")");
}

TEST_CASE("an empty rule does nothing in nft, but nft wants to see that") {
  CHECK(nft_text(plain("")) == "continue");
  CHECK(nft_text(plain("counter drop")) == "counter drop");
}

TEST_CASE("comments keep what no shell minds and lose the rest") {
  struct Case {
    std::string name, text, want;
  };
  for (const auto& c : {
           Case{"words, digits and safe signs stay", "aZ_09 @%+=:,./-", "aZ_09 @%+=:,./-"},
           Case{"quotes and dollars go", "it's \"$(rm)\";", "it_s ___rm___"},
           Case{"control characters go", "a\tb\nc", "a_b_c"},
           Case{"a character of several bytes becomes one", "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80",
                "___"},
           Case{"a byte that starts no character is one by itself", "a\xff\xc3z", "a__z"},
           Case{"surrogates and overlong forms are no characters", "\xed\xa0\x80\xc0\x80", "_____"},
           Case{"a character cut off at the end counts its bytes", "\xe2\x82", "__"},
       }) {
    INFO(c.name);
    CHECK(safe_comment(c.text) == c.want);
  }
}

TEST_CASE("iptables cuts each comment at 256 characters") {
  const std::string text = append_text(plain("", {std::string(300, 'x')}), "c", "");
  CHECK(text == "-A c -m comment --comment \"" + std::string(256, 'x') + "\"");
}

TEST_CASE("nft cuts comments so that all together fit into 128 characters") {
  CHECK(nft_comment(plain("", {}), "0123456789abcdef") == "cali:0123456789abcdef;");
  CHECK(nft_comment(plain("", {"Why"}), "H") == "cali:H; Why");
  const std::string one = nft_comment(plain("", {std::string(200, 'x')}), "0123456789abcdef");
  CHECK(one.size() == 128);
  const std::string two =
      nft_comment(plain("", {std::string(200, 'x'), "short"}), "0123456789abcdef");
  CHECK(two == "cali:0123456789abcdef; " + std::string(53, 'x') + " short");
}

TEST_CASE("a layer's name goes to the chain, to jump targets and to maps, but only once") {
  Chain chain{"cali-x", {}};
  chain.rules.push_back(RuleBuilder(Dialect::nft, IpFamily::v4).jump("cali-y"));
  chain.rules.push_back(RuleBuilder(Dialect::nft, IpFamily::v4).in_interface_map("cali-m").none());
  chain.rules.push_back(RuleBuilder(Dialect::nft, IpFamily::v4).accept());
  const Chain raw = in_layer("raw", chain);
  CHECK(raw.name == "raw-cali-x");
  CHECK(raw.rules[0].text == "counter jump raw-cali-y");
  CHECK(raw.rules[0].target() == "raw-cali-y");
  CHECK(raw.rules[1].text == "iifname vmap @raw-cali-m");
  CHECK(raw.rules[2].text == "counter accept");
  CHECK(in_layer("raw", std::string_view("raw-cali-x")) == "raw-cali-x");
  Chain twice{"raw-cali-x", {RuleBuilder(Dialect::nft, IpFamily::v4).jump("raw-cali-y")}};
  CHECK(in_layer("raw", twice) == twice);
}

TEST_CASE("the IP sets of a chain are found in either dialect, maps are none") {
  for (const Dialect dialect : {Dialect::iptables, Dialect::nft}) {
    const auto rule = [&] { return RuleBuilder(dialect, IpFamily::v4); };
    Chain chain{"c", {}};
    chain.rules.push_back(rule().source_set("a").not_destination_port_set("b").accept());
    chain.rules.push_back(rule().accept());
    chain.rules.push_back(rule().source_set("a").none());
    if (dialect == Dialect::nft) chain.rules.push_back(rule().in_interface_map("m").none());
    CHECK(ip_set_names(chain.rules, dialect) == std::vector<std::string>{"a", "b", "a"});
  }
}
