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
