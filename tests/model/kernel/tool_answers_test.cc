// SPDX-License-Identifier: Apache-2.0
// The simulated iptables and nft against what the real tools answered, rule by rule.
#include <fstream>

#include "model/kernel/iptables_text.h"
#include "model/kernel/nft_text.h"
#include "model/kernel/simulated_kernel.h"

using namespace felixsim;

namespace {

std::vector<std::vector<std::string>> rows_of(const std::string& file) {
  std::ifstream in("tests/vectors/kernel/" + file);
  REQUIRE(in);
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::vector<std::string> row(1);
    for (const char c : line)
      if (c == '\t')
        row.emplace_back();
      else
        row.back() += c;
    row.resize(5);
    rows.push_back(row);
  }
  return rows;
}

const IptTable& table_of(const KernelState& state, const std::string& tool,
                         const std::string& table) {
  const auto family = tool.starts_with("ip6") ? IpFamily::v6 : IpFamily::v4;
  const auto backend = tool.ends_with("legacy") ? IptBackend::legacy : IptBackend::nft;
  return state.iptables.at({family, backend}).at(table);
}

}  // namespace

TEST_CASE("a rule is accepted or refused as iptables does, and kept in iptables-save's words") {
  KernelState initial = empty_kernel();
  initial.lacks = {"ip_vs"};
  for (const auto& row : rows_of("iptables_rules.tsv")) {
    const auto& [tool, table, rc, rule, saved] = std::tie(row[0], row[1], row[2], row[3], row[4]);
    CAPTURE(tool, table, rule);
    SimulatedKernel kernel(initial);
    REQUIRE(kernel
                .apply(CommandOp{"ipset restore",
                                 "create s1 hash:ip\ncreate s6 hash:ip family inet6\n"})
                .rc == 0);
    const auto answer = kernel.apply(
        CommandOp{tool + "-restore --noflush",
                  fmt::format("*{}\n:c1 - -\n:tc - -\n-A tc {}\nCOMMIT\n", table, rule)});
    CAPTURE(answer.text);
    CHECK(answer.rc == std::stoi(rc));
    if (answer.rc == 0 && rc == "0")
      CHECK(table_of(kernel.state(), tool, table).at("tc").rules == std::vector{saved});
    if (answer.rc != 0)
      for (const auto& [name, chains] : kernel.state().iptables.begin()->second)
        CHECK(!chains.contains("tc"));
  }
}

TEST_CASE("a saved rule is its own canonical form") {
  for (const auto& row : rows_of("iptables_rules.tsv")) {
    if (row[2] != "0") continue;
    const IptDialect dialect{row[0].starts_with("ip6") ? IpFamily::v6 : IpFamily::v4,
                             row[0].ends_with("legacy") ? IptBackend::legacy : IptBackend::nft};
    CAPTURE(row[4]);
    const auto parsed = parse_ipt_rule(row[4], dialect);
    REQUIRE(parsed);
    // The kernel's rounding of a rate is not stable under a second writing.
    if (row[4].find("--limit 303/sec") == std::string::npos) CHECK(parsed->text == row[4]);
  }
}

TEST_CASE("a rule is accepted or refused as nft does, and kept in the words of nft list") {
  for (const auto& row : rows_of("nft_rules.tsv")) {
    const auto& [family, rc, rule, printed, anonymous] =
        std::tie(row[0], row[1], row[2], row[3], row[4]);
    CAPTURE(family, rule);
    SimulatedKernel kernel;
    std::string setup =
        fmt::format("add table {0} t\nadd chain {0} t c\nadd chain {0} t x\n", family);
    if (family != "arp")
      setup += fmt::format(
          "add set {0} t s {{ type {1} ; flags interval ; }}\n"
          "add set {0} t p {{ type {1} . inet_proto . inet_service ; }}\n",
          family, family == "ip" ? "ipv4_addr" : "ipv6_addr");
    REQUIRE(kernel.apply(CommandOp{"nft -f -", setup}).rc == 0);
    const auto before = kernel.state().nft.at({family, "t"}).last_handle;
    const auto answer = kernel.apply(
        CommandOp{"nft -f -", fmt::format("add rule {} t x {} comment \"zz\"\n", family, rule)});
    CAPTURE(answer.text);
    CHECK(answer.rc == std::stoi(rc));
    const auto& table = kernel.state().nft.at({family, "t"});
    if (answer.rc != 0 || rc != "0") continue;
    REQUIRE(table.chains.at("x").rules.size() == 1);
    const auto& kept = table.chains.at("x").rules[0];
    CHECK(kept.text == printed);
    CHECK(kept.comment == "zz");
    CHECK(kept.handle == before + 1 + std::stoul(anonymous));
    // A set that has become one element by merging is printed as a set, but written as a value.
    if (printed.find("{ ") != std::string::npos && printed.find(", ") == std::string::npos)
      continue;
    const auto again = parse_nft_rule(printed, family);
    REQUIRE(again);
    CHECK(again->rule.text == printed);
  }
}
