// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/key_text.h"

#include <catch2/catch.hpp>

using namespace felixsim;

namespace {

Symbol s(std::string_view text) { return Symbol(text); }

}  // namespace

TEST_CASE("a key survives being printed and parsed") {
  const Key keys[] = {
      WorkloadEndpointKey{s("node-a"), s("k8s"), s("shop/web-1"), s("eth0")},
      HostEndpointKey{s("node-a"), s("eth0%1")},
      PolicyKey{s("GlobalNetworkPolicy"), s(""), s("default.p")},
      PolicyKey{s("NetworkPolicy"), s("shop"), s("p")},
      TierKey{s("security")},
      ProfileRulesKey{s("kns.shop")},
      ProfileLabelsKey{s("kns.shop")},
      NetworkSetKey{s("shop/set")},
      IpPoolKey{*Cidr::parse("10.0.0.0/16")},
      IpPoolKey{*Cidr::parse("fd00::/64")},
      BlockKey{*Cidr::parse("10.0.0.64/26")},
      HostIpKey{s("node-a")},
      HostConfigKey{s("node-a"), s("IpInIpTunnelAddr")},
      GlobalConfigKey{s("LogSeverityScreen")},
      ReadyFlagKey{},
      WireguardKey{s("node-a")},
      ResourceKey{s("Node"), s(""), s("node-a")},
      ResourceKey{s("KubernetesService"), s("shop"), s("db")},
  };
  for (const Key& key : keys) {
    DYNAMIC_SECTION(key_text(key)) {
      const ParsedKey parsed = parse_key(key_text(key));
      CHECK(parsed.kind == ParsedKey::Kind::felix);
      CHECK(parsed.key == key);
      CHECK(!describe(key).empty());
    }
  }
}

TEST_CASE("what is no key is told from what Felix does not read") {
  struct Case {
    std::string text;
    ParsedKey::Kind want;
  };
  using K = ParsedKey::Kind;
  for (const auto& c : {
           Case{"", K::unknown},
           Case{"/foo", K::unknown},
           Case{"/calico/v1/unknown/thing", K::unknown},
           Case{"/calico/v1/netset/a/b", K::unknown},
           Case{"calico/v1/netset/a", K::felix},
           Case{"/calico/v1/Ready", K::felix},
           Case{"calico/v1/Ready", K::unknown},
           Case{"/calico/v1/host/n/metadata", K::other},
           Case{"/calico/v1/policy/profile/p", K::unknown},
           Case{"/calico/v1/ipam/v4/pool/10.0.0.0-99", K::unknown},
           Case{"/calico/ipam/v2/handle/h", K::other},
           Case{"/calico/ipam/v2/assignment/ipv4/block/10.0.0.0-26", K::felix},
           Case{"/calico/resources/v3/projectcalico.org/bogus/x", K::unknown},
           Case{"/calico/resources/v3/projectcalico.org/nodes/a/b", K::unknown},
           Case{"/calico/resources/v3/projectcalico.org/networkpolicies/p", K::unknown},
           Case{"/calico/resources/v3/projectcalico.org/ipreservations/r", K::felix},
           Case{"/calico/felix/v2/no-region/host/n/status", K::other},
       }) {
    DYNAMIC_SECTION("'" << c.text << "'") { CHECK(parse_key(c.text).kind == c.want); }
  }
}

TEST_CASE("policies of older Typhas tell their kind by their name") {
  struct Case {
    std::string name, kind, ns, policy;
  };
  for (const auto& c : {
           Case{"p", "GlobalNetworkPolicy", "", "p"},
           Case{"staged:p", "StagedGlobalNetworkPolicy", "", "p"},
           Case{"kcnp.p", "KubernetesClusterNetworkPolicy", "", "p"},
           Case{"shop%2fp", "NetworkPolicy", "shop", "p"},
           Case{"shop%2fknp.default.p", "KubernetesNetworkPolicy", "shop", "p"},
           Case{"shop%2fstaged:p", "StagedNetworkPolicy", "shop", "p"},
           Case{"shop%2fstaged:knp.default.p", "StagedKubernetesNetworkPolicy", "shop", "p"},
       }) {
    DYNAMIC_SECTION(c.name) {
      const ParsedKey parsed = parse_key("/calico/v1/policy/tier/sec/policy/" + c.name);
      CHECK(parsed.key == Key(PolicyKey{s(c.kind), s(c.ns), s(c.policy)}));
      CHECK(parsed.legacy_tier == s("sec"));
    }
  }
}
