// SPDX-License-Identifier: Apache-2.0
// iptables as administrators and kube-proxy use it: what the kernel refuses of a whole table, the
// extensions beside Felix's, and listings. The answers are those of iptables 1.8.9 on Linux 6.18.
#include "model/kernel/iptables_text.h"
#include "model/kernel/simulated_kernel.h"

using namespace felixsim;

namespace {

int run(SimulatedKernel& kernel, const std::string& command, const std::string& input = {}) {
  return kernel.apply(CommandOp{command, input}).rc;
}

// A way of `length` chains from INPUT on, as restore input.
std::string long_way(int length, const char* jump) {
  std::string chains, rules = fmt::format("-A INPUT {} c1\n", jump);
  for (int i = 1; i < length; ++i) {
    chains += fmt::format(":c{} - -\n", i);
    if (i + 1 < length) rules += fmt::format("-A c{} {} c{}\n", i, jump, i + 1);
  }
  return "*filter\n" + chains + rules + "COMMIT\n";
}

}  // namespace

TEST_CASE("jumps that lead in a circle are refused as soon as a hook leads there") {
  struct Case {
    std::string name, rules;
    int nft, legacy;
  };
  for (const auto& c : {
           Case{"a circle that nothing leads to", "-A a -j b\n-A b -j a\n", 0, 0},
           Case{"a chain that jumps to itself", "-A INPUT -j a\n-A a -p tcp -j a\n", 4, 1},
           Case{"a circle of gotos", "-A a -g b\n-A b -g a\n-A FORWARD -j a\n", 4, 1},
           Case{"a circle behind a rule that ends the chain, which legacy tables do not mark",
                "-A a -j RETURN\n-A a -p tcp -j a\n-A INPUT -j a\n", 4, 0},
           Case{"a circle that is cut again in the same transaction",
                "-A INPUT -j a\n-A a -j b\n-A b -j a\n-D a -j b\n", 0, 0},
           Case{"two ways to one chain", "-A INPUT -j a\n-A INPUT -j b\n-A a -j b\n", 0, 0},
       })
    for (const bool legacy : {false, true})
      DYNAMIC_SECTION(c.name << (legacy ? " (legacy)" : " (nft)")) {
        SimulatedKernel kernel;
        const std::string restore = legacy ? "iptables-legacy-restore -n" : "iptables-restore -n";
        CHECK(run(kernel, restore, "*filter\n:a - -\n:b - -\n" + c.rules + "COMMIT\n") ==
              (legacy ? c.legacy : c.nft));
      }
  SimulatedKernel kernel;
  REQUIRE(run(kernel, "iptables-restore -n",
              "*filter\n:a - -\n:b - -\n-A a -j b\n-A b -j a\nCOMMIT\n") == 0);
  CHECK(run(kernel, "iptables -A INPUT -j a") == 4);
  CHECK(run(kernel, "iptables -D b 1") == 0);
  CHECK(run(kernel, "iptables -A INPUT -j a") == 0);
  CHECK(run(kernel, "iptables -A b -j a") == 4);
}

TEST_CASE("nftables takes ways of sixteen chains, legacy tables longer ones") {
  for (const char* jump : {"-j", "-g"}) {
    SimulatedKernel kernel;
    CHECK(run(kernel, "iptables-restore -n", long_way(17, jump)) == 4);
    CHECK(run(kernel, "iptables-restore -n", long_way(16, jump)) == 0);
    CHECK(run(kernel, "iptables-legacy-restore -n", long_way(40, jump)) == 0);
  }
}

TEST_CASE("an extension is refused where it cannot work") {
  struct Case {
    std::string table, chain, rule;
    int rc;
  };
  for (const auto& c : {
           Case{"nat", "PREROUTING", "-j MASQUERADE", 4},
           Case{"nat", "POSTROUTING", "-j MASQUERADE", 0},
           Case{"nat", "POSTROUTING", "-j DNAT --to-destination 10.0.0.1", 4},
           Case{"nat", "OUTPUT", "-j DNAT --to-destination 10.0.0.1", 0},
           Case{"nat", "OUTPUT", "-j SNAT --to-source 10.0.0.1", 4},
           Case{"nat", "INPUT", "-j SNAT --to-source 10.0.0.1", 0},
           Case{"nat", "POSTROUTING", "-j REDIRECT", 4},
           Case{"mangle", "FORWARD", "-p tcp -j TPROXY --on-port 5", 4},
           Case{"mangle", "INPUT", "-m rpfilter -j DROP", 4},
           Case{"filter", "INPUT", "-m owner --uid-owner 0", 4},
           Case{"filter", "OUTPUT", "-m owner --uid-owner 0", 0},
           Case{"filter", "OUTPUT", "-m mac --mac-source 00:11:22:33:44:55", 4},
           Case{"filter", "OUTPUT", "-m addrtype --src-type LOCAL --limit-iface-in", 4},
           Case{"filter", "INPUT", "-o eth0 -j DROP", 2},
           Case{"filter", "OUTPUT", "-i eth0 -j DROP", 2},
       })
    DYNAMIC_SECTION(c.chain << " " << c.rule) {
      SimulatedKernel kernel;
      CHECK(run(kernel, fmt::format("iptables -t {} -A {} {}", c.table, c.chain, c.rule)) == c.rc);
      CHECK(run(kernel, fmt::format("iptables-legacy -t {} -A {} {}", c.table, c.chain, c.rule)) ==
            (c.rc == 4 ? 1 : c.rc));
    }
}

TEST_CASE("where a rule may be reached from counts behind jumps too, in either order") {
  SimulatedKernel kernel;
  REQUIRE(run(kernel, "iptables-restore -n",
              "*nat\n:a - -\n:b - -\n-A b -j MASQUERADE\n-A a -j b\n-A POSTROUTING -j a\n"
              "COMMIT\n") == 0);
  CHECK(run(kernel, "iptables -t nat -A PREROUTING -j a") == 4);
  CHECK(run(kernel, "iptables -t nat -A a -j DNAT --to-destination 10.0.0.1") == 4);
  CHECK(run(kernel, "iptables -t nat -F b") == 0);
  CHECK(run(kernel, "iptables -t nat -A PREROUTING -j a") == 0);
  CHECK(run(kernel, "iptables -t nat -A b -j MASQUERADE") == 4);
}

TEST_CASE("the nft tools make a table when something is asked of it") {
  struct Case {
    std::string command, input;
    bool makes_nft;
  };
  for (const auto& c : {
           Case{"-t nat -F", "", false},
           Case{"-t nat -F PREROUTING", "", true},
           Case{"-t nat -X", "", false},
           Case{"-t nat -S", "", false},
           Case{"-t nat -L -n", "", false},
           Case{"-t nat -nvL", "", false},
           Case{"-t nat -N a", "", true},
           Case{"-t nat -P INPUT ACCEPT", "", true},
           Case{"-t nat -A a -j ACCEPT", "", false},
           Case{"-restore -n", "*nat\nCOMMIT\n", false},
           Case{"-restore", "*nat\nCOMMIT\n", false},
           Case{"-restore -n", "*nat\n:INPUT - [0:0]\nCOMMIT\n", true},
       })
    DYNAMIC_SECTION(c.command << c.input) {
      SimulatedKernel kernel;
      const std::string blank = c.command.starts_with("-restore") ? "" : " ";
      (void)run(kernel, "iptables-nft" + blank + c.command, c.input);
      (void)run(kernel, "iptables-legacy" + blank + c.command, c.input);
      const auto& tables = kernel.state().iptables;
      CHECK(tables.at({IpFamily::v4, IptBackend::nft}).contains("nat") == c.makes_nft);
      CHECK(tables.at({IpFamily::v4, IptBackend::legacy}).contains("nat"));
    }
}

TEST_CASE("rules are listed in the words of iptables-save") {
  SimulatedKernel kernel;
  REQUIRE(run(kernel, "iptables-restore -n",
              "*filter\n:a - -\n-A a -s 10.0.0.1,10.0.0.2 -j ACCEPT\n-I a -d 1.1.1.1,2.2.2.2\n"
              "-P FORWARD DROP\nCOMMIT\n") == 0);
  const auto listed = [&](const char* command) {
    return kernel.apply(CommandOp{command, ""}).text;
  };
  CHECK(listed("iptables -S a") ==
        "-N a\n-A a -d 2.2.2.2/32\n-A a -d 1.1.1.1/32\n-A a -s 10.0.0.1/32 -j ACCEPT\n"
        "-A a -s 10.0.0.2/32 -j ACCEPT\n");
  CHECK(listed("iptables -S a 3") == "-A a -s 10.0.0.1/32 -j ACCEPT\n");
  CHECK(listed("iptables -S FORWARD") == "-P FORWARD DROP\n");
  CHECK(run(kernel, "iptables -S nowhere") == 1);
  CHECK(run(kernel, "iptables -L nowhere -n") == 1);
  CHECK(run(kernel, "iptables -E a b") == 0);
  CHECK(listed("iptables -S b 1") == "-A b -d 2.2.2.2/32\n");
}

TEST_CASE("extensions of kube-proxy and administrators are saved as iptables saves them") {
  struct Case {
    std::string table, written, saved;
  };
  for (const auto& c : {
           Case{"filter", "-m recent --name K --rcheck --seconds 10800 --reap",
                "-m recent --rcheck --seconds 10800 --reap --name K --mask 255.255.255.255 "
                "--rsource"},
           Case{"filter", "-m recent --set",
                "-m recent --set --name DEFAULT --mask 255.255.255.255 --rsource"},
           Case{"filter", "-m mac ! --mac-source aa:BB:cc:dd:ee:0f",
                "-m mac ! --mac-source aa:bb:cc:dd:ee:0f"},
           Case{"filter", "-m iprange --src-range 10.0.0.1-10.0.0.5 ! --dst-range 10.0.0.9",
                "-m iprange --src-range 10.0.0.1-10.0.0.5 ! --dst-range 10.0.0.9-10.0.0.9"},
           Case{"filter", "-m pkttype --pkt-type bcast", "-m pkttype --pkt-type broadcast"},
           Case{"filter", "-m length --length 5:", "-m length --length 5:65535"},
           Case{"filter", "-p icmp --icmp-type host-unreachable",
                "-p icmp -m icmp --icmp-type 3/1"},
           Case{"filter", "-m addrtype --src-type local -j DROP",
                "-m addrtype --src-type LOCAL -j DROP"},
           Case{"filter", "-j SET --add-set s src --exist", "-j SET --add-set s src --exist"},
           Case{"filter", "-j NFQUEUE", "-j NFQUEUE --queue-num 0"},
           Case{"mangle", "-j TOS --set-tos 0x10", "-j TOS --set-tos 0x10/0xff"},
           Case{"mangle", "-j TTL --ttl-set 5", "-j TTL --ttl-set 5"},
           Case{"mangle", "-j CLASSIFY --set-class 1:10", "-j CLASSIFY --set-class 0001:0010"},
       })
    DYNAMIC_SECTION(c.written) {
      SimulatedKernel kernel;
      REQUIRE(run(kernel, "ipset create s hash:ip") == 0);
      REQUIRE(run(kernel, "iptables -t " + c.table + " -A FORWARD " + c.written) == 0);
      const auto& chain =
          kernel.state().iptables.at({IpFamily::v4, IptBackend::nft}).at(c.table).at("FORWARD");
      CHECK(chain.rules == std::vector<IptRule>{c.saved});
    }
  SimulatedKernel kernel;
  REQUIRE(run(kernel, "ipset create s hash:ip") == 0);
  REQUIRE(run(kernel, "iptables -A FORWARD -j SET --add-set s src") == 0);
  CHECK(run(kernel, "ipset destroy s") == 1);
  CHECK(run(kernel, "ip6tables -A FORWARD -m ttl --ttl-eq 5") == 2);
}

TEST_CASE("options that are cut short are taken as getopt_long takes them") {
  struct Case {
    std::string words, saved;  // empty: refused
  };
  for (const auto& c : {
           Case{"--app INPUT --sour 10.0.0.1 --jum ACCEPT", "-s 10.0.0.1/32 -j ACCEPT"},
           Case{"-A INPUT --so 10.0.0.1", "-s 10.0.0.1/32"},
           Case{"-A INPUT --s 10.0.0.1", ""},  // or --set-counters
           Case{"-A INPUT --des 10.0.0.1", "-d 10.0.0.1/32"},
           Case{"-A INPUT --de 10.0.0.1", ""},  // or --delete
           Case{"-A INPUT --prot tcp --dp 80", "-p tcp -m tcp --dport 80"},
           Case{"-A INPUT --p tcp", ""},                               // or --policy
           Case{"-A INPUT -p tcp --des 80", "-d 80.0.0.0/32 -p tcp"},  // no tcp match yet
           Case{"-A INPUT -p tcp --dport 80 --des 10.0.0.1", ""},      // but now
           Case{"-A INPUT -p tcp --sy", "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN"},
           Case{"-A INPUT -p tcp --dport=80", "-p tcp -m tcp --dport 80"},
           Case{"-A INPUT --source=10.0.0.1", ""},
           Case{"-A INPUT -m comment --com hello", "-m comment --comment hello"},
           Case{"-A INPUT -m comment --c hello", ""},  // or --check
           Case{"-A INPUT -j REJECT --rej icmp-host-unreachable",
                "-j REJECT --reject-with icmp-host-unreachable"},
           Case{"-A INPUT -j MARK --set-x 1", "-j MARK --set-xmark 0x1/0xffffffff"},
           Case{"-A INPUT -j MARK --set- 1", ""},
           Case{"-A INPUT ! --sour 10.0.0.1", "! -s 10.0.0.1/32"},
           Case{"-A INPUT --frag", "-f"},
           Case{"--ta filter -A INPUT -j ACCEPT", "-j ACCEPT"},
           Case{"-tfilter -A INPUT -j ACCEPT", "-j ACCEPT"},
           Case{"-A INPUT -c 1 2 -4 -j ACCEPT", "-j ACCEPT"},
           Case{"--in INPUT -j ACCEPT", ""},  // or --in-interface
           Case{"--ins INPUT -j ACCEPT", "-j ACCEPT"},
       })
    DYNAMIC_SECTION(c.words) {
      SimulatedKernel kernel;
      CHECK((run(kernel, "iptables " + c.words) == 0) == !c.saved.empty());
      if (c.saved.empty()) return;
      const auto& chain =
          kernel.state().iptables.at({IpFamily::v4, IptBackend::nft}).at("filter").at("INPUT");
      CHECK(chain.rules == std::vector<IptRule>{c.saved});
    }
  SimulatedKernel kernel;
  CHECK(run(kernel, "iptables-restore --nofl", "*filter\n:a - -\nCOMMIT\n") == 0);
  CHECK(run(kernel, "iptables-restore --ver", "*filter\nCOMMIT\n") == 1);
}

TEST_CASE("the nft tools make a built-in chain when it is written to") {
  struct Case {
    std::string name;
    std::vector<std::string> commands;
    int nft, legacy;  // of the last
  };
  for (const auto& c : {
           Case{"one that nothing was written to cannot be zeroed",
                {"-A FORWARD -j ACCEPT", "-Z INPUT"},
                1,
                0},
           Case{"nor removed", {"-A FORWARD -j ACCEPT", "-X INPUT"}, 1, 1},
           Case{"one with rules is in use", {"-A FORWARD -j ACCEPT", "-X FORWARD"}, 4, 1},
           Case{"one without can be removed", {"-A FORWARD -j ACCEPT", "-F", "-X FORWARD"}, 0, 1},
           Case{"once", {"-F FORWARD", "-X FORWARD", "-X FORWARD"}, 1, 1},
           Case{"but for one that drops", {"-P FORWARD DROP", "-X FORWARD"}, 1, 1},
           Case{"which removing all leaves", {"-P FORWARD DROP", "-X", "-Z FORWARD"}, 0, 0},
           Case{"and the others it removes", {"-F FORWARD", "-X", "-Z FORWARD"}, 1, 0},
           Case{"a refused rule makes none", {"-I INPUT 2 -j ACCEPT", "-Z INPUT"}, 1, 0},
           Case{"a policy makes one", {"-P INPUT ACCEPT", "-Z INPUT"}, 0, 0},
       })
    for (const bool legacy : {false, true})
      DYNAMIC_SECTION(c.name << (legacy ? " (legacy)" : " (nft)")) {
        SimulatedKernel kernel;
        int rc = 0;
        for (const auto& command : c.commands)
          rc = run(kernel, (legacy ? "iptables-legacy " : "iptables ") + command);
        CHECK(rc == (legacy ? c.legacy : c.nft));
      }
}

TEST_CASE("a way may become too long at its beginning, in its middle and at its end") {
  // Chains a1 to a8 behind each other, and b1 to b8; INPUT leads to a1.
  const auto ways = [] {
    std::string text = "*filter\n";
    for (const char letter : {'a', 'b'})
      for (int i = 1; i <= 9; ++i) text += fmt::format(":{}{} - -\n", letter, i);
    for (const char letter : {'a', 'b'})
      for (int i = 1; i < 8; ++i) text += fmt::format("-A {0}{1} -j {0}{2}\n", letter, i, i + 1);
    return text + "-A INPUT -j a1\nCOMMIT\n";
  };
  struct Case {
    std::string name, rules;
    int rc;
  };
  for (const auto& c : {
           Case{"sixteen", "-A a7 -j b1\n", 0},
           Case{"seventeen, joined in the middle", "-A a8 -j b1\n", 4},
           Case{"at the end", "-A a7 -j b1\n-A b8 -j b9\n", 4},
           Case{"at the beginning", "-A a7 -j b1\n-A INPUT -j a9\n-A a9 -j a1\n", 4},
           Case{"in either order", "-A a9 -j a1\n-A INPUT -j a9\n-A a7 -j b1\n", 4},
           Case{"that nothing leads to", "-D INPUT -j a1\n-A a8 -j b1\n", 0},
       })
    DYNAMIC_SECTION(c.name) {
      SimulatedKernel kernel;
      REQUIRE(run(kernel, "iptables-restore -n", ways()) == 0);
      CHECK(run(kernel, "iptables-restore -n", "*filter\n" + c.rules + "COMMIT\n") == c.rc);
      // What is refused leaves no trace, and what was long may be again.
      CHECK(run(kernel, "iptables-restore -n", "*filter\n-A b8 -j b9\nCOMMIT\n") ==
            (c.name == "sixteen" ? 4 : 0));
    }
  SimulatedKernel kernel;
  REQUIRE(run(kernel, "iptables-restore -n", ways()) == 0);
  REQUIRE(run(kernel, "iptables-restore -n", "*filter\n-A a7 -j b1\nCOMMIT\n") == 0);
  REQUIRE(run(kernel, "iptables-restore -n", "*filter\n-D a7 -j b1\nCOMMIT\n") == 0);
  CHECK(run(kernel, "iptables-restore -n", "*filter\n-A b8 -j b9\n-A a6 -j b1\nCOMMIT\n") == 0);
}

TEST_CASE(
    "the nft tools find wrong words first, then chains that are missing, then hear the kernel") {
  struct Case {
    std::string name, lines;
    int rc;
  };
  for (const auto& c : {
           Case{"a chain that is missing, before wrong words", "-A x -j ACCEPT\n-A a --bogus\n", 2},
           Case{"what the kernel refuses, before a chain that is missing",
                "-A a -m rpfilter -j REJECT\n-A INPUT -j a\n-A a -j INPUT\n-X x\n", 1},
           Case{"what the kernel refuses alone", "-A INPUT -j ACCEPT\n-A a -j INPUT\n-N y\n", 4},
           Case{"a target that is missing in a chain that is missing", "-A x -j y\n", 2},
       })
    DYNAMIC_SECTION(c.name) {
      SimulatedKernel kernel;
      REQUIRE(run(kernel, "iptables-restore -n", "*filter\n:a - -\nCOMMIT\n") == 0);
      const auto before = kernel.state().iptables;
      CHECK(run(kernel, "iptables-restore -n", "*filter\n" + c.lines + "COMMIT\n") == c.rc);
      CHECK(kernel.state().iptables == before);
    }
}

TEST_CASE("jumps follow a chain to its new name") {
  SimulatedKernel kernel;
  REQUIRE(
      run(kernel, "iptables-restore -n",
          "*filter\n:a - -\n:b - -\n-A b -p tcp -g a\n-A INPUT -j a\n-A INPUT -j b\nCOMMIT\n") ==
      0);
  CHECK(run(kernel, "iptables -E a c") == 0);
  CHECK(kernel.apply(CommandOp{"iptables -S b", ""}).text == "-N b\n-A b -p tcp -g c\n");
  CHECK(kernel.apply(CommandOp{"iptables -S INPUT 1", ""}).text == "-A INPUT -j c\n");
  CHECK(run(kernel, "iptables -X c") == 4);
  CHECK(run(kernel, "iptables -F") == 0);
  CHECK(run(kernel, "iptables -X c") == 0);
}
