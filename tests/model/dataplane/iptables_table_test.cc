// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/iptables_table.h"

#include <catch2/catch.hpp>

#include "model/rules/rule_builder.h"
#include "tests/support/fake_kernel.h"

using namespace felixsim;

namespace {

rules::RuleBuilder rule() { return {rules::Dialect::iptables, IpFamily::v4}; }

ChainPtr chain(const std::string& name, std::vector<rules::Rule> rules, bool force = false) {
  return make_chain({name, std::move(rules), force}, rules::Dialect::iptables);
}

rules::WrittenRulesPtr written(std::vector<rules::Rule> rules) {
  return std::make_shared<const rules::WrittenRules>(
      rules::write_rules(rules, rules::Dialect::iptables));
}

IptablesTable filter() {
  IptablesTableConfig config;
  config.name = "filter";
  IptablesTable table(config);
  table.set_hook_rules("FORWARD", written({rule().jump("cali-FORWARD")}));
  table.update_chain(chain("cali-FORWARD", {rule().jump("cali-a")}));
  table.update_chain(chain("cali-a", {rule().accept()}));
  table.update_chain(chain("cali-unused", {rule().drop()}));
  return table;
}

const IptTable& filter_of(const testing::FakeKernel& kernel) {
  return kernel.kernel.iptables.at({IpFamily::v4, IptBackend::nft}).at("filter");
}

}  // namespace

TEST_CASE("Only chains that a hook reaches are programmed") {
  testing::FakeKernel kernel;
  IptablesTable table = filter();
  REQUIRE_FALSE(table.apply(kernel, 0));
  CHECK(filter_of(kernel).contains("cali-a"));
  CHECK_FALSE(filter_of(kernel).contains("cali-unused"));
  kernel.forget();

  SECTION("a chain that is no longer reached goes in a transaction of its own") {
    table.update_chain(chain("cali-FORWARD", {rule().drop()}));
    table.apply(kernel, second);
    CHECK_FALSE(filter_of(kernel).contains("cali-a"));
    std::string input = kernel.inputs("iptables-nft-restore")[0];
    CHECK(input.find("COMMIT\n*filter\n:cali-a - -\n--delete-chain cali-a\nCOMMIT\n") !=
          std::string::npos);
  }
  SECTION("one changed chain touches only itself") {
    table.update_chain(chain("cali-a", {rule().drop()}));
    table.apply(kernel, second);
    std::string input = kernel.inputs("iptables-nft-restore")[0];
    CHECK(input.find("FORWARD") == std::string::npos);
    CHECK(input.starts_with("*filter\n:cali-a - -\n-A cali-a "));
  }
  SECTION("a chain that comes and goes within a batch is not seen") {
    table.update_chain(chain("cali-new", {rule().drop()}, true));
    table.remove_chain("cali-new");
    table.apply(kernel, second);
    CHECK(kernel.ops.empty());
  }
  SECTION("a forced chain is programmed without being reached") {
    table.update_chain(chain("cali-unused", {rule().drop()}, true));
    table.apply(kernel, second);
    CHECK(filter_of(kernel).contains("cali-unused"));
    table.update_chain(chain("cali-unused", {rule().drop()}));
    table.apply(kernel, second);
    CHECK_FALSE(filter_of(kernel).contains("cali-unused"));
  }
}

TEST_CASE("Foreign rules stay, chains and hooks of an earlier Felix go") {
  testing::FakeKernel kernel;
  auto& old = kernel.kernel.iptables[{IpFamily::v4, IptBackend::nft}]["filter"];
  old["FORWARD"].rules = {"-s 192.0.2.1/32 -j DROP", "-j cali-stale"};
  old["cali-stale"].rules = {"-j ACCEPT"};
  old["DOCKER"].rules = {"-j RETURN"};
  IptablesTable table = filter();
  REQUIRE_FALSE(table.apply(kernel, 0));
  const IptTable& now = filter_of(kernel);
  REQUIRE(now.at("FORWARD").rules.size() == 2);
  CHECK(now.at("FORWARD").rules[0].find("cali-FORWARD") != std::string::npos);
  CHECK(now.at("FORWARD").rules[1] == "-s 192.0.2.1/32 -j DROP");
  CHECK_FALSE(now.contains("cali-stale"));
  CHECK(now.contains("DOCKER"));
}

TEST_CASE("What others do to the table is repaired at the next routine check") {
  testing::FakeKernel kernel;
  IptablesTable table = filter();
  table.apply(kernel, 0);
  auto& rules = kernel.kernel.iptables.at({IpFamily::v4, IptBackend::nft}).at("filter");
  auto before = rules;
  rules["FORWARD"].rules.clear();
  rules["cali-a"].rules.push_back("-j DROP");
  table.note_touched(5 * second);
  // Checks come 1, 2, 4, 8 seconds after the write.
  REQUIRE(table.next_check() == 8 * second);
  table.apply(kernel, 6 * second);
  CHECK(rules != before);
  table.apply(kernel, 8 * second);
  CHECK(rules == before);
  CHECK_FALSE(table.next_check());
}

TEST_CASE("A kernel that keeps refusing a table kills Felix after ten retries") {
  testing::FakeKernel kernel;
  kernel.refuses = [](const KernelOp&) { return true; };
  IptablesTable table = filter();
  CHECK(table.apply(kernel, 0).has_value());
  CHECK(kernel.ops.size() == 11);
}
