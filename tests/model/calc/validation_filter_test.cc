// SPDX-License-Identifier: Apache-2.0
#include "model/calc/validation_filter.h"
#include "model/calc/validation_text.h"
#include "model/datastore/key_text.h"
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

bool valid_spec(const std::string& kinds, const std::string& spec) {
  return valid("/calico/resources/v3/projectcalico.org/" + kinds + "/x",
               R"({"spec":)" + spec + "}");
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
  CHECK((is_port_name("http-2") && !is_port_name("80") && !is_port_name("a--b") &&
         !is_port_name("UP")));
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
    return valid("/calico/resources/v3/projectcalico.org/nodes/x",
                 R"({"status":{"wireguardPublicKey":")" + key + R"("}})");
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
        R"("featureGates":"a")", R"("healthTimeoutOverrides":[{"name":"","timeout":"1s"}])"}) {
    DYNAMIC_SECTION(bad) { CHECK_FALSE(felix("{" + bad + "}")); }
  }
}
