// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/value_text.h"

#include <catch2/catch.hpp>

#include "model/datastore/value_json.h"

using namespace felixsim;

namespace {

const Key endpoint_key = parse_key("/calico/v1/host/n/workload/k8s/ns%2fp/endpoint/eth0").key;
const Key policy_key = parse_key("/calico/v1/policy/GlobalNetworkPolicy//p").key;

// What is read, printed again; or the error.
std::string reread(const Key& key, std::string_view text) {
  const auto value = parse_value(key, text);
  return value ? value_text(**value) : "error: " + value.error().message;
}

}  // namespace

TEST_CASE("JSON is read as leniently and as strictly as Go reads it") {
  struct Case {
    std::string name, json, want;
  };
  for (const auto& c : {
           Case{"names match in any case", R"({"Name":"cali1","MAC":"EE:ee:ee:ee:ee:ee"})",
                R"({"name":"cali1","mac":"ee:ee:ee:ee:ee:ee"})"},
           Case{"unknown names are ignored", R"({"name":"a","x":{"y":[1,{}]}})", R"({"name":"a"})"},
           Case{"null is as good as absent", R"({"name":null,"ipv4_nets":null,"mac":null})", "{}"},
           Case{"null alone is an empty object", "null", "{}"},
           Case{"the last of equal names wins", R"({"name":"a","name":"b"})", R"({"name":"b"})"},
           Case{"the last of equal labels wins", R"({"labels":{"a":"1","b":"2","a":"3"}})",
                R"({"labels":{"a":"3","b":"2"}})"},
           Case{"a bare address is a single address", R"({"ipv4_nets":["10.0.0.1"]})",
                R"({"ipv4_nets":["10.0.0.1/32"]})"},
           Case{"a null among networks is one without address",
                R"({"ipv4_nets":[null],"allow_spoofed_source_ips":[null]})",
                R"({"ipv4_nets":["\u003cnil\u003e"],)"
                R"("allow_spoofed_source_ips":["\u003cnil\u003e"]})"},
           Case{"bad UTF-8 is replaced", "{\"name\":\"a\xff\"}", "{\"name\":\"a\xef\xbf\xbd\"}"},
           Case{"so is half a surrogate pair", R"({"name":"\ud800"})",
                "{\"name\":\"\xef\xbf\xbd\"}"},
           Case{"a huge number that nobody reads does no harm",
                R"({"x":123456789012345678901234567890})", "{}"},
           Case{"a number is no text", R"({"name":1})", "error: name: want text, got a number"},
           Case{"a list is no object", "[]", "error: want an object, got a list"},
           Case{"an error tells the place", R"({"ipv4_nets":["10.0.0.1","x"]})",
                "error: ipv4_nets.1: 'x' is no network"},
           Case{"a fraction is no port", R"({"ports":[{"name":"a","port":80.5}]})",
                "error: ports.0.port: want an integer from 0 to 65535"},
           Case{"a port has 16 bits", R"({"ports":[{"name":"a","port":65536}]})",
                "error: ports.0.port: want an integer from 0 to 65535"},
       }) {
    DYNAMIC_SECTION(c.name) { CHECK(reread(endpoint_key, c.json) == c.want); }
  }
  CHECK(reread(endpoint_key, "{").starts_with("error: not JSON"));
  CHECK(reread(endpoint_key, "{} x").starts_with("error: not JSON"));
}

TEST_CASE("rules keep their networks in Felix's order") {
  CHECK(reread(policy_key, R"({"selector":"a","inbound_rules":[
           {"src_net":"9.0.0.0/8","src_nets":["10.0.0.0/8",null],"dst_ports":[80,"1:2","http"],
            "protocol":"6","!protocol":"udp","icmp_type":0}]})") ==
        R"({"inbound_rules":[{"protocol":6,"!protocol":"udp","icmp_type":0,)"
        R"("src_nets":["10.0.0.0/8","9.0.0.0/8"],"dst_ports":[80,"1:2","http"]}],"selector":"a"})");
}

TEST_CASE("bare values are no JSON") {
  CHECK(reread(parse_key("/calico/v1/config/A").key, "x y") == "x y");
  CHECK(reread(parse_key("/calico/v1/Ready").key, "true") == "true");
  CHECK(reread(parse_key("/calico/v1/Ready").key, "True") == "false");
  CHECK(reread(parse_key("/calico/v1/host/n/bird_ip").key, "192.0.2.1") == "192.0.2.1");
  CHECK(reread(parse_key("/calico/v1/host/n/bird_ip").key, "nonsense").empty());
}

TEST_CASE("the tier of a legacy policy comes from its key") {
  const auto value =
      parse_value(parse_key("/calico/v1/policy/tier/sec/policy/p"), R"({"tier":"x"})");
  REQUIRE(value);
  CHECK(std::get<Policy>(**value).tier == Symbol("sec"));
}

TEST_CASE("a v3 resource that the graph takes as it is is read where Felix reads it") {
  const auto value =
      parse_value(parse_key("/calico/resources/v3/projectcalico.org/nodes/n").key,
                  R"({"metadata":{"labels":{"rack":"r1"}},"spec":{"bgp":{"asNumber":"1.2",
          "ipv4Address":"192.0.2.1/24"},"addresses":[{"address":"192.0.2.9","type":"InternalIP"}]}})");
  REQUIRE(value);
  const Node& node = std::get<Node>(**value);
  CHECK(node.has_bgp);
  CHECK(node.bgp_as_number == "65538");
  CHECK(node.addresses.size() == 1);
  CHECK(node.labels->front().second == Symbol("r1"));
}

TEST_CASE("a selector-scoped FelixConfiguration carries raw parameters") {
  const auto value = parse_value(
      parse_key("/calico/resources/v3/projectcalico.org/felixconfigurations/racked").key,
      R"({"metadata":{"creationTimestamp":"2024-01-01T00:00:00Z",
                      "annotations":{"config.projectcalico.org/Hidden":"x","other":"y"}},
          "spec":{"nodeSelector":"rack == 'r1'","routeRefreshInterval":"1m30s","ipv6Support":false,
                  "iptablesLockProbeInterval":"55ms","failsafeInboundHostPorts":[],
                  "failsafeOutboundHostPorts":[{"protocol":"UDP","port":53,"net":"fd00::/8"}],
                  "routeTableRanges":[{"min":1,"max":2},{"min":4,"max":5}],"bpfLogLevel":"",
                  "healthTimeoutOverrides":[{"name":"a","timeout":"90s"}]}})");
  REQUIRE(value);
  const auto& config = std::get<FelixConfiguration>(**value);
  CHECK(config.node_selector == Symbol("rack == 'r1'"));
  CHECK(config.config == StringMap{{"Hidden", "x"},
                                   {"RouteRefreshInterval", "90"},
                                   {"Ipv6Support", "false"},
                                   {"IptablesLockProbeIntervalMillis", "55"},
                                   {"FailsafeInboundHostPorts", "none"},
                                   {"FailsafeOutboundHostPorts", "udp:[fd00::/8]:53"},
                                   {"RouteTableRanges", "1-2,4-5"},
                                   {"HealthTimeoutOverrides", "a=1m30s"}});
}
