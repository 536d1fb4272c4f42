// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "model/datastore/go_duration.h"
#include "model/datastore/go_time.h"
#include "model/datastore/k8s_objects.h"
#include "model/datastore/k8s_policy.h"
#include "model/datastore/quantity.h"
#include "model/datastore/v1_fields.h"

using namespace felixsim;

TEST_CASE("durations are Go's") {
  struct Case {
    std::string text;
    int64_t nanoseconds;
    std::string again;
  };
  for (const auto& c : {Case{"0", 0, "0s"}, Case{"90s", 90000000000, "1m30s"},
                        Case{"1h", 3600000000000, "1h0m0s"}, Case{"1.5s", 1500000000, "1.5s"},
                        Case{"250ms", 250000000, "250ms"}, Case{"10us", 10000, "10\xC2\xB5s"},
                        Case{"7ns", 7, "7ns"}, Case{"-2m3.25s", -123250000000, "-2m3.25s"},
                        Case{"2562047h", 9223369200000000000, "2562047h0m0s"},
                        Case{"1.0000000019s", 1000000001, "1.000000001s"}}) {
    DYNAMIC_SECTION(c.text) {
      CHECK(parse_go_duration(c.text) == c.nanoseconds);
      CHECK(go_duration_text(c.nanoseconds) == c.again);
    }
  }
  for (const std::string bad : {"", "1", "s", "1x", "1.s.", "99999999999999999999h", "-"}) {
    DYNAMIC_SECTION("not '" << bad << "'") { CHECK(!parse_go_duration(bad)); }
  }
}

TEST_CASE("numbers are printed as by %v") {
  CHECK(go_real_text(999999) == "999999");
  CHECK(go_real_text(1e6) == "1e+06");
  CHECK(go_real_text(12345678.5) == "1.23456785e+07");
  CHECK(go_real_text(0.0001) == "0.0001");
  CHECK(go_real_text(0.00001) == "1e-05");
  CHECK(go_real_text(0) == "0");
}

TEST_CASE("times are printed in whole seconds of UTC") {
  CHECK(rfc3339_utc("2024-01-02T03:04:05Z") == "2024-01-02T03:04:05Z");
  CHECK(rfc3339_utc("2024-02-29T00:00:00.75-07:30") == "2024-02-29T07:30:00Z");
  CHECK(rfc3339_utc("2024-01-01T1:00:00+02:00") == "2023-12-31T23:00:00Z");
  for (const std::string bad : {"", "2023-02-29T00:00:00Z", "2024-01-02", "2024-01-02T24:00:00Z",
                                "2024-01-02 03:04:05Z", "2024-01-02T03:04:05", "x"}) {
    DYNAMIC_SECTION("not '" << bad << "'") { CHECK(!rfc3339_utc(bad)); }
  }
}

TEST_CASE("quantities are Kubernetes'") {
  struct Case {
    std::string text;
    int64_t value;
  };
  for (const auto& c :
       {Case{"1", 1}, Case{"1k", 1000}, Case{"0.1k", 100}, Case{"1.5Ki", 1536}, Case{"1m", 1},
        Case{"2500m", 3}, Case{"1e3", 1000}, Case{"1E", 1000000000000000000},
        Case{"4Gi", 4294967296}, Case{"1.01P", 1010000000000000}, Case{"-1500m", -2},
        Case{"10E", 0}, Case{"10Ei", INT64_MAX}, Case{"9223372036854775808", INT64_MIN}}) {
    DYNAMIC_SECTION(c.text) { CHECK(parse_quantity(c.text) == c.value); }
  }
  for (const std::string bad : {"", "k", "1kk", "1 k", "x", "1e", "."}) {
    DYNAMIC_SECTION("not '" << bad << "'") { CHECK(!parse_quantity(bad)); }
  }
}

TEST_CASE("ports are numbers, ranges or names") {
  CHECK(parse_port("80") == Port{80, 80, {}});
  CHECK(parse_port("1:65535") == Port{1, 65535, {}});
  CHECK(parse_port("http-1") == Port{0, 0, Symbol("http-1")});
  for (const std::string bad : {"", "65536", "2:1", "a:1", "a b", "1:"}) CHECK(!parse_port(bad));
}

TEST_CASE("DSCP values are numbers below 64 or known names") {
  CHECK(parse_dscp("46")->value == 46);
  CHECK(parse_dscp("ef")->value == 46);
  CHECK(parse_dscp("ef")->name == Symbol("EF"));
  CHECK(!parse_dscp("64"));
  CHECK(!parse_dscp("nope"));
}

TEST_CASE("MAC addresses come in three spellings and three lengths") {
  CHECK(hardware_address("AA-BB-CC-DD-EE-FF") == "aa:bb:cc:dd:ee:ff");
  CHECK(hardware_address("aabb.ccdd.eeff") == "aa:bb:cc:dd:ee:ff");
  CHECK(hardware_address("01:02:03:04:05:06:07:08") == "01:02:03:04:05:06:07:08");
  CHECK(hardware_address("0102.0304.0506.0708") == "01:02:03:04:05:06:07:08");
  const std::string infiniband = "00:00:00:00:fe:80:00:00:00:00:00:00:02:00:5e:10:00:00:00:01";
  CHECK(hardware_address(infiniband) == infiniband);
  for (const std::string bad : {"", "aa:bb:cc:dd:ee", "aa:bb-cc:dd:ee:ff", "aa:bb:cc:dd:ee:ff:00"})
    CHECK(!hardware_address(bad));
}

TEST_CASE("an empty text where a network may stand is Go's network without address") {
  const auto net = parse_net("");
  REQUIRE(net);
  CHECK(net->is_none());
  CHECK(net->str() == "<nil>");
  CHECK(!net->contains(*Ip::parse("0.0.0.0")));
  CHECK(!Cidr::parse_cidr_or_ip(""));
}

TEST_CASE("an IPv4-mapped network shorter than the mapping is one of IPv6") {
  CHECK(Cidr::parse("::ffff:10.0.0.1/80")->str() == "::/80");
  CHECK(Cidr::parse("::ffff:10.0.0.1/90")->str() == "::ffc0:0:0/90");
  CHECK(Cidr::parse("::ffff:10.1.2.3/104")->str() == "10.0.0.0/8");
  CHECK(!Cidr::parse("10.0.0.1/80"));
}

TEST_CASE("ports that touch become one range") {
  const auto number = [](uint16_t p) { return Port{p, p, {}}; };
  const Port name{0, 0, Symbol("foo")};
  CHECK(simplify_ports({number(82), number(80), name, number(81), number(9090)}) ==
        std::vector<Port>{name, Port{80, 82, {}}, number(9090)});
  CHECK(simplify_ports({number(80), name}) == std::vector<Port>{number(80), name});
}

TEST_CASE("the UID of a derived resource is the reversed one") {
  CHECK(reversed_uid("daca4f31-5374-4953-8a4f-5374daca4f31") ==
        "5b53f28c-ca2e-49ca-8af2-ca2e5b53f28c");
  CHECK(!reversed_uid("u1"));
}
