// SPDX-License-Identifier: Apache-2.0
// Command front-ends: what they accept, what they refuse, and that a refused transaction leaves no
// trace.
#include "model/kernel/ipset_text.h"
#include "model/kernel/iptables_text.h"
#include "model/kernel/simulated_kernel.h"

using namespace felixsim;

namespace {

int run(SimulatedKernel& kernel, const std::string& command, const std::string& input = {}) {
  return kernel.apply(CommandOp{command, input}).rc;
}

constexpr const char* restore = "iptables-nft-restore --noflush --verbose --wait 10";

const IptTable& filter(const SimulatedKernel& kernel, IptBackend backend = IptBackend::nft) {
  return kernel.state().iptables.at({IpFamily::v4, backend}).at("filter");
}

SimulatedKernel with_chains() {
  SimulatedKernel kernel;
  REQUIRE(run(kernel, restore,
              "*filter\n:cali-a - -\n:cali-b - -\n-A cali-a --jump cali-b\n-A FORWARD -j "
              "cali-a\nCOMMIT\n") == 0);
  return kernel;
}

struct Case {
  std::string name, command, input;
  int rc;
};

}  // namespace

TEST_CASE("iptables-restore answers as the real one does") {
  const std::string ok = "COMMIT\n";
  for (const auto& c : {
           Case{"a table that is touched has its built-in chains", restore, "*raw\n" + ok, 0},
           Case{"a jump to no chain", restore, "*filter\n-A cali-a -j nowhere\n" + ok, 2},
           Case{"a jump to a chain that comes later", restore,
                "*filter\n-A cali-a -j later\n:later - -\n" + ok, 2},
           Case{"a rule in no chain", restore, "*filter\n-A nowhere -j DROP\n" + ok, 1},
           Case{"a set that is missing", restore,
                "*filter\n-A cali-a -m set --match-set s src -j DROP\n" + ok, 2},
           Case{"deleting a chain in use", restore, "*filter\n--delete-chain cali-b\n" + ok, 4},
           Case{"deleting a chain after its last jump", restore,
                "*filter\n:cali-a - -\n--delete-chain cali-b\n" + ok, 0},
           Case{"deleting a chain with rules", restore,
                "*filter\n-D FORWARD -j cali-a\n--delete-chain cali-a\n" + ok, 4},
           Case{"deleting no chain", restore, "*filter\n--delete-chain nowhere\n" + ok, 1},
           Case{"a jump to a built-in chain", restore, "*filter\n-A cali-a -j INPUT\n" + ok, 4},
           Case{"REJECT outside filter", restore, "*raw\n:r - -\n-A r -j REJECT\n" + ok, 4},
           Case{"a chain name of 29 letters", restore,
                "*filter\n:" + std::string(29, 'x') + " - -\n" + ok, 2},
           Case{"a chain name of 28 letters", restore,
                "*filter\n:" + std::string(28, 'x') + " - -\n" + ok, 0},
           Case{"a quote that closes ends the word", restore,
                "*filter\n-A cali-a -j LOG --log-prefix \"a \"b\" c\"\n" + ok, 2},
           Case{"an unknown table", restore, "*foo\n" + ok, 3},
           Case{"no COMMIT", restore, "*filter\n:c - -\n", 1},
           Case{"a rule outside a table", restore, "-A cali-a -j DROP\n", 2},
           Case{"deleting a rule in other words", restore, "*filter\n-D cali-a -j cali-b\n" + ok,
                0},
           Case{"deleting no rule", restore, "*filter\n-D cali-a -j DROP\n" + ok, 1},
           Case{"replacing beyond the end", restore, "*filter\n-R cali-a 2 -j DROP\n" + ok, 1},
           Case{"inserting beyond the end", restore, "*filter\n-I cali-a 3 -j DROP\n" + ok, 1},
           Case{"a new chain that is there", "iptables -N cali-a", "", 1},
           Case{"removing a chain that is not there", "iptables -X nowhere", "", 1},
           Case{"a rule by number", "iptables -w 5 -D FORWARD 1", "", 0},
           Case{"checking a rule", "iptables -t filter -C FORWARD -j cali-a", "", 0},
           Case{"checking no rule", "iptables -C FORWARD -j cali-b", "", 1},
       })
    DYNAMIC_SECTION(c.name) {
      auto kernel = with_chains();
      const auto before = kernel.state().iptables;
      CHECK(run(kernel, c.command, c.input) == c.rc);
      if (c.rc != 0) CHECK(kernel.state().iptables == before);
    }
}

TEST_CASE("a refused table leaves no trace, and the table before it stays committed") {
  auto kernel = with_chains();
  const auto before = filter(kernel);
  CHECK(run(kernel, restore,
            "*mangle\n:m - -\nCOMMIT\n*filter\n:cali-a - -\n:new - -\n-A cali-a -j new\n-A FORWARD "
            "-j DROP\n"
            "--delete-chain cali-b\n-D FORWARD -j cali-a\n-A cali-a -j nowhere\nCOMMIT\n") == 2);
  CHECK(filter(kernel) == before);
  CHECK(kernel.state().iptables.at({IpFamily::v4, IptBackend::nft}).at("mangle").contains("m"));
  // References are as before too: cali-b is in use, and becomes free.
  CHECK(run(kernel, "iptables -X cali-b") == 4);
  CHECK(run(kernel, "iptables -F cali-a") == 0);
  CHECK(run(kernel, "iptables -X cali-b") == 0);
}

TEST_CASE("the backends and families are apart") {
  SimulatedKernel kernel;
  CHECK(run(kernel, "iptables-legacy -A INPUT -j DROP") == 0);
  CHECK(run(kernel, "ip6tables-nft -A INPUT -j ACCEPT") == 0);
  CHECK(filter(kernel, IptBackend::legacy).at("INPUT").rules == std::vector<IptRule>{"-j DROP"});
  CHECK(kernel.apply(CommandOp{"ip6tables-save", ""}).text.find("-A INPUT -j ACCEPT") !=
        std::string::npos);
  CHECK(kernel.apply(CommandOp{"iptables-nft-save", ""}).text.empty());
}

TEST_CASE("iptables-restore without --noflush starts from nothing") {
  auto kernel = with_chains();
  CHECK(run(kernel, "iptables-nft-restore", "*filter\n:INPUT DROP [0:0]\n:x - [0:0]\nCOMMIT\n") ==
        0);
  CHECK(filter(kernel).size() == 4);
  CHECK(filter(kernel).at("INPUT").policy == "DROP");
  CHECK(filter(kernel).at("FORWARD").rules.empty());
}

TEST_CASE("ipset answers as the real one does") {
  const std::string make = "create a hash:net family inet maxelem 2\nadd a 10.0.0.0/8\n";
  for (const auto& c : {
           Case{"a member twice", "ipset restore", "add a 10.0.0.0/8\n", 1},
           Case{"a member twice with -exist", "ipset restore", "add a 10.0.0.0/8 --exist\n", 0},
           Case{"host bits are masked", "ipset restore", "add a 10.1.1.1/8\n", 1},
           Case{"a full set", "ipset restore", "add a 1.1.1.1\nadd a 1.1.1.2\n", 1},
           Case{"everything", "ipset restore", "add a 0.0.0.0/0\n", 1},
           Case{"the other family", "ipset restore", "add a fd00::1\n", 1},
           Case{"no such set", "ipset restore", "add b 1.1.1.1\n", 1},
           Case{"removing what is not there", "ipset restore", "del a 1.1.1.1\n", 1},
           Case{"removing it with -exist", "ipset restore", "del a 1.1.1.1 -exist\n", 0},
           Case{"a set twice", "ipset restore", "create a hash:net\n", 1},
           Case{"a name of 32 letters", "ipset restore",
                "create " + std::string(32, 'x') + " hash:ip\n", 1},
           Case{"an unknown type", "ipset restore", "create b hash:foo\n", 1},
           Case{"types that do not swap", "ipset restore", "create b hash:ip\nswap a b\n", 1},
           Case{"sets that swap", "ipset restore", "create b hash:net\nswap a b\n", 0},
           Case{"a set in use", "ipset destroy a", "", 1},
           Case{"a set that is missing", "ipset destroy b", "", 1},
           Case{"all sets while one is in use", "ipset destroy", "", 1},
           Case{"flushing a set in use", "ipset flush a", "", 0},
           Case{"a port that a bitmap has not", "ipset restore",
                "create p bitmap:port range 0-10\nadd p 11\n", 1},
           Case{"an unknown command", "ipset bogus", "", 2},
       })
    DYNAMIC_SECTION(c.name) {
      SimulatedKernel kernel;
      REQUIRE(run(kernel, "ipset restore", make) == 0);
      REQUIRE(run(kernel, "iptables -A INPUT -m set --match-set a src -j DROP") == 0);
      CHECK(run(kernel, c.command, c.input) == c.rc);
    }
}

TEST_CASE("members are kept in ipset's words, and a restore that fails keeps what came before") {
  SimulatedKernel kernel;
  CHECK(run(kernel, "ipset restore",
            "create p hash:ip,port family inet\nadd p 10.0.0.1,17:53\nadd p 10.0.0.1,foo:80\n") ==
        1);
  CHECK(run(kernel, "ipset restore",
            "create n hash:net,net family inet\nadd n 10.0.0.1/24,10.1.0.0/32\ncreate i "
            "hash:ip\nadd i "
            "10.0.0.0/30\nCOMMIT\n") == 0);
  const auto& sets = kernel.state().ipsets;
  CHECK(sets.at("n").members == std::set<std::string>{"10.0.0.0/24,10.1.0.0"});
  CHECK(sets.at("i").members.size() == 4);
  CHECK(print_ipset_create(sets.at("i")) ==
        "create i hash:ip family inet hashsize 1024 maxelem 65536");
}

TEST_CASE("nft is one transaction, and moves handles on even where it fails") {
  SimulatedKernel kernel;
  REQUIRE(run(kernel, "nft -f -",
              "add table ip t\nadd chain ip t a\nadd chain ip t b\nadd set ip t s { type ipv4_addr "
              "; flags "
              "interval ; }\nadd element ip t s { 10.0.0.0/8 }\nadd rule ip t a ip saddr @s "
              "counter jump b\n") == 0);
  const auto before = kernel.state().nft.at({"ip", "t"});
  CHECK(before.last_handle == 4);
  for (const auto& c : {
           Case{"an overlapping interval", "", "add element ip t s { 10.1.0.0/16 }\n", 1},
           Case{"the same interval", "", "add element ip t s { 10.0.0.0/8 }\n", 0},
           Case{"an element that is not there", "", "delete element ip t s { 1.1.1.1 }\n", 1},
           Case{"a set in use", "", "delete set ip t s\n", 1},
           Case{"a chain in use", "", "delete chain ip t b\n", 1},
           Case{"a rule that is not there", "", "delete rule ip t a handle 99\n", 1},
           Case{"a jump to no chain", "", "add rule ip t a counter jump nowhere\n", 1},
           Case{"no such table", "", "add chain ip nowhere c\n", 1},
           Case{"no nft at all", "", "flush everything\n", 1},
           Case{"a table that goes, before something fails", "",
                "add rule ip t b counter\ndelete table ip t\nadd table ip t\nadd chain ip t x\n"
                "delete chain ip t nowhere\n",
                1},
           Case{"a jump to a chain of a hook", "",
                "add chain ip t h { type filter hook input priority 0 ; }\n"
                "add rule ip t a jump h\n",
                1},
           Case{"two protocols in one rule", "", "add rule ip t a icmp type 8 tcp dport 80\n", 1},
       })
    DYNAMIC_SECTION(c.name) {
      const auto sets = kernel.state().nft.at({"ip", "t"}).sets;
      CHECK(run(kernel, "nft -f -", "add chain ip t c\n" + c.input) == c.rc);
      if (c.rc != 0) CHECK(!kernel.state().nft.at({"ip", "t"}).chains.contains("c"));
      CHECK(kernel.state().nft.at({"ip", "t"}).sets == sets);
    }
}

TEST_CASE("a transaction of nft that fails leaves rules and what they refer to as they were") {
  struct Case {
    std::string name, input;
  };
  for (const auto& c : {
           Case{"rules replaced and deleted",
                "replace rule ip t a handle 6 jump c\ndelete rule ip t a handle 7\n"},
           Case{"rules added before and behind",
                "insert rule ip t a jump c\nadd rule ip t a drop\n"},
           Case{"a chain flushed and filled again", "flush chain ip t a\nadd rule ip t a jump c\n"},
           Case{"a chain deleted and made again with other rules",
                "flush chain ip t top\ndelete chain ip t a\nadd chain ip t a\n"
                "add rule ip t a jump c\nadd rule ip t top jump a\n"},
           Case{"a table deleted and made again",
                "delete table ip t\nadd table ip t\nadd chain ip t c\nadd chain ip t a\n"
                "add rule ip t a jump c\n"},
       }) {
    DYNAMIC_SECTION(c.name) {
      SimulatedKernel kernel;
      REQUIRE(run(kernel, "nft -f -",
                  "add table ip t\nadd chain ip t a\nadd chain ip t b\nadd chain ip t c\n"
                  "add chain ip t top\nadd rule ip t top jump a\nadd rule ip t a jump b\n"
                  "add rule ip t a accept\n") == 0);
      const auto before = kernel.state().nft.at({"ip", "t"}).chains;
      CHECK(run(kernel, "nft -f -", c.input + "delete chain ip t missing\n") == 1);
      CHECK(kernel.state().nft.at({"ip", "t"}).chains == before);
      CHECK(run(kernel, "nft -f -", "delete chain ip t b\n") == 1);  // still referred to
      CHECK(run(kernel, "nft -f -", "delete chain ip t c\n") == 0);  // as before, by nobody
      CHECK(run(kernel, "nft -f -", "flush chain ip t a\ndelete chain ip t b\n") == 0);
    }
  }
}

TEST_CASE("nft reads all of its input before it refuses a part of it") {
  SimulatedKernel kernel;
  const auto answer = kernel.apply(CommandOp{"nft -f -",
                                             "add table ip t\nadd set ip t s { flags interval ; }\n"
                                             "frobnicate\n"});
  CHECK(answer.rc == 1);
  CHECK(answer.text.find("Error: syntax error, unexpected frobnicate") != std::string::npos);
  CHECK(kernel.state().nft.empty());
}

TEST_CASE("nft --check tells and changes nothing but the counter") {
  SimulatedKernel kernel;
  CHECK(run(kernel, "nft --check -f -", "add table ip t { comment \"test\" ; }\n") == 0);
  CHECK(kernel.state().nft.empty());
  REQUIRE(run(kernel, "nft -f -", "add table ip t\nadd chain ip t a\n") == 0);
  CHECK(run(kernel, "nft --check -f -", "add rule ip t a counter accept\n") == 0);
  CHECK(run(kernel, "nft -f -", "add rule ip t a counter drop\n") == 0);
  const auto& table = kernel.state().nft.at({"ip", "t"});
  REQUIRE(table.chains.at("a").rules.size() == 1);
  CHECK(table.chains.at("a").rules[0].handle == 3);
  CHECK(run(kernel, "nft -f -", "replace rule ip t a handle 3 counter accept\n") == 0);
  CHECK(table.chains.at("a").rules[0].handle == 3);
  CHECK(table.last_handle == 3);
}

TEST_CASE("the kernel numbers on behind what it refuses; what nft refuses is not sent") {
  SimulatedKernel kernel;
  REQUIRE(run(kernel, "nft -f -", "add table ip t\nadd chain ip t a\n") == 0);
  const auto& table = kernel.state().nft.at({"ip", "t"});
  CHECK(run(kernel, "nft -f -",
            "add rule ip t a counter\ndelete chain ip t nowhere\nadd rule ip t a counter\n") == 1);
  CHECK(table.last_handle == 3);
  CHECK(run(kernel, "nft -f -", "add rule ip t a counter\nadd rule ip t a nonsense\n") == 1);
  CHECK(table.last_handle == 3);
}

TEST_CASE("a legacy table is there from the first look at it, even one that failed") {
  SimulatedKernel kernel;
  const std::string refused = "*raw\n:r - -\n-A r -j REJECT\nCOMMIT\n";
  CHECK(run(kernel, "iptables-legacy-restore --noflush", refused) == 1);
  CHECK(run(kernel, "iptables-nft-restore --noflush", refused) == 4);
  const auto& tables = kernel.state().iptables;
  CHECK(print_iptables_save(tables.at({IpFamily::v4, IptBackend::legacy})) ==
        "*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n");
  CHECK(tables.at({IpFamily::v4, IptBackend::nft}).empty());
}

TEST_CASE(
    "nft refuses a reject behind routing, and breaks down where it replaces a set of ranges") {
  const std::string base =
      "add table ip t\n"
      "add chain ip t post { type filter hook postrouting priority 0 ; }\n"
      "add chain ip t fwd { type filter hook forward priority 0 ; }\n"
      "add chain ip t a\nadd chain ip t b\n"
      "add map ip t m { type ifname : verdict ; }\n"
      "add rule ip t a tcp dport { 1 } counter accept\n";
  struct Step {
    std::string name, input;
    int rc;
  };
  for (const auto& c : {
           Step{"a reject that only forwarding reaches",
                "add rule ip t fwd jump a\nadd rule ip t a reject\n", 0},
           Step{"a reject that is reached by jumps",
                "add rule ip t post jump a\nadd rule ip t a goto b\nadd rule ip t b reject\n", 1},
           Step{"a reject that is reached by a map",
                "add element ip t m { eth0 : goto b }\nadd rule ip t b reject\n"
                "add rule ip t post oifname vmap @m\n",
                1},
           Step{"a reject that nothing reaches", "add rule ip t b reject\n", 0},
           Step{"a rule with ranges, replacing another",
                "replace rule ip t a handle 6 tcp dport { 80, 443, 8000-9000 } accept\n", 134},
           Step{"a rule with ranges, added",
                "add rule ip t a tcp dport { 80, 443, 8000-9000 } accept\n", 0},
           Step{"a rule with one range, replacing another",
                "replace rule ip t a handle 6 tcp dport { 8000-9000 } accept\n", 0},
           Step{"everything goes", "flush ruleset\n", 0},
       })
    DYNAMIC_SECTION(c.name) {
      SimulatedKernel kernel;
      REQUIRE(run(kernel, "nft -f -", base) == 0);
      const auto before = kernel.state().nft;
      CHECK(run(kernel, "nft -f -", c.input) == c.rc);
      if (c.rc != 0) {
        for (const auto& [name, chain] : before.begin()->second.chains)
          CHECK(kernel.state().nft.begin()->second.chains.at(name) == chain);
      }
    }
}

TEST_CASE("nft prints a mask of leading ones as a prefix, and reads what it prints") {
  struct Mark {
    std::string name, written, printed;
  };
  for (const auto& c : {
           Mark{"equal", "meta mark & 0xf0000000 == 0x10000000", "meta mark 0x10000000/4"},
           Mark{"not equal", "meta mark & 0xffe00000 != 0", "meta mark != 0x00000000/11"},
           Mark{"of a connection", "ct mark & 0x80000000 == 0x80000000", "ct mark 0x80000000/1"},
           Mark{"all bits", "meta mark & 0xffffffff == 5", "meta mark 0x00000005"},
           Mark{"other bits", "meta mark & 0xff00 == 0", "meta mark & 0x0000ff00 == 0x00000000"},
       })
    DYNAMIC_SECTION(c.name) {
      SimulatedKernel kernel;
      const std::string rule = "add rule ip t c ";
      REQUIRE(run(kernel, "nft -f -",
                  "add table ip t\nadd chain ip t c\n" + rule + c.written + "\n" + rule +
                      c.printed + "\n") == 0);
      const auto& rules = kernel.state().nft.at({"ip", "t"}).chains.at("c").rules;
      CHECK(rules.at(0).text == c.printed);
      CHECK(rules.at(1).text == c.printed);
    }
}

TEST_CASE("a command line of the host runs piece by piece") {
  SimulatedKernel kernel;
  const auto first =
      kernel.exec("iptables -N x && iptables -A INPUT -m comment --comment 'a b' -j x; sleep 3");
  REQUIRE(first);
  CHECK(first->rc == 0);
  CHECK(filter(kernel).at("INPUT").rules ==
        std::vector<IptRule>{"-m comment --comment \"a b\" -j x"});
  const auto stopped = kernel.exec("iptables -N x && iptables -N y");
  REQUIRE(stopped);
  CHECK(stopped->rc == 1);
  CHECK(!filter(kernel).contains("y"));
  const auto unknown = kernel.exec("sleep 1 && frobnicate now");
  REQUIRE(!unknown);
  CHECK(unknown.error().code == ErrorCode::unsupported);
  CHECK(unknown.error().message.find("frobnicate") != std::string::npos);
  CHECK(!kernel.exec("ip link | grep x"));
}

TEST_CASE("a command line of the host may use what a shell offers around commands") {
  struct Case {
    std::string name, line;
    std::vector<IptRule> want;  // in a chain x, which is there from the start
  };
  for (const auto& c : {
           Case{"text piped into a command",
                "printf '*filter\\n-A x -j %s\\nCOMMIT\\n' ACCEPT | iptables-restore --noflush",
                {"-j ACCEPT"}},
           Case{"output thrown away", "iptables -A x -j DROP >/dev/null 2>&1", {"-j DROP"}},
           Case{"a command for the case of failure",
                "iptables -N x 2> /dev/null || iptables -A x -j RETURN",
                {"-j RETURN"}},
           Case{"a command for success, skipped", "false && iptables -A x -j RETURN", {}},
           Case{"lists go on after a skipped command",
                "iptables -N x && iptables -A x -j DROP; iptables -A x -j ACCEPT",
                {"-j ACCEPT"}},
           Case{"operators inside quotes are text",
                "iptables -A x -m comment --comment 'a; b && $c'",
                {"-m comment --comment \"a; b && $c\""}},
       })
    DYNAMIC_SECTION(c.name) {
      SimulatedKernel kernel;
      REQUIRE(kernel.exec("iptables -N x"));
      const auto answer = kernel.exec(c.line);
      if (!answer) FAIL(answer.error().message);
      CHECK(filter(kernel).at("x").rules == c.want);
    }
  for (const auto* line : {"ip link del $(ip link)", "cat < file", "sleep 1 &", "(ip link)"})
    DYNAMIC_SECTION("not modelled: " << line) {
      SimulatedKernel kernel;
      CHECK(!kernel.exec(line));
    }
}
