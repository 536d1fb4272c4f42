// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/ip_sets.h"

#include <catch2/catch.hpp>

#include "tests/support/fake_kernel.h"

using namespace felixsim;

namespace {

std::vector<msg::IpSetMember> nets(std::initializer_list<const char*> texts) {
  std::vector<msg::IpSetMember> members;
  for (const char* text : texts) members.push_back({*Cidr::parse_cidr_or_ip(text), 0, 0});
  return members;
}

}  // namespace

TEST_CASE("IP sets write what differs and only that") {
  testing::FakeKernel kernel;
  IpSets sets(IpFamily::v4, 1000);
  sets.add_or_replace("pools", msg::IpSetType::net, nets({"10.0.0.0/8", "fd00::/8"}));
  REQUIRE_FALSE(sets.apply_updates(kernel));
  CHECK(kernel.inputs("ipset restore") ==
        std::vector<std::string>{"create cali40pools hash:net family inet maxelem 1000\n"
                                 "add cali40pools 10.0.0.0/8\nCOMMIT\n"});
  kernel.forget();

  SECTION("nothing changed: nothing is written") {
    sets.add_or_replace("pools", msg::IpSetType::net, nets({"10.0.0.0/8"}));
    sets.apply_updates(kernel);
    CHECK(kernel.ops.empty());
  }
  SECTION("members come and go one by one") {
    sets.add_members("pools", nets({"11.0.0.0/8"}));
    sets.remove_members("pools", nets({"10.0.0.0/8"}));
    sets.apply_updates(kernel);
    CHECK(kernel.inputs("ipset restore") ==
          std::vector<std::string>{"del cali40pools 10.0.0.0/8 --exist\n"
                                   "add cali40pools 11.0.0.0/8\nCOMMIT\n"});
  }
  SECTION("another type needs a temporary set, which goes later") {
    sets.add_or_replace("pools", msg::IpSetType::ip, nets({"10.0.0.1"}));
    sets.apply_updates(kernel);
    CHECK(kernel.inputs("ipset restore")[0] ==
          "create cali4t0 hash:ip family inet maxelem 1000\nadd cali4t0 10.0.0.1\n"
          "swap cali40pools cali4t0\nCOMMIT\n");
    CHECK_FALSE(sets.apply_deletions(kernel));
    CHECK_FALSE(kernel.kernel.ipsets.contains("cali4t0"));
  }
  SECTION("sets go one an iteration") {
    sets.add_or_replace("other", msg::IpSetType::net, {});
    sets.apply_updates(kernel);
    sets.remove("pools");
    sets.remove("other");
    sets.apply_updates(kernel);
    CHECK(sets.apply_deletions(kernel));
    CHECK_FALSE(sets.apply_deletions(kernel));
    CHECK(kernel.kernel.ipsets.empty());
  }
}

TEST_CASE("After a start, what an earlier Felix left is taken over or removed") {
  testing::FakeKernel kernel;
  for (const char* name : {"cali40pools", "cali40stale", "foreign"}) {
    IpSet& set = kernel.kernel.ipsets[name];
    set.name = name;
    set.type = "hash:net";
    set.family = "inet";
    set.max_elements = 1000;
  }
  kernel.kernel.ipsets["cali40pools"].members = {"10.0.0.0/8", "12.0.0.0/8"};
  IpSets sets(IpFamily::v4, 1000);
  sets.add_or_replace("pools", msg::IpSetType::net, nets({"10.0.0.0/8"}));
  sets.apply_updates(kernel);
  CHECK(kernel.inputs("ipset restore")[0] == "del cali40pools 12.0.0.0/8 --exist\nCOMMIT\n");
  sets.apply_deletions(kernel);
  CHECK_FALSE(kernel.kernel.ipsets.contains("cali40stale"));
  CHECK(kernel.kernel.ipsets.contains("foreign"));
}

TEST_CASE("A kernel that keeps refusing IP sets kills Felix") {
  testing::FakeKernel kernel;
  kernel.refuses = [](const KernelOp& op) { return std::holds_alternative<CommandOp>(op); };
  IpSets sets(IpFamily::v4, 1);
  sets.add_or_replace("pools", msg::IpSetType::net, nets({"10.0.0.0/8"}));
  CHECK(sets.apply_updates(kernel).has_value());
  CHECK(kernel.inputs("ipset restore").size() == 10);
}
