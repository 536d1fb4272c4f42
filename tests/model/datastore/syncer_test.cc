// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/syncer.h"

#include <catch2/catch.hpp>
#include <map>

#include "model/datastore/key_text.h"
#include "model/datastore/value_json.h"

using namespace felixsim;

namespace {

const std::string v3 = "/calico/resources/v3/projectcalico.org/";

// A syncer and what it has been telling: key -> value, "" for a delete.
struct Told {
  Syncer syncer;
  std::map<std::string, std::string> last;
  std::vector<Policy> policies;  // of the last put

  explicit Told(SyncerOptions options = {}) : syncer(options) {}
  std::map<std::string, std::string> put(const std::string& key, std::optional<std::string> value) {
    std::vector<Update> updates;
    syncer.apply(key, value, updates);
    std::map<std::string, std::string> now;
    policies.clear();
    for (const auto& update : updates) {
      if (update.value && std::holds_alternative<Policy>(*update.value)) {
        policies.push_back(std::get<Policy>(*update.value));
      }
      now[key_text(update.key)] = update.value ? value_text(*update.value) : "";
    }
    for (const auto& [k, v] : now) last[k] = v;
    return now;
  }
  std::vector<std::string> warnings() {
    std::vector<std::string> out;
    for (const auto& warning : syncer.take_warnings()) out.push_back(warning.fact);
    return out;
  }
};

}  // namespace

TEST_CASE("odd values go through as in Felix") {
  struct Case {
    std::string name, key, spec, want;
  };
  for (const auto& c : {
           Case{"a path with exact and prefix", "globalnetworkpolicies/x",
                R"({"ingress":[{"http":{"paths":[{"prefix":"/p","exact":"/e"}]}}]})",
                R"("paths":[{"exact":"/e","prefix":"/p"}])"},
           Case{"an empty protocol", "globalnetworkpolicies/x",
                R"({"ingress":[{"protocol":"","notProtocol":0}]})",
                R"("protocol":"","!protocol":0)"},
           Case{"empty networks of a source", "globalnetworkpolicies/x",
                R"({"ingress":[{"source":{"nets":[""]},"destination":{"nets":[""]}}]})",
                R"([{"src_nets":["\u003cnil\u003e"]}])"},
           Case{"numbers that fit no kernel", "globalnetworkpolicies/x",
                R"({"ingress":[{"ipVersion":4294967296}]})", R"("ip_version":4294967296)"},
           Case{"digits are a name where an object was converted",
                "kubernetesclusternetworkpolicies/x",
                R"({"ingress":[{"source":{"ports":["80",80,"1:2"]}}]})",
                R"("src_ports":["80",80,"1:2"])"},
           Case{"digits are a number elsewhere", "globalnetworkpolicies/x",
                R"({"ingress":[{"source":{"ports":["80"]}}]})", R"("src_ports":[80])"},
           Case{"an empty network of a set", "globalnetworksets/x", R"({"nets":["","1.2.3.4"]})",
                R"(["\u003cnil\u003e","1.2.3.4/32"])"},
           Case{"a mapped network", "globalnetworksets/x", R"({"nets":["::ffff:10.0.0.1/80"]})",
                R"(["::/80"])"},
           Case{"a long MAC address", "workloadendpoints/ns/n-k8s-p-eth0",
                R"({"ipNetworks":["1.2.3.4"],"mac":"01:02:03:04:05:06:07:08"})",
                R"("mac":"01:02:03:04:05:06:07:08")"},
       }) {
    DYNAMIC_SECTION(c.name) {
      Told told;
      const auto now = told.put(v3 + c.key, R"({"metadata":{"name":"x"},"spec":)" + c.spec + "}");
      REQUIRE(now.size() == 1);
      INFO(now.begin()->second);
      CHECK(now.begin()->second.find(c.want) != std::string::npos);
    }
  }
}

TEST_CASE("what Felix's syncer dies of is told under the resource's own key, until it is over") {
  struct Case {
    std::string name, key, bad, good;
  };
  for (const auto& c : {
           Case{"an endpoint with an empty network", "workloadendpoints/ns/n-k8s-p-eth0",
                R"({"ipNetworks":[""]})", R"({"ipNetworks":["1.2.3.4"]})"},
           Case{"a failsafe port with a bad network", "felixconfigurations/default",
                R"({"failsafeInboundHostPorts":[{"port":1,"net":"bad"}]})", "{}"},
           Case{"the same under a selector", "felixconfigurations/some",
                R"({"failsafeInboundHostPorts":[{"port":1,"net":"bad"}]})", "{}"},
           Case{"cluster information of one node", "clusterinformations/node.a", "{}", ""},
           Case{"a field that the validator takes for a list", "felixconfigurations/some",
                R"({"bpfExportBufferSizeMB":1})", "{}"},
       }) {
    DYNAMIC_SECTION(c.name) {
      const std::string key = v3 + c.key;
      std::vector<Update> updates;
      Syncer syncer;
      const auto put = [&](const std::string& spec) {
        updates.clear();
        const std::string text = R"({"metadata":{"name":"some"},"spec":)" + spec + "}";
        syncer.apply(key, spec.empty() ? std::nullopt : std::optional<std::string_view>(text),
                     updates);
        const auto at = std::find_if(updates.begin(), updates.end(), [&](const Update& update) {
          return key_text(update.key) == key;
        });
        return at == updates.end() ? ValuePtr() : at->value;
      };
      const ValuePtr fatal = put(c.bad);
      REQUIRE(fatal);
      CHECK(std::holds_alternative<FelixPanic>(*fatal));
      const ValuePtr after = put(c.good);
      CHECK((!after || !std::holds_alternative<FelixPanic>(*after)));
    }
  }
}

TEST_CASE("selectors of policies take namespaces and service accounts in") {
  struct Case {
    std::string name, key, spec, want;
  };
  for (const auto& c : {
           Case{"own namespace alone", "networkpolicies/shop/p", "{}",
                "projectcalico.org/namespace == 'shop'"},
           Case{"selector and own namespace", "networkpolicies/shop/p",
                R"({"selector":"a == 'b'"})",
                "(a == 'b') && projectcalico.org/namespace == 'shop'"},
           Case{"namespace selector", "globalnetworkpolicies/p",
                R"-({"selector":"x == 'y'","namespaceSelector":"all()"})-",
                "(x == 'y') && has(projectcalico.org/namespace)"},
           Case{"service account selector", "globalnetworkpolicies/p",
                R"({"serviceAccountSelector":"role == 'db'"})", "pcsa.role == \"db\""},
           Case{"a bad namespace selector is ignored", "globalnetworkpolicies/p",
                R"({"selector":"x == 'y'","namespaceSelector":"!!!"})", "x == 'y'"},
       }) {
    DYNAMIC_SECTION(c.name) {
      Told told;
      told.put(v3 + c.key, R"({"metadata":{"name":"p","namespace":")" +
                               std::string(c.key[0] == 'n' ? "shop" : "") + R"("},"spec":)" +
                               c.spec + "}");
      REQUIRE(told.policies.size() == 1);
      CHECK(told.policies[0].selector.str() == c.want);
    }
  }
}

TEST_CASE("one side of a rule folds everything into its selector") {
  Told told;
  told.put(v3 + "globalnetworkpolicies/p", R"-({"metadata":{"name":"p"},"spec":{
    "ingress":[{"action":"Pass","protocol":"TCP","source":{"selector":"a == 'b'",
      "namespaceSelector":"global()","serviceAccounts":{"names":["x","y"]},
      "nets":["10.0.0.1","bad"]}}]}})-");
  REQUIRE(told.policies.size() == 1);
  const Rule& rule = told.policies[0].inbound.at(0);
  CHECK(rule.action == Symbol("next-tier"));
  CHECK(rule.protocol == Protocol{Symbol("tcp"), 0});
  CHECK(rule.source.nets == std::vector{*Cidr::parse("10.0.0.1/32")});
  CHECK(rule.source.selector.str() ==
        "(!has(projectcalico.org/namespace)) && "
        "((projectcalico.org/serviceaccount in {\"x\", \"y\"}) && (a == 'b'))");
  CHECK(told.warnings() ==
        std::vector<std::string>{"GlobalNetworkPolicy 'p': 'bad' is no network and is ignored"});
}

TEST_CASE("of two pools with one CIDR the first by name holds") {
  const auto pool = [](const std::string& name, const std::string& mode) {
    return R"({"metadata":{"name":")" + name + R"("},"spec":{"cidr":"10.0.0.0/16","ipipMode":")" +
           mode + R"("}})";
  };
  const std::string key = "/calico/v1/ipam/v4/pool/10.0.0.0-16";
  Told told;
  told.put(v3 + "ippools/b", pool("b", "Always"));
  CHECK(told.last[key].find("always") != std::string::npos);
  told.put(v3 + "ippools/a", pool("a", "Never"));
  CHECK(told.last[key].find("always") == std::string::npos);
  CHECK(told.put(v3 + "ippools/b", pool("b", "CrossSubnet")).empty());
  CHECK(told.warnings() ==
        std::vector<std::string>{"IPPool 'b': has no effect, since 'a' comes first"});
  told.put(v3 + "ippools/a", std::nullopt);
  CHECK(told.last[key].find("cross-subnet") != std::string::npos);
  told.put(v3 + "ippools/b", std::nullopt);
  CHECK(told.last[key].empty());
}

TEST_CASE("what cannot be read counts as deleted and is said each time") {
  Told told;
  const std::string key = v3 + "tiers/t";
  CHECK(told.put(key, R"({"spec":{"order":5,"defaultAction":"Pass"}})").begin()->second ==
        R"({"order":5,"defaultAction":"Pass"})");
  CHECK(told.put(key, R"({"spec":{"order":"x"}})").begin()->second.empty());
  const std::vector<std::string> fact{
      "Tier 't': spec.order: want a number, got text; treated as deleted"};
  CHECK(told.warnings() == fact);
  told.put(key, R"({"spec":{"order":"x"}})");
  CHECK(told.warnings() == fact);
  CHECK(told.put(key, "{").begin()->second.empty());
  CHECK(told.warnings().size() == 1);
  CHECK(told.put(key, "{}").begin()->second == R"({"defaultAction":"Deny"})");
  CHECK(told.warnings().empty());
}

TEST_CASE("parameters that annotations set go with them") {
  Told told;
  const std::string key = v3 + "felixconfigurations/node.n";
  const auto now =
      told.put(key, R"({"metadata":{"annotations":{"config.projectcalico.org/Hidden":"1"}},
               "spec":{"ipipMTU":1400}})");
  CHECK(now.at("/calico/v1/host/n/config/Hidden") == "1");
  CHECK(now.at("/calico/v1/host/n/config/IpInIpMtu") == "1400");
  CHECK(now.at("/calico/v1/host/n/config/LogSeverityScreen").empty());
  CHECK(told.put(key, R"({"spec":{}})").at("/calico/v1/host/n/config/Hidden").empty());
}

TEST_CASE("a node is taken apart") {
  Told told({true, true, {}});
  const auto now = told.put(v3 + "nodes/n", R"({"spec":{"bgp":{"ipv4Address":"192.0.2.1/24",
      "ipv4IPIPTunnelAddr":"oops"},"ipv4VXLANTunnelAddr":"10.0.0.1"},
      "status":{"podCIDRs":["10.1.0.0/24"]}})");
  CHECK(now.at("/calico/v1/host/n/bird_ip") == "192.0.2.1");
  CHECK(now.at("/calico/v1/host/n/config/IPv4VXLANTunnelAddr") == "10.0.0.1");
  CHECK(now.at("/calico/v1/host/n/config/IpInIpTunnelAddr").empty());
  CHECK(now.count("/calico/ipam/v2/assignment/ipv4/block/10.1.0.0-24") == 1);
  CHECK(told.warnings() ==
        std::vector<std::string>{"Node 'n': bgp.ipv4IPIPTunnelAddr: 'oops' is no address"});
  CHECK(told.put(v3 + "nodes/n", std::nullopt)
            .at("/calico/ipam/v2/assignment/ipv4/block/10.1.0.0-24")
            .empty());
}

TEST_CASE("workload endpoints cannot pretend to be of another namespace") {
  Told told;
  const auto now = told.put(v3 + "workloadendpoints/shop/node--a-k8s-web--1-eth0",
                            R"({"metadata":{"labels":{"pcns.team":"x","pcsa.role":"y","app":"web"}},
          "spec":{"ipNetworks":["10.0.0.1/32"],"serviceAccountName":"sa","interfaceName":"cali1",
                  "ports":[{"port":80},{"name":"h","protocol":"TCP","port":80}]}})");
  CHECK(now.begin()->first == "/calico/v1/host/node-a/workload/k8s/shop%2fweb-1/endpoint/eth0");
  CHECK(now.begin()->second == R"({"state":"active","name":"cali1","ipv4_nets":["10.0.0.1/32"],)"
                               R"("labels":{"app":"web","projectcalico.org/serviceaccount":"sa"},)"
                               R"("ports":[{"name":"h","protocol":"tcp","port":80}]})");
  CHECK(told.put(v3 + "workloadendpoints/shop/node--a-k8s-web--1-eth0", R"({"spec":{}})")
            .begin()
            ->second.empty());
  CHECK(told.put(v3 + "workloadendpoints/shop/short", "{}").empty());
}

TEST_CASE("v1 keys pass through, and keys that Felix does not watch are silent") {
  Told told({false, false, {}});
  CHECK(told.put("/calico/v1/config/A", "b").at("/calico/v1/config/A") == "b");
  CHECK(told.put("/calico/v1/config/A", std::nullopt).at("/calico/v1/config/A").empty());
  CHECK(told.put("/calico/felix/v2/x/host/n/status", "{}").empty());
  CHECK(told.put(v3 + "ipreservations/r", "{}").empty());
  CHECK(told.put(v3 + "kubernetesservice/shop/s", "{}").empty());
}

TEST_CASE("Felix v3.28 knows policies by name alone, and neither tiers nor staged policies") {
  Told told({true, false, facts_of(FelixVersion::v3_28)});
  told.put(v3 + "networkpolicies/shop/default.p", R"({"spec":{"tier":"security"}})");
  REQUIRE(told.policies.size() == 1);
  CHECK(told.policies[0].tier == Symbol("default"));
  told.put(v3 + "globalnetworkpolicies/default.g", R"({"spec":{}})");
  CHECK(told.put(v3 + "tiers/security", R"({"spec":{}})").empty());
  CHECK(told.put(v3 + "stagednetworkpolicies/shop/p", R"({"spec":{}})").empty());
  CHECK(told.put(v3 + "bgppeers/b", R"({"spec":{}})").empty());
  std::vector<Update> updates;
  told.syncer.apply(v3 + "networkpolicies/shop/default.p", std::nullopt, updates);
  REQUIRE(updates.size() == 1);
  CHECK(std::get<PolicyKey>(updates[0].key) == PolicyKey{{}, {}, Symbol("shop/default.p")});
}
