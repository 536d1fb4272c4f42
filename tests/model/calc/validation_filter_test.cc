// SPDX-License-Identifier: Apache-2.0
#include "model/calc/validation_filter.h"
#include "model/datastore/key_text.h"
#include "model/datastore/name_text.h"
#include "model/datastore/value_text.h"

using namespace felixsim;
using namespace felixsim::calc;

namespace {

bool valid(const std::string& key_text, const std::string& value_text, LiveConfig config = {}) {
  const ParsedKey key = parse_key(key_text);
  REQUIRE(key.kind == ParsedKey::Kind::felix);
  const auto value = parse_value(key, value_text);
  INFO(value_text);
  REQUIRE(value.has_value());
  return !find_invalid({key.key, *value}, config);
}

bool valid_rule(const std::string& rule) {
  return valid("/calico/v1/policy/profile/p/rules", R"({"inbound_rules":[)" + rule + "]}");
}

const std::string v3 = "/calico/resources/v3/projectcalico.org/";
const std::string named = R"("metadata":{"name":"x"})";

bool valid_spec(const std::string& kinds, const std::string& spec) {
  return valid(v3 + kinds + "/x", "{" + named + R"(,"spec":)" + spec + "}");
}

const std::string workload = "/calico/v1/host/h/workload/k8s/ns%2fp/endpoint/eth0";

}  // namespace

TEST_CASE("rules: ports need a protocol that has them, numbers need one at all") {
  CHECK(valid_rule(R"({"protocol":"tcp","dst_ports":[80,"http","1:65535"]})"));
  CHECK(valid_rule(R"({"protocol":6,"dst_ports":[80]})"));
  CHECK(valid_rule(R"({"dst_ports":["http"]})"));
  CHECK_FALSE(valid_rule(R"({"dst_ports":[80]})"));
  CHECK_FALSE(valid_rule(R"({"protocol":"icmp","!src_ports":[80]})"));
  CHECK_FALSE(valid_rule(R"({"protocol":"tcp","dst_ports":[0]})"));
  CHECK_FALSE(valid_rule(R"({"protocol":"tcp","dst_ports":["-x"]})"));
}

TEST_CASE("rules: protocols, ICMP, IP versions and selectors have their ranges") {
  CHECK(valid_rule(R"({"protocol":"udplite","ip_version":6})"));
  CHECK(valid_rule(R"({"protocol":"icmp","icmp_type":254,"icmp_code":255})"));
  CHECK_FALSE(valid_rule(R"({"protocol":0})"));
  CHECK_FALSE(valid_rule(R"({"!protocol":"bogus"})"));
  CHECK_FALSE(valid_rule(R"({"protocol":"icmp","icmp_type":255})"));
  CHECK_FALSE(valid_rule(R"({"ip_version":5})"));
  CHECK_FALSE(valid_rule(R"({"src_selector":"a == "})"));
  CHECK_FALSE(valid_rule(R"({"orig_dst_namespace_selector":"((("})"));
}

TEST_CASE("workload endpoints: an interface, known ports, spoofing only where allowed") {
  CHECK(valid(workload, R"({"name":"cali1"})"));
  CHECK_FALSE(valid(workload, "{}"));
  CHECK_FALSE(valid(workload, R"({"name":"c","ports":[{"name":"x","protocol":"icmp","port":1}]})"));
  const std::string spoofing = R"({"name":"c","allow_spoofed_source_ips":["1.0.0.0/8"]})";
  CHECK_FALSE(valid(workload, spoofing));
  CHECK(valid(workload, spoofing, {{}, {}, true}));
}

TEST_CASE("names: interfaces, ports, DNS names, label keys") {
  CHECK((is_interface("*") && is_interface("eth0.1-x_y") && !is_interface("") &&
         !is_interface("sixteen-letters-")));
  CHECK((is_service_port_name("http-2") && !is_service_port_name("80") &&
         !is_service_port_name("a--b") && !is_service_port_name("UP")));
  CHECK((is_subdomain("a.b-c.0") && !is_subdomain("kns.") && !is_subdomain("A") &&
         !is_subdomain("")));
  CHECK((is_qualified_name("a.io/B_c") && !is_qualified_name("/b") && !is_qualified_name("a/b/c")));
  CHECK((is_label_value("") && is_label_value("A.b") && !is_label_value("-a")));
}

TEST_CASE("BGP peers: what cannot be said together") {
  const auto peer = [](const std::string& spec) { return valid_spec("bgppeers", spec); };
  CHECK(peer(R"({"localWorkloadSelector":"a == 'b'","asNumber":5})"));
  CHECK_FALSE(peer(R"({"localWorkloadSelector":"a == 'b'"})"));
  CHECK_FALSE(peer(R"({"localWorkloadSelector":"a == 'b'","asNumber":5,"peerIP":"1.2.3.4"})"));
  CHECK_FALSE(peer(R"({"peerSelector":"a == 'b'","asNumber":"1.2"})"));
  CHECK_FALSE(peer(R"({"keepOriginalNextHop":true,"nextHopMode":"Auto"})"));
  for (const std::string ip : {"1.2.3.4", "1.2.3.4:179", "fd00::1", "[fd00::1]:179"})
    CHECK(peer(R"({"peerIP":")" + ip + R"("})"));
  for (const std::string ip : {"x", "1.2.3.4:0", "1.2.3.4:99999", "1.2.3.4/32", "[fd00::1]"})
    CHECK_FALSE(peer(R"({"peerIP":")" + ip + R"("})"));
  CHECK(peer(R"({"peerIP":"1.2.3.4","reachableBy":"1.2.3.5","sourceAddress":"None"})"));
  CHECK_FALSE(peer(R"({"peerIP":"1.2.3.4","reachableBy":"fd00::1"})"));
  CHECK_FALSE(peer(R"({"filters":["A B"]})"));
}

TEST_CASE("BGP configurations: communities are named or numbers, a mesh for what needs one") {
  const auto bgp = [](const std::string& spec) { return valid_spec("bgpconfigurations", spec); };
  const auto advertised = [&](const std::string& value, const std::string& used) {
    return bgp(R"({"communities":[{"name":"c","value":")" + value +
               R"("}],"prefixAdvertisements":[{"cidr":"10.0.0.0/8","communities":[")" + used +
               R"("]}]})");
  };
  CHECK((advertised("1:2", "c") && advertised("1:2:3", "4:5")));
  CHECK_FALSE((advertised("x", "c") || advertised("70000:1", "c") || advertised("1:2", "d")));
  CHECK_FALSE(bgp(R"({"communities":[{"name":"c","value":"1:2"}]})"));
  CHECK_FALSE(bgp(R"({"nodeToNodeMeshEnabled":false,"nodeMeshMaxRestartTime":"1s"})"));
  CHECK_FALSE(bgp(R"({"ipv4NormalRoutePriority":0})"));
  CHECK_FALSE(bgp(R"({"logSeverityScreen":"info"})"));
  CHECK((bgp(R"({"ignoredInterfaces":["eth*"]})") && !bgp(R"({"ignoredInterfaces":["*"]})")));
}

TEST_CASE("nodes: no empty BGP, WireGuard keys of 32 bytes, any hardware address") {
  CHECK_FALSE(valid_spec("nodes", R"({"bgp":{}})"));
  CHECK(valid_spec("nodes", R"({"bgp":{"asNumber":0}})"));
  CHECK(valid_spec("nodes", R"({"vxlanTunnelMACAddr":"66aa.bbcc.ddee"})"));
  const auto keyed = [](const std::string& key) {
    return valid(v3 + "nodes/x",
                 "{" + named + R"(,"status":{"wireguardPublicKey":")" + key + R"("}})");
  };
  CHECK(keyed("jlkVyQYooZYzI2wFfNhSZez5eWh44yfq1wKVjLvSXgY="));
  CHECK_FALSE(keyed("key"));
}

TEST_CASE("Felix configurations with a selector: each field's choices and ranges") {
  const auto felix = [](const std::string& spec) {
    return valid_spec("felixconfigurations", spec);
  };
  CHECK(felix(R"({"logSeverityScreen":"Info","bpfAttachType":"TC","openstackRegion":"one"})"));
  for (const std::string bad :
       {R"("logSeverityScreen":"Loud")", R"("bpfAttachType":"")", R"("openstackRegion":"A")",
        R"("ipv4NormalRoutePriority":0)", R"("natOutgoingAddress":"fd00::1")",
        R"("routeTableRange":{"min":0,"max":5})", R"("routeTableRanges":[{"min":5,"max":1}])",
        R"("kubeNodePortRanges":["http"])", R"("externalNodesList":["fd00::/8"])",
        R"("natPortRange":0)", R"("bpfPSNATPorts":"8-0")", R"("bpfDataIfacePattern":"(")",
        R"("routeSource":"[")", R"("bpfLogFilters":{"*":"x"})", R"("featureGates":"a")",
        R"("healthTimeoutOverrides":[{"name":"","timeout":"1s"}])"}) {
    DYNAMIC_SECTION(bad) { CHECK_FALSE(felix("{" + bad + "}")); }
  }
}

TEST_CASE("every v3 resource: its own name counts, not that of its key; annotations and labels") {
  for (const std::string kinds :
       {"nodes/x", "profiles/x", "kubernetesservice/ns/x", "kubernetesendpointslices/ns/x",
        "bgpconfigurations/x", "bgppeers/x", "felixconfigurations/x", "livemigrations/ns/x"}) {
    const auto with = [&](const std::string& metadata) {
      return valid(v3 + kinds, R"({"metadata":{)" + metadata + "}}");
    };
    DYNAMIC_SECTION(kinds) {
      CHECK(with(R"("name":"other","labels":{"a.b/c":"D"},"annotations":{"A.b/c":"any text"})"));
      CHECK_FALSE(with(""));
      CHECK_FALSE(with(R"("name":"x_y")"));
      CHECK_FALSE(with(R"("name":"x","labels":{"a b":"c"})"));
      CHECK_FALSE(with(R"("name":"x","labels":{"a":"b c"})"));
      CHECK_FALSE(with(R"("name":"x","annotations":{"a/b/c":""})"));
    }
  }
}

TEST_CASE("v3 profiles: rules as calicoctl takes them, labels as Kubernetes does") {
  struct Case {
    std::string name, rule;
    bool valid = false;
  };
  for (const auto& c : {
           Case{"all there is",
                R"("action":"Allow","protocol":"TCP","source":{"nets":["10.0.0.0/8"],
             "selector":"a == 'b'"},"destination":{"ports":[80,"http","1:9"]},
             "http":{"methods":["GET"],"paths":[{"exact":"/a"}]})",
                true},
           Case{"no action", R"("protocol":"TCP")"},
           Case{"an action in lower case", R"("action":"allow")"},
           Case{"a protocol in lower case", R"("action":"Deny","protocol":"tcp")"},
           Case{"no text for a protocol", R"("action":"Deny","protocol":"")"},
           Case{"ports without a protocol", R"("action":"Deny","source":{"ports":[80]})"},
           Case{"ICMP fields without ICMP", R"("action":"Deny","icmp":{"type":8})"},
           Case{"an ICMP code alone", R"("action":"Deny","protocol":"ICMP","icmp":{"code":8})"},
           Case{"ICMP of the other version", R"("action":"Deny","protocol":"ICMP","ipVersion":6)"},
           Case{"an address for a network", R"("action":"Deny","source":{"nets":["10.0.0.1"]})"},
           Case{"bits beyond the length", R"("action":"Deny","source":{"nets":["10.0.0.1/8"]})"},
           Case{"no network at all", R"("action":"Deny","source":{"notNets":["0.0.0.0/0"]})"},
           Case{"both IP versions", R"("action":"Deny","source":{"nets":["10.0.0.0/8"]},
             "destination":{"nets":["fd00::/8"]})"},
           Case{"HTTP that is not allowed", R"("action":"Deny","http":{"methods":["GET"]})"},
           Case{"a path in two ways",
                R"("action":"Allow","http":{"paths":[{"exact":"/a","prefix":"/b"}]})"},
           Case{"endpoints by global()", R"-("action":"Deny","source":{"selector":"global()"})-"},
           Case{"namespaces by global()",
                R"-("action":"Deny","source":{"namespaceSelector":"global()"})-", true},
           Case{"namespaces by global() and more", R"-("action":"Deny",
             "source":{"namespaceSelector":"global() && a == 'b'"})-"},
           Case{"a service and a selector", R"("action":"Deny",
             "source":{"services":{"name":"s"},"selector":"a == 'b'"})"},
           Case{"a service without a name", R"("action":"Deny","source":{"services":{}})"},
           Case{"an annotation", R"("action":"Deny","metadata":{"annotations":{"a b":"c"}})"},
       }) {
    DYNAMIC_SECTION(c.name) {
      CHECK(valid_spec("profiles", R"({"ingress":[{)" + c.rule + "}]}") == c.valid);
    }
  }
  CHECK(valid_spec("profiles", R"({"labelsToApply":{"a":"b"}})"));
  CHECK_FALSE(valid_spec("profiles", R"({"labelsToApply":{"a b":"b"}})"));
}
