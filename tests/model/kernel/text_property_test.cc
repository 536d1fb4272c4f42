// SPDX-License-Identifier: Apache-2.0
// What is printed reads back to the same value, and prints again to the same bytes, for generated
// tables, sets, routes, rules and rulesets.
#include <rapidcheck.h>

#include "model/kernel/ipset_text.h"
#include "model/kernel/iptables_text.h"
#include "model/kernel/nft_text.h"
#include "model/kernel/route_text.h"

using namespace felixsim;

namespace {

template <class T>
T one_of(std::initializer_list<T> values) {
  return *rc::gen::elementOf(std::vector<T>(values));
}
int number(int low, int high) { return *rc::gen::inRange(low, high); }

std::string name(const char* prefix) { return fmt::format("{}{:x}", prefix, number(0, 4096)); }

Ip address(IpFamily family) {
  Ip ip;
  ip.family = family;
  const size_t bytes = family == IpFamily::v4 ? 4 : 16;
  for (size_t i = 0; i < bytes; ++i) ip.bytes[i] = static_cast<uint8_t>(number(0, 256));
  if (family == IpFamily::v6) ip.bytes[0] = 0xfd;
  return ip;
}

Cidr net(IpFamily family) {
  const auto length = static_cast<uint8_t>(number(1, family == IpFamily::v4 ? 33 : 129));
  return *Cidr::parse_cidr_or_ip(fmt::format("{}/{}", address(family).str(), length));
}

// A rule as it may stand in a saved table, made canonical by the parser of commands.
std::string ipt_rule(IpFamily family) {
  std::string words;
  if (number(0, 2)) words += fmt::format(" -{} {}", one_of({"s", "d"}), net(family).str());
  if (number(0, 2)) words += fmt::format(" -{} {}", one_of({"i", "o"}), name("cali"));
  if (number(0, 2))
    words += fmt::format(" -p {} -m multiport --{}ports {}", one_of({"tcp", "udp"}),
                         one_of({"s", "d"}), one_of({"80", "80,443", "1:1024,8080"}));
  if (number(0, 2)) words += fmt::format(" -m comment --comment \"cali:{}\"", name("hash"));
  if (number(0, 2)) words += fmt::format(" -m mark --mark {:#x}/{:#x}", 1 << number(0, 20), 0xff);
  if (number(0, 2)) words += " -m conntrack --ctstate RELATED,ESTABLISHED";
  words += one_of({" -j ACCEPT", " -j DROP", " -j RETURN", " -g cali-x", " -j cali-y", ""});
  const auto rule = parse_ipt_rule(words, {family, IptBackend::nft});
  RC_ASSERT(rule.has_value());
  return rule->text;
}

IptTables tables(IpFamily family) {
  IptTables out;
  for (const char* table : {"filter", "nat", "raw"}) {
    if (!number(0, 2)) continue;
    out[table] = fresh_ipt_table(table);
    for (int i = number(0, 4); i > 0; --i) out[table][name("cali-")];
    for (auto& [chain, content] : out[table])
      for (int i = number(0, 4); i > 0; --i) content.rules.push_back(ipt_rule(family));
  }
  return out;
}

std::map<std::string, IpSet> sets() {
  std::map<std::string, IpSet> out;
  for (int i = number(0, 4); i > 0; --i) {
    IpSet set;
    set.name = name("cali40s:");
    set.type = one_of({"hash:ip", "hash:net", "hash:ip,port", "hash:net,net"});
    const IpFamily family = one_of({IpFamily::v4, IpFamily::v6});
    set.family = family == IpFamily::v4 ? "inet" : "inet6";
    for (int m = number(0, 5); m > 0; --m) {
      std::string member = address(family).str();
      if (set.type == "hash:net") member = net(family).str();
      if (set.type == "hash:net,net") member = net(family).str() + "," + net(family).str();
      if (set.type == "hash:ip,port") member += one_of({",tcp:80", ",udp:53", ",sctp:9"});
      const auto canonical = canonical_ipset_member(set, member);
      RC_ASSERT(canonical.has_value());
      set.members.insert(*canonical);
    }
    out[set.name] = set;
  }
  return out;
}

std::vector<NextHop> next_hops(IpFamily family) {
  std::vector<NextHop> out(static_cast<size_t>(number(2, 5)));
  for (auto& hop : out) {
    if (number(0, 3)) hop.gateway = address(family);
    hop.device = name("eth");
    hop.weight = number(1, 257);
    hop.onlink = hop.gateway && number(0, 2);
    hop.dead = number(0, 4) == 0;
  }
  return out;
}

std::set<Route> routes(IpFamily family) {
  std::set<Route> out;
  std::map<std::tuple<Cidr, int, uint32_t>, int> ranks;
  for (int i = number(0, 6); i > 0; --i) {
    Route route;
    route.dst = net(family);
    route.type = one_of({Route::Type::unicast, Route::Type::blackhole, Route::Type::throw_});
    route.protocol = one_of({2, 3, 12, 80});
    route.table = one_of({254, 255, 7});
    route.metric = family == IpFamily::v6 ? 1024 : static_cast<uint32_t>(number(0, 3)) * 10;
    route.rank = ranks[{route.dst, route.table, route.metric}]++;
    if (route.type == Route::Type::unicast && number(0, 3) == 0) {
      route.next_hops = next_hops(family);
    } else if (route.type == Route::Type::unicast) {
      route.device = name("cali");
      if (number(0, 2)) route.gateway = address(family);
      if (number(0, 2)) route.mtu_bytes = 1450;
      route.onlink = route.gateway && number(0, 2);
      if (family == IpFamily::v4 && !route.gateway) route.scope = "link";
    }
    out.insert(route);
  }
  return out;
}

std::set<RoutingRule> rules(IpFamily family) {
  std::set<RoutingRule> out;
  std::map<uint32_t, int> ranks;
  for (int i = number(0, 5); i > 0; --i) {
    RoutingRule rule;
    rule.family = family;
    rule.priority = static_cast<uint32_t>(number(0, 32768)) / 8;
    rule.rank = ranks[rule.priority]++;
    if (number(0, 2)) rule.from = IpPrefix{address(family), 24};
    if (number(0, 2)) rule.to = IpPrefix{address(family), 32};
    if (number(0, 2)) rule.mark = one_of({0u, 0x100000u});
    if (rule.mark && (*rule.mark == 0 || number(0, 2))) rule.mask = 0x100000;
    if (number(0, 3) == 0) rule.in_device = name("eth");
    if (number(0, 3) == 0) rule.out_device = name("eth");
    rule.invert = number(0, 2) != 0;
    rule.action = one_of({RoutingRule::Action::lookup, RoutingRule::Action::blackhole});
    rule.table = rule.action == RoutingRule::Action::lookup ? one_of({254, 255, 1}) : 0;
    if (rule.table != 0 && number(0, 3) == 0) rule.suppress_prefix_length = number(0, 33);
    out.insert(rule);
  }
  return out;
}

std::map<std::pair<std::string, std::string>, NftTable> rulesets() {
  std::map<std::pair<std::string, std::string>, NftTable> out;
  for (const char* family : {"ip", "ip6"}) {
    NftTable& table = out[{family, "calico"}];
    table.family = family;
    table.name = "calico";
    const bool v4 = std::string_view(family) == "ip";
    for (int i = number(0, 3); i > 0; --i) {
      NftSet& set = table.sets[name("cali40s-")];
      set = {};
      set.type = v4 ? "ipv4_addr" : "ipv6_addr";
      for (int m = number(0, 6); m > 0; --m)
        set.elements[address(v4 ? IpFamily::v4 : IpFamily::v6).str()] = "";
    }
    for (int i = number(0, 3); i > 0; --i) {
      NftChain& chain = table.chains[name("filter-cali-")];
      chain.rules.clear();
      for (int r = number(0, 4); r > 0; --r) {
        const auto rule =
            parse_nft_rule(one_of({"counter drop", "ct state established,related counter accept",
                                   "meta mark & 0x00010000 == 0x00010000 counter return",
                                   "iifname \"cali1\" counter goto filter-cali-x"}),
                           family);
        RC_ASSERT(rule.has_value());
        chain.rules.push_back({0, rule->rule.text, number(0, 2) ? name("cali:") : ""});
      }
    }
  }
  return out;
}

// print(parse(print(value))) is print(value), and parse(print(value)) is the value.
template <class Value, class Print, class Parse>
void check_inverse(const Value& value, Print print, Parse parse) {
  const std::string text = print(value);
  const auto again = parse(text);
  RC_ASSERT(again.has_value());
  RC_ASSERT(*again == value);
  RC_ASSERT(print(*again) == text);
}

}  // namespace

TEST_CASE("generated texts print and read as exact inverses") {
  CHECK(rc::check("iptables-save", [] {
    check_inverse(tables(one_of({IpFamily::v4, IpFamily::v6})), print_iptables_save,
                  parse_iptables_save);
  }));
  CHECK(rc::check("ipset save", [] { check_inverse(sets(), print_ipset_save, parse_ipset_save); }));
  for (const IpFamily family : {IpFamily::v4, IpFamily::v6}) {
    CHECK(rc::check("ip route", [family] {
      check_inverse(
          routes(family), [&](const auto& value) { return print_routes(value, family); },
          [&](const std::string& text) { return parse_routes(text, family); });
    }));
    CHECK(rc::check("ip rule", [family] {
      check_inverse(
          rules(family), [&](const auto& value) { return print_rules(value, family); },
          [&](const std::string& text) { return parse_rules(text, family); });
    }));
  }
  CHECK(rc::check("nft list ruleset",
                  [] { check_inverse(rulesets(), print_nft_ruleset, parse_nft_ruleset); }));
}
