// SPDX-License-Identifier: Apache-2.0
#include "model/rules/written_rules.h"

#include "model/rules/render.h"
#include "tests/model/rules/rules_support.h"

using namespace felixsim;
using namespace felixsim::rules;

namespace {

std::vector<rules::Rule> some_rules(Dialect dialect) {
  const RuleBuilder rule(dialect, IpFamily::v4);
  return {RuleBuilder(rule).comment("Why; not?").mark_clear(0x20000).jump("cali-a"),
          RuleBuilder(rule).comment("One").comment(std::string(300, 'x')).drop(),
          RuleBuilder(rule).source_set("cali40s").return_(), rules::Rule{}};
}

}  // namespace

TEST_CASE("A rule is written as the whole chain's text has it") {
  const Chain chain{"cali-b", some_rules(Dialect::iptables)};
  const WrittenRules written = write_rules(chain.rules, Dialect::iptables);
  const RuleHashes hashes = hashes_of_rules(chain.name, written);
  std::string lines, want;
  for (size_t i = 0; i < hashes.size(); ++i)
    append_line(lines, "-A ", chain.name, 0, hashes[i], written.rules[i]);
  for (const auto& line : append_texts(chain)) want += line + "\n";
  CHECK(lines == want);
  CHECK(lines.size() <= lines_length(chain.name, written));
  std::string replaced;
  append_line(replaced, "-R ", chain.name, 2, hashes[1], written.rules[1]);
  CHECK(replaced == replace_text(chain.rules[1], chain.name, 2, hashes[1].view()) + "\n");
}

TEST_CASE("An nft comment keeps its room for the hash") {
  const auto rules = some_rules(Dialect::nft);
  const WrittenRules written = write_rules(rules, Dialect::nft);
  const RuleHashes hashes = hashes_of_rules("filter-cali-b", written);
  for (size_t i = 0; i < rules.size(); ++i) {
    const std::string comment =
        "cali:" + std::string(hashes[i].view()) + ";" + written.rules[i].comment;
    CHECK(comment == nft_comment(rules[i], hashes[i].view()));
    CHECK(written.rules[i].text == nft_text(rules[i]));
  }
  CHECK(written.ip_sets == std::vector<std::string>{"cali40s"});
}

TEST_CASE("A written rule knows the chain that it goes to") {
  for (const Dialect dialect : {Dialect::iptables, Dialect::nft}) {
    const WrittenRules written = write_rules(some_rules(dialect), dialect);
    CHECK(written.rules[0].target() == "cali-a");
    CHECK(written.rules[1].target().empty());
  }
}

TEST_CASE("Hashes of any length are told apart, and none is the empty one") {
  const RuleHash none(""), usual("0123456789abcdef"), other("OLD INSERT RULE"), third("H");
  CHECK(none.empty());
  CHECK(none == RuleHash());
  CHECK(usual.view() == "0123456789abcdef");
  CHECK_FALSE(other.empty());
  CHECK(other != third);
  CHECK(other == RuleHash("OLD INSERT RULE"));
}
