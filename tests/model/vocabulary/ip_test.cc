// SPDX-License-Identifier: Apache-2.0
#include "felixsim/ip.h"

using felixsim::Cidr;
using felixsim::Ip;
using felixsim::IpPrefix;
using felixsim::Mac;

TEST_CASE("an address prints as Go prints it") {
  struct Case {
    std::string text, want;
  };
  for (const auto& c :
       {Case{"10.0.0.1", "10.0.0.1"}, Case{"::", "::"}, Case{"::1", "::1"},
        Case{"2001:DB8::0:1", "2001:db8::1"}, Case{"1:0:0:2:0:0:0:3", "1:0:0:2::3"},
        Case{"1:0:0:2:3:0:0:4", "1::2:3:0:0:4"}, Case{"fe80:0:1:2:3:4:5:6", "fe80:0:1:2:3:4:5:6"},
        Case{"1::", "1::"}, Case{"::ffff:1.2.3.4", "1.2.3.4"}, Case{"::1.2.3.4", "::102:304"}})
    DYNAMIC_SECTION(c.text) {
      const auto ip = Ip::parse(c.text);
      REQUIRE(ip);
      CHECK(ip->str() == c.want);
    }
}

TEST_CASE("text that Go refuses is no address") {
  for (const std::string text :
       {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", "1..2.3", "1.2.3.-4",
        "fe80::1%eth0", ":::", "12345::", "1.2.3.4/32", "+1.2.3.4"})
    DYNAMIC_SECTION("'" << text << "'") { CHECK_FALSE(Ip::parse(text)); }
}

TEST_CASE("a prefix is masked, and a host prefix keeps its bits") {
  CHECK(Cidr::parse("10.1.2.3/8")->str() == "10.0.0.0/8");
  CHECK(Cidr::parse("fd00::1/64")->str() == "fd00::/64");
  CHECK(Cidr::parse("10.1.2.3/0")->str() == "0.0.0.0/0");
  CHECK(Cidr::parse_cidr_or_ip("10.1.2.3")->str() == "10.1.2.3/32");
  CHECK(IpPrefix::parse("172.16.0.1/24")->str() == "172.16.0.1/24");
  for (const std::string text :
       {"10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "fd00::/129"})
    DYNAMIC_SECTION(text) { CHECK_FALSE(Cidr::parse(text)); }
}

TEST_CASE("a wider prefix contains a narrower one of its own family only") {
  const auto wide = *Cidr::parse("10.0.0.0/8");
  CHECK(wide.contains(*Cidr::parse("10.1.0.0/16")));
  CHECK_FALSE(wide.contains(*Cidr::parse("0.0.0.0/0")));
  CHECK_FALSE(Cidr::parse("::/0")->contains(*Ip::parse("10.0.0.1")));
}

TEST_CASE("a MAC reads in any case and prints in lower case") {
  CHECK(Mac::parse("EE:ee:00:01:aB:fF")->str() == "ee:ee:00:01:ab:ff");
  for (const std::string text :
       {"", "ee:ee:ee:ee:ee", "ee-ee-ee-ee-ee-ee", "ee:ee:ee:ee:ee:eg", "ee:ee:ee:ee:ee:ee:"})
    DYNAMIC_SECTION(text) { CHECK_FALSE(Mac::parse(text)); }
}

TEST_CASE("networks are read as by net.ParseCIDR") {
  CHECK(Cidr::parse("10.0.0.0/08")->str() == "10.0.0.0/8");
  CHECK(Cidr::parse("10.0.0.0/000")->str() == "0.0.0.0/0");
  CHECK(Cidr::parse("::ffff:10.1.2.3/104")->str() == "10.0.0.0/8");
  CHECK(Cidr::parse("::ffff:10.1.2.3/128")->str() == "10.1.2.3/32");
  for (const std::string bad : {"10.0.0.0/", "10.0.0.0/033", "10.0.0.0/+8", "010.0.0.0/8"}) {
    DYNAMIC_SECTION("not '" << bad << "'") { CHECK(!Cidr::parse(bad)); }
  }
}
