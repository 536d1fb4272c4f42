// SPDX-License-Identifier: Apache-2.0
#include "felixsim/near_name.h"

using namespace felixsim;

TEST_CASE("the name that was perhaps meant is near, in any case, or has a namespace in front") {
  const std::vector<std::string_view> known{"iptables", "ipsets", "shop/web", "shop/db", "x"};
  struct Case {
    std::string name, word, near;
  };
  for (const auto& c :
       {Case{"a letter too few", "ipset", "ipsets"}, Case{"other case", "IPTABLES", "iptables"},
        Case{"without its namespace", "web", "shop/web"}, Case{"far from all", "routes", ""},
        Case{"a name shorter than what is wrong with it", "y", ""}, Case{"nothing", "", ""},
        Case{"too long to be a typing error", std::string(65, 'x'), ""}})
    DYNAMIC_SECTION(c.name) { CHECK(nearest_name(c.word, known) == c.near); }
}

TEST_CASE("the help begins with what was perhaps meant, and only then") {
  const std::vector<std::string_view> known{"tcp", "udp"};
  CHECK(use_one_of("tpc", known) == "did you mean 'tcp'? use one of tcp, udp");
  CHECK(use_one_of("carrier-pigeon", known) == "use one of tcp, udp");
}
