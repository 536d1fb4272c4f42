// SPDX-License-Identifier: Apache-2.0
// nft: what it prints of ICMP and NAT, what the kernel refuses of a whole table, and how that is
// told. The answers are those of nftables 1.0.6 on Linux 6.18.
#include "model/kernel/nft_text.h"
#include "model/kernel/simulated_kernel.h"

using namespace felixsim;

namespace {

KernelAnswer nft(SimulatedKernel& kernel, const std::string& input) {
  return kernel.apply(CommandOp{"nft -f -", input});
}

SimulatedKernel with_chains() {
  SimulatedKernel kernel;
  const auto answer = nft(kernel,
                          "add table ip t\nadd chain ip t c\nadd chain ip t c2\n"
                          "add chain ip t pre { type nat hook prerouting priority -100 ; }\n"
                          "add chain ip t post { type nat hook postrouting priority 100 ; }\n"
                          "add chain ip t in { type nat hook input priority 100 ; }\n"
                          "add chain ip t out { type nat hook output priority -100 ; }\n"
                          "add chain ip t f { type filter hook forward priority 0 ; }\n"
                          "add chain ip t fp { type filter hook postrouting priority 0 ; }\n"
                          "add chain ip t r { type route hook output priority 0 ; }\n"
                          "add set ip t s { type ipv4_addr ; flags interval ; }\n"
                          "add element ip t s { 10.0.0.0/8 }\n"
                          "add rule ip t c2 ip saddr @s\n");
  CAPTURE(answer.text);
  REQUIRE(answer.rc == 0);
  return kernel;
}

}  // namespace

TEST_CASE("types and codes of ICMP are read by name and number, and printed as nft does") {
  struct Case {
    std::string family, rule, printed;  // not taken: the error
  };
  for (const auto& c : {
           Case{"ip", "icmp type 3 icmp code 1",
                "icmp type destination-unreachable icmp code host-unreachable"},
           Case{"ip", "icmp type { 3, 8, 0 }",
                "icmp type { echo-reply, destination-unreachable, echo-request }"},
           Case{"ip", "icmp type { 3-4, 5, 8 }", "icmp type { 3-5, echo-request }"},
           Case{"ip", "icmp type != { 8 }", "icmp type != echo-request"},
           Case{"ip", "icmp code { host-unreachable, 3, 200 }",
                "icmp code { host-unreachable, port-unreachable, 200 }"},
           Case{"ip", "icmp code 3-10", "icmp code 3-10"},
           Case{"ip6", "icmpv6 type 1 icmpv6 code 3",
                "icmpv6 type destination-unreachable icmpv6 code addr-unreachable"},
           Case{"ip6", "icmpv6 type { 133-137 }", "icmpv6 type 133-137"},
           Case{"ip6", "icmpv6 type mld-listener-reduction", "icmpv6 type mld-listener-done"},
           Case{"ip", "reject with icmp type 1", "reject with icmp host-unreachable"},
           Case{"ip", "reject with icmp 3", "reject"},
           Case{"ip", "reject with icmp type 99", "reject with icmp 99"},
           Case{"ip6", "reject with icmpv6 type 4", "reject"},
           Case{"ip6", "reject with icmpv6 type no-route", "reject with icmpv6 no-route"},
           Case{"inet", "reject with icmpx type host-unreachable",
                "reject with icmpx host-unreachable"},
           Case{"ip", "icmp type 300", "Value 300 exceeds valid range 0-255"},
           Case{"ip", "icmp type foo", "Could not parse ICMP type"},
           Case{"ip", "icmp code foo", "Could not parse icmp code"},
           Case{"ip6", "icmpv6 type foo", "Could not parse ICMPv6 type"},
           Case{"ip", "reject with icmpv6 type 1", "conflicting protocols specified: ip vs ip6"},
       })
    DYNAMIC_SECTION(c.family << " " << c.rule) {
      const auto rule = parse_nft_rule(c.rule, c.family);
      CHECK((rule ? rule->rule.text : rule.error().message) == c.printed);
      if (rule && c.printed.find("{ ") == std::string::npos)
        CHECK(parse_nft_rule(c.printed, c.family)->rule.text == c.printed);
    }
}

TEST_CASE("NAT statements are printed as nft does") {
  struct Case {
    std::string family, rule, printed;  // not taken: the error
  };
  for (const auto& c : {
           Case{"ip", "snat to 1.2.3.4 persistent,random", "snat to 1.2.3.4 random,persistent"},
           Case{"ip", "dnat ip to 1.2.3.4", "dnat to 1.2.3.4"},
           Case{"ip", "dnat 1.2.3.4", "dnat to 1.2.3.4"},
           Case{"ip", "dnat to 1.2.3.4-1.2.3.9", "dnat to 1.2.3.4-1.2.3.9"},
           Case{"ip", "tcp dport 5 dnat to 1.2.3.4:80", "tcp dport 5 dnat to 1.2.3.4:80"},
           Case{"ip", "meta l4proto tcp redirect to :80", "meta l4proto tcp redirect to :80"},
           Case{"ip6", "tcp dport 5 dnat to [fd00::1]:80", "tcp dport 5 dnat to [fd00::1]:80"},
           Case{"inet", "dnat ip to 1.2.3.4", "dnat ip to 1.2.3.4"},
           Case{"inet", "ip saddr 1.1.1.1 dnat to 1.2.3.4", "ip saddr 1.1.1.1 dnat ip to 1.2.3.4"},
           Case{"ip", "snat to 1.2.3.4:80",
                "transport protocol mapping is only valid after transport protocol match"},
           Case{"inet", "snat to 1.2.3.4",
                "ip or ip6 must be specified with address for inet tables."},
           Case{"arp", "masquerade", "NAT is only supported for IPv4/IPv6"},
           Case{"ip", "dnat to fd00::1",
                "Could not resolve hostname: Address family for hostname not supported"},
           Case{"ip", "dnat ip6 to fd00::1",
                "conflicting protocols specified: ip vs. ip6. You must specify ip or ip6 family in "
                "nat statement"},
       })
    DYNAMIC_SECTION(c.family << " " << c.rule) {
      const auto rule = parse_nft_rule(c.rule, c.family);
      CHECK((rule ? rule->rule.text : rule.error().message) == c.printed);
    }
}

TEST_CASE("a statement stands only where packets of its hooks and chain types come by") {
  const std::map<std::string, std::set<std::string>> takes = {
      {"masquerade", {"post"}},
      {"snat to 1.2.3.4", {"post", "in"}},
      {"dnat to 1.2.3.4", {"pre", "out"}},
      {"redirect", {"pre", "out"}},
      {"reject", {"pre", "in", "out", "f", "r"}},
      {"fib saddr . iif oif 0 drop", {"pre", "in", "f"}},
      {"fib daddr . oif type local", {"post", "out", "f", "fp", "r"}},
      {"fib daddr type local", {"pre", "post", "in", "out", "f", "fp", "r"}}};
  for (const auto& [statement, chains] : takes)
    for (const auto* chain : {"pre", "post", "in", "out", "f", "fp", "r"}) {
      CAPTURE(statement, chain);
      auto kernel = with_chains();
      const std::string rule = fmt::format("add rule ip t {} {}", chain, statement);
      const auto answer = nft(kernel, rule + "\n");
      CHECK((answer.rc == 0) == chains.contains(chain));
      if (answer.rc != 0)
        CHECK(answer.text ==
              fmt::format("/dev/stdin:1:1-{}: Error: Could not process rule: Operation not "
                          "supported\n{}\n{}\n",
                          rule.size() + 1, rule, std::string(rule.size() + 1, '^')));
      // Behind a jump it is the same; alone it may stand anywhere.
      auto other = with_chains();
      CHECK(nft(other, fmt::format("add rule ip t c {}\n", statement)).rc == 0);
      CHECK((nft(other, fmt::format("add rule ip t {} jump c\n", chain)).rc == 0) ==
            chains.contains(chain));
    }
}

TEST_CASE("the ways through maps count too, and those of refused inputs do not") {
  auto kernel = with_chains();
  REQUIRE(nft(kernel,
              "add rule ip t c masquerade\nadd map ip t m { type ifname : verdict ; }\n"
              "add rule ip t f iifname vmap @m\nadd chain ip t d\nadd rule ip t d counter\n"
              "add element ip t m { \"y\" : jump d }\n")
              .rc == 0);
  CHECK(nft(kernel, "add element ip t m { \"x\" : jump c }\n").rc == 1);
  CHECK(nft(kernel, "add rule ip t d masquerade\n").rc == 1);
  CHECK(nft(kernel, "add chain ip t e\nadd rule ip t e masquerade\nadd rule ip t d jump e\n").rc ==
        1);
  CHECK(nft(kernel, "add chain ip t e\nadd rule ip t d jump e\nadd rule ip t e counter\n").rc == 0);
  CHECK(nft(kernel, "add rule ip t e jump d\n").rc == 1);
  CHECK(nft(kernel, "flush chain ip t d\nadd rule ip t e jump d\n").rc == 0);
  std::string way = "add rule ip t d jump w1\n";
  std::string chains;
  for (int i = 1; i <= 16; ++i) chains += fmt::format("add chain ip t w{}\n", i);
  for (int i = 1; i < 16; ++i) way += fmt::format("add rule ip t w{} jump w{}\n", i, i + 1);
  CHECK(nft(kernel, chains + way).rc == 1);
  CHECK(nft(kernel, chains + "add rule ip t d jump w4\n" + way.substr(way.find('\n') + 1)).rc == 0);
  CHECK(nft(kernel, "add rule ip t d jump w2\n").rc == 1);
  CHECK(nft(kernel, "add rule ip t d jump w3\n").rc == 0);
}

TEST_CASE("what is compared with is no statement") {
  auto kernel = with_chains();
  CHECK(
      nft(kernel,
          "add rule ip t f icmp type redirect drop\nadd rule ip t f icmp type != { redirect, 3 }\n")
          .rc == 0);
  CHECK(nft(kernel, "add rule ip t f icmp type { redirect, 3 } redirect\n").rc == 1);
  CHECK(
      nft(kernel,
          "add rule ip t f ct status dnat counter accept\nadd rule ip t f ct status != snat drop\n"
          "add rule ip t f counter jump c comment \"a masquerade\"\n")
          .rc == 0);
}

TEST_CASE("what nft says against an input: where, what, and the words that are meant") {
  struct Case {
    std::string input, text;
  };
  for (const auto& c : {
           Case{"add rule ip t nowhere drop",
                "/dev/stdin:1:15-21: Error: Could not process rule: No such file or directory\n"
                "add rule ip t nowhere drop\n              ^^^^^^^\n"},
           Case{"add rule ip t c drop\n\n# x\n  add rule ip t nowhere drop",
                "/dev/stdin:4:17-23: Error: Could not process rule: No such file or directory\n"
                "  add rule ip t nowhere drop\n                ^^^^^^^\n"},
           Case{"add rule ip t a drop\nadd rule ip t b drop",
                "/dev/stdin:1:15-15: Error: Could not process rule: No such file or directory\n"
                "add rule ip t a drop\n              ^\n"
                "/dev/stdin:2:15-15: Error: Could not process rule: No such file or directory\n"
                "add rule ip t b drop\n              ^\n"},
           Case{"add rule ip t c jump pre",
                "/dev/stdin:1:22-24: Error: Could not process rule: Operation not supported\n"
                "add rule ip t c jump pre\n                     ^^^\n"},
           Case{"add rule ip t c ip saddr @nowhere drop",
                "/dev/stdin:1:26-33: Error: No such file or directory\n"
                "add rule ip t c ip saddr @nowhere drop\n                         ^^^^^^^^\n"},
           Case{"insert rule ip t c handle 99 drop",
                "/dev/stdin:1:27-28: Error: Could not process rule: No such file or directory\n"
                "insert rule ip t c handle 99 drop\n                          ^^\n"},
           Case{"delete set ip t s",
                "/dev/stdin:1:17-17: Error: Could not process rule: Device or resource busy\n"
                "delete set ip t s\n                ^\n"},
           Case{"add chain ip nowhere c",
                "/dev/stdin:1:14-20: Error: No such file or directory\n"
                "add chain ip nowhere c\n             ^^^^^^^\n"},
           Case{"add element ip t s { 10.1.0.0/16 }",
                "/dev/stdin:1:22-32: Error: interval overlaps with an existing one\n"
                "add element ip t s { 10.1.0.0/16 }\n                     ^^^^^^^^^^^\n"},
           Case{"add rule ip t c icmp type foo",
                "/dev/stdin:1:27-29: Error: Could not parse ICMP type\n"
                "add rule ip t c icmp type foo\n                          ^^^\n"},
           Case{"add rule ip t f jump c\nadd rule ip t c masquerade",
                "/dev/stdin:2:1-27: Error: Could not process rule: Operation not supported\n"
                "add rule ip t c masquerade\n^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"},
           Case{"add rule ip t c jump c2\nadd rule ip t c2 jump c\nadd rule ip t f jump c",
                "/dev/stdin:3:1-23: Error: Could not process rule: Too many links\n"
                "add rule ip t f jump c\n^^^^^^^^^^^^^^^^^^^^^^^\n"},
           Case{"add chain ip t x { type nat hook forward priority 0 ; }",
                "/dev/stdin:1:1-56: Error: Could not process rule: Operation not supported\n"
                "add chain ip t x { type nat hook forward priority 0 ; }\n" +
                    std::string(56, '^') + "\n"},
           Case{"add chain ip t x { type bogus hook input priority 0 ; }",
                "/dev/stdin:1:25-29: Error: unknown chain type\n"
                "add chain ip t x { type bogus hook input priority 0 ; }\n"
                "                        ^^^^^\n"},
       })
    DYNAMIC_SECTION(c.input) {
      auto kernel = with_chains();
      const auto before = kernel.state().nft.at({"ip", "t"}).chains;
      const auto answer = nft(kernel, c.input + "\n");
      CHECK(answer.rc == 1);
      CHECK(answer.text == c.text);
      CHECK(kernel.state().nft.at({"ip", "t"}).chains == before);
    }
  SimulatedKernel kernel;
  CHECK(kernel.apply(CommandOp{"nft add chain ip nowhere c", ""}).text ==
        "Error: No such file or directory\nadd chain ip nowhere c\n             ^^^^^^^\n");
}

TEST_CASE("chains at hooks: what there may be, and what may become of them") {
  struct Case {
    std::string chain;
    int rc;
  };
  for (const auto& c : {
           Case{"ip t f { type filter hook forward priority 0 ; }", 0},
           Case{"ip t f { type filter hook forward priority 0 ; policy drop ; }", 0},
           Case{"ip t f { type filter hook forward priority 5 ; }", 1},
           Case{"ip t f", 0},
           Case{"ip t c { type filter hook input priority 0 ; }", 1},
           Case{"ip t x { type nat hook prerouting priority -300 ; }", 1},
           Case{"ip t x { type route hook forward priority 0 ; }", 1},
           Case{"ip t x { type filter hook ingress priority 0 ; }", 1},
           Case{"ip t x { type filter hook forward priority bogus ; }", 1},
           Case{"ip t x { type filter hook forward priority 0 ; policy bogus ; }", 1},
           Case{"ip t x { policy accept ; }", 1},
       })
    DYNAMIC_SECTION(c.chain) {
      auto kernel = with_chains();
      CHECK(nft(kernel, "add chain " + c.chain + "\n").rc == c.rc);
    }
  auto kernel = with_chains();
  REQUIRE(nft(kernel, "add chain ip t f { type filter hook forward priority 0 ; policy drop ; }\n")
              .rc == 0);
  CHECK(kernel.state().nft.at({"ip", "t"}).chains.at("f").hook ==
        "type filter hook forward priority filter; policy drop;");
}
