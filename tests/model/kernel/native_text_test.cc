// SPDX-License-Identifier: Apache-2.0
// Native texts: what was recorded is read and printed again byte for byte (or, where the tools'
// order is free, line by line), and what is printed reads back to the same values.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "model/kernel/ipset_text.h"
#include "model/kernel/iptables_text.h"
#include "model/kernel/link_text.h"
#include "model/kernel/nft_text.h"
#include "model/kernel/route_text.h"
#include "model/kernel/sysctl_text.h"

using namespace felixsim;

namespace {

std::string content_of(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Every recorded text in a file of this name, once, with its path: those of this project, and all
// others beside it.
std::vector<std::pair<std::string, std::string>> recorded(const std::string& name) {
  std::vector<std::filesystem::path> paths;
  for (const auto* root : {"tests/vectors/kernel/recorded", "tests/vectors/recording",
                           "../shared/recordings/v3.32", "../shared/recordings/v3.28"}) {
    if (!std::filesystem::exists(root)) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root))
      if (entry.path().filename() == name) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::pair<std::string, std::string>> files;
  std::set<std::string> seen;
  for (const auto& path : paths)
    if (std::string text = content_of(path); seen.insert(text).second)
      files.emplace_back(path.string(), std::move(text));
  REQUIRE(!files.empty());
  return files;
}

std::vector<std::string> sorted_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    if (!line.empty()) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

// The tables of an iptables-save text, sorted: their order is free.
std::vector<std::string> sorted_tables(const std::string& text) {
  std::vector<std::string> tables;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) continue;
    if (line.starts_with('*')) tables.emplace_back();
    tables.back() += line + "\n";
  }
  std::sort(tables.begin(), tables.end());
  return tables;
}

}  // namespace

TEST_CASE("iptables-save text reads and prints byte for byte within each table") {
  for (const auto* name : {"iptables-save.txt", "ip6tables-save.txt"})
    for (const auto& [path, text] : recorded(name)) {
      CAPTURE(path);
      const auto tables = parse_iptables_save(text);
      REQUIRE(tables);
      const auto printed = print_iptables_save(*tables);
      CHECK(sorted_tables(printed) == sorted_tables(text));
      CHECK(parse_iptables_save(printed).value() == *tables);
    }
}

TEST_CASE("every recorded rule is its own canonical form") {
  std::set<std::string> seen;
  for (const auto& [name, family] : {std::pair{"iptables-save.txt", IpFamily::v4},
                                     std::pair{"ip6tables-save.txt", IpFamily::v6}})
    for (const auto& [path, text] : recorded(name)) {
      const auto tables = parse_iptables_save(text);
      REQUIRE(tables);
      for (const auto& [table_name, table] : *tables)
        for (const auto& [chain_name, chain] : table)
          for (const auto& rule : chain.rules) {
            if (!seen.insert(rule).second) continue;
            CAPTURE(path, rule);
            const auto parsed = parse_ipt_rule(rule, {family, IptBackend::nft});
            REQUIRE(parsed);
            CHECK(parsed->text == rule);
          }
    }
}

TEST_CASE("ipset save text reads and prints line by line") {
  for (const auto& [path, text] : recorded("ipset-save.txt")) {
    CAPTURE(path);
    const auto sets = parse_ipset_save(text);
    REQUIRE(sets);
    const auto printed = print_ipset_save(*sets);
    CHECK(sorted_lines(printed) == sorted_lines(text));
    CHECK(parse_ipset_save(printed).value() == *sets);
    for (const auto& [name, set] : *sets)
      for (const auto& member : set.members)
        CHECK(canonical_ipset_member(set, member).value_or("") == member);
  }
}

TEST_CASE("routes and rules read and print line by line") {
  for (const auto& [name, family] :
       {std::pair{"ip-route.txt", IpFamily::v4}, std::pair{"ip6-route.txt", IpFamily::v6}})
    for (const auto& [path, text] : recorded(name)) {
      CAPTURE(path);
      const auto routes = parse_routes(text, family);
      REQUIRE(routes);
      CHECK(print_routes(*routes, family) == text);
    }
  for (const auto& [path, text] : recorded("ip-rule.txt")) {
    CAPTURE(path);
    const size_t gap = text.find("\n\n");
    const auto v4 = parse_rules(text.substr(0, gap + 1), IpFamily::v4);
    const auto v6 = parse_rules(text.substr(gap + 2), IpFamily::v6);
    REQUIRE(v4);
    REQUIRE(v6);
    CHECK(print_rules(*v4, IpFamily::v4) + "\n" + print_rules(*v6, IpFamily::v6) == text);
  }
}

TEST_CASE("a route with every part reads and prints") {
  for (const auto* line : {"10.0.0.0/24 via 10.1.0.1 dev eth0 table 7 proto bird scope site src "
                           "10.1.0.9 metric 5 onlink mtu 1400 ",
                           "unreachable default table 100 ", "blackhole 10.0.0.0/26 proto 80 ",
                           "prohibit 1.2.3.4 metric 7 "}) {
    const auto route = parse_route(line, IpFamily::v4);
    REQUIRE(route);
    CHECK(print_route(*route) == line);
  }
  for (const auto* line : {"", "dev eth0", "10.0.0.0/24 dev", "10.0.0.0/24 via x",
                           "10.0.0.0/24 foo 1", "10.0.0.0/40 dev eth0", "fd00::/64 dev eth0"})
    CHECK(!parse_route(line, IpFamily::v4));
}

TEST_CASE("a rule with every part reads and prints") {
  for (const auto* line :
       {"99:\tnot from all fwmark 0x100000/0x100000 lookup 1",
        "5:\tfrom 10.0.0.0/8 to 10.1.0.1 lookup main", "7:\tfrom all fwmark 0x1 lookup 250"}) {
    const auto rule = parse_rule(line, IpFamily::v4);
    REQUIRE(rule);
    CHECK(print_rule(*rule) == line);
  }
}

TEST_CASE("addresses, neighbours, forwarding entries and sysctls read and print") {
  for (const auto& [path, text] : recorded("link.txt")) {
    CAPTURE(path);
    auto links = parse_links(text);
    REQUIRE(links);
    CHECK(parse_links(print_links(*links)).value() == *links);
    const auto beside = std::filesystem::path(path).parent_path() / "addr.txt";
    if (!std::filesystem::exists(beside)) continue;
    const std::string addresses = content_of(beside);
    REQUIRE(parse_addresses(addresses, *links));
    CHECK(print_addresses(*links) == addresses);
  }
  for (const auto& [path, text] : recorded("neigh.txt")) {
    const auto neighbours = parse_neighbours(text);
    REQUIRE(neighbours);
    auto lines = sorted_lines(text);  // IPv6 neighbours are recorded twice
    lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
    CHECK(sorted_lines(print_neighbours(*neighbours)) == lines);
  }
  for (const auto& [path, text] : recorded("fdb.txt")) {
    const auto fdb = parse_fdb(text);
    REQUIRE(fdb);
    CHECK(parse_fdb(print_fdb(*fdb)).value() == *fdb);
    CHECK(sorted_lines(print_fdb(*fdb)) == sorted_lines(text));
  }
  for (const auto& [path, text] : recorded("sysctl.txt")) {
    const auto sysctls = parse_sysctls(text);
    REQUIRE(sysctls);
    CHECK(sorted_lines(print_sysctls(*sysctls)) == sorted_lines(text));
    CHECK(sorted_lines(print_interface_sysctls(*sysctls)) == sorted_lines(text));
  }
}

TEST_CASE("a vxlan interface prints as ip does") {
  for (const auto& [path, text] : recorded("link.txt")) {
    const auto links = parse_links(text);
    REQUIRE(links);
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
      if (line.starts_with("vxlan")) {
        const auto& link = links->at(line.substr(0, line.find(':')));
        CHECK(print_links({{link.name, link}}) == line + "\n");
      }
  }
}

TEST_CASE("nft rulesets read and print block by block") {
  std::set<std::string> seen;
  for (const auto* name : {"nft.txt", "arp.txt"})
    for (const auto& [path, text] : recorded(name)) {
      CAPTURE(path);
      const auto tables = parse_nft_ruleset(text);
      REQUIRE(tables);
      const auto printed = print_nft_ruleset(*tables);
      CHECK(parse_nft_ruleset(printed).value() == *tables);
      CHECK(sorted_lines(printed) == sorted_lines(text));
      for (const auto& [key, table] : *tables)
        for (const auto& [chain_name, chain] : table.chains)
          for (const auto& rule : chain.rules) {
            if (!seen.insert(table.family + rule.text).second) continue;
            CAPTURE(rule.text);
            const auto parsed = parse_nft_rule(rule.text, table.family);
            REQUIRE(parsed);
            CHECK(parsed->rule.text == rule.text);
          }
    }
}

TEST_CASE("a ruleset whose blocks do not open at the end of a line is refused, not cut") {
  for (const std::string text :
       {"table ip t { chain c {\n}\n}\n", "table ip t {\n\tset s { type ipv4_addr\n\t}\n}\n",
        "table ip t {\n\tset s {\n\t}\n}\n"}) {
    INFO(text);
    CHECK_FALSE(parse_nft_ruleset(text));
  }
  CHECK(parse_nft_ruleset("table ip t { # handle 1\n\tchain c { # handle 2\n\t}\n}\n"));
}
