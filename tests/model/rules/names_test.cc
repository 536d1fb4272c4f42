// SPDX-License-Identifier: Apache-2.0
#include "model/rules/names.h"

#include "model/rules/nflog_prefix.h"
#include "tests/model/rules/rules_support.h"

using namespace felixsim;
using namespace felixsim::rules;
using namespace felixsim::rules::test;

TEST_CASE("policies are known by a short kind, a namespace if any, and a name") {
  struct Case {
    std::string kind, ns, want;
    bool staged;
  };
  for (const auto& c : {Case{"NetworkPolicy", "a", "np/a/x", false},
                        Case{"GlobalNetworkPolicy", "", "gnp/x", false},
                        Case{"StagedNetworkPolicy", "a", "snp/a/x", true},
                        Case{"StagedGlobalNetworkPolicy", "", "sgnp/x", true},
                        Case{"StagedKubernetesNetworkPolicy", "a", "sknp/a/x", true},
                        Case{"KubernetesNetworkPolicy", "a", "knp/a/x", false},
                        Case{"KubernetesClusterNetworkPolicy", "", "kcnp/x", false},
                        Case{"StagedSomething", "", "StagedSomething/x", false}}) {
    INFO(c.kind);
    const auto id = policy_id("x", c.ns, c.kind);
    CHECK(policy_id_text(id) == c.want);
    CHECK(is_staged(id) == c.staged);
  }
}

TEST_CASE("chain names are cut to 28 characters in iptables and kept in nft") {
  const auto id = policy_id("a-policy-with-a-long-name", "default", "NetworkPolicy");
  CHECK(policy_chain_name(prefix::policy_in, id, Dialect::iptables).size() == 28);
  CHECK(policy_chain_name(prefix::policy_in, id, Dialect::nft) ==
        "cali-pi-np/default/a-policy-with-a-long-name");
  CHECK(endpoint_chain_name(prefix::to_host_forward, any_interface, Dialect::iptables) ==
        "cali-thfw-_Nqh4HyA73udmyanQI");
  CHECK(profile_chain_name(prefix::profile_in, Symbol("kns.default"), Dialect::iptables) ==
        "cali-pri-kns.default");
}

TEST_CASE("IP set names are cut to 31 characters, and nft has no colons") {
  const std::string id = "s:aTHMmtqeppKyLzbhenKiYRuErfad2JwXIwqQsg";
  CHECK(ip_set_name(id, IpFamily::v4, Dialect::iptables) == "cali40s:aTHMmtqeppKyLzbhenKiYRu");
  CHECK(ip_set_name(id, IpFamily::v6, Dialect::nft) == "cali60s-aTHMmtqeppKyLzbhenKiYRu");
  CHECK(ip_set_name("this-host", IpFamily::v4, Dialect::nft) == "cali40this-host");
}

TEST_CASE("NFLOG prefixes tell action, owner, direction and rule") {
  CHECK(nflog_prefix(LogAction::allow, LogOwner::policy, LogDirection::ingress, 3, "np/a/x") ==
        "API3|np/a/x");
  CHECK(nflog_prefix(LogAction::pass, LogOwner::profile, LogDirection::egress, 0, "kns.a") ==
        "PRE0|kns.a");
  CHECK(nflog_end_of_tier_prefix(LogAction::deny, LogDirection::egress, "default") ==
        "DPE|default");
  CHECK(nflog_no_profile_prefix(LogDirection::ingress) == "DRI");
}

TEST_CASE("NFLOG prefixes of 63 characters and more are hashed in the middle") {
  const auto made = [](size_t length) {
    return nflog_prefix(LogAction::deny, LogOwner::policy, LogDirection::ingress, 0,
                        std::string(length - 5, 'x'));
  };
  CHECK(made(62) == "DPI0|" + std::string(57, 'x'));
  for (const size_t length : {63u, 64u, 200u}) {
    const std::string prefix = made(length);
    CHECK(prefix.size() == 63);
    CHECK(prefix.substr(0, 10) == "DPI0|xxxxx");
    CHECK(prefix.substr(52) == "_xxxxxxxxxx");
    CHECK(prefix != made(length + 1));
  }
}
