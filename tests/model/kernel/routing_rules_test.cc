// SPDX-License-Identifier: Apache-2.0
// ip rule and bridge fdb: what iproute2 6.1 and Linux 6.18 answered to the same commands.
#include "model/kernel/link_text.h"
#include "model/kernel/route_text.h"
#include "model/kernel/simulated_kernel.h"

using namespace felixsim;

namespace {

struct Case {
  std::string name;
  std::vector<std::string> commands;
  std::string refusal;  // the last command's answer; empty: it is taken
  std::string rules;    // without the three of the kernel
};

std::string added_rules(const SimulatedKernel& kernel, IpFamily family) {
  std::string out;
  const std::string text = print_rules(kernel.state().rules, family);
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    const auto line = text.substr(at, end + 1 - at);
    if (line != "0:\tfrom all lookup local\n" && line != "32766:\tfrom all lookup main\n" &&
        line != "32767:\tfrom all lookup default\n")
      out += line;
    at = end + 1;
  }
  return out;
}

}  // namespace

TEST_CASE("routing rules are read, ordered and found as in Linux") {
  for (const auto& c : std::vector<Case>{
           {"host bits stay",
            {"ip rule add from 10.0.0.1/24 table 100"},
            "",
            "32765:\tfrom 10.0.0.1/24 lookup 100\n"},
           {"a new one comes before the others",
            {"ip rule add from 10.0.0.1 table 100", "ip rule add to 10.0.0.2 table 101"},
            "",
            "32764:\tfrom all to 10.0.0.2 lookup 101\n32765:\tfrom 10.0.0.1 lookup 100\n"},
           {"those of one priority stay in the order in which they came",
            {"ip rule add pref 5 to 9.0.0.0/8 table 2",
             "ip rule add pref 5 from 1.0.0.0/8 table 1"},
            "",
            "5:\tfrom all to 9.0.0.0/8 lookup 2\n5:\tfrom 1.0.0.0/8 lookup 1\n"},
           {"marks with and without a mask",
            {"ip rule add fwmark 0x1ff/0xff table 5", "ip rule add fwmark 1/0xffffffff table 5",
             "ip rule add fwmark 0/0xf table 5", "ip rule add fwmark 0 table 5"},
            "",
            "32762:\tfrom all lookup 5\n32763:\tfrom all fwmark 0/0xf lookup 5\n"
            "32764:\tfrom all fwmark 0x1 lookup 5\n32765:\tfrom all fwmark 0x1ff/0xff lookup 5\n"},
           {"interfaces, and prefixes that are too short",
            {"ip rule add pref 9 not iif eth0 oif lo table main suppress_prefixlength 0"},
            "",
            "9:\tnot from all iif eth0 oif lo lookup main suppress_prefixlength 0\n"},
           {"what looks nothing up",
            {"ip rule add pref 1 blackhole from 1.2.3.4", "ip rule add pref 2 type prohibit",
             "ip rule add pref 3 unreachable"},
            "",
            "1:\tfrom 1.2.3.4 blackhole\n2:\tfrom all prohibit\n3:\tfrom all unreachable\n"},
           {"the main table without a table",
            {"ip rule add pref 5 from all"},
            "",
            "5:\tfrom all lookup main\n"},
           {"the same twice",
            {"ip rule add pref 5 table 9", "ip rule add pref 5 not table 9"},
            "RTNETLINK answers: File exists",
            "5:\tfrom all lookup 9\n"},
           {"deleting by any part",
            {"ip rule add pref 5 from 10.0.0.1 fwmark 1 table 9",
             "ip rule add pref 6 from 10.0.0.2 fwmark 1 table 9", "ip rule del fwmark 1"},
            "",
            "6:\tfrom 10.0.0.2 fwmark 0x1 lookup 9\n"},
           {"deleting does not ask for the direction of a rule",
            {"ip rule add pref 5 not from 10.0.0.1 table 9", "ip rule del from 10.0.0.1"},
            "",
            ""},
           {"deleting what is not there",
            {"ip rule del from 10.0.0.1"},
            "RTNETLINK answers: No such file or directory",
            ""},
           {"flushing keeps priority 0",
            {"ip rule add pref 0 table 9", "ip rule add pref 5 table 9", "ip rule flush"},
            "",
            "0:\tfrom all lookup 9\n"},
           {"no words", {"ip rule add"}, "\"ip rule add\" requires arguments.", ""},
           {"an unknown table",
            {"ip rule add table nosuch"},
            "Error: argument \"nosuch\" is wrong: invalid table ID\n",
            ""},
           {"an unknown action",
            {"ip rule add bogus"},
            "Error: argument \"bogus\" is wrong: Failed to parse rule type",
            ""},
           {"an address of IPv6",
            {"ip rule add from fd00::1 table 5"},
            "Error: Invalid source address.",
            ""},
       })
    DYNAMIC_SECTION(c.name) {
      SimulatedKernel kernel;
      for (const auto& command : c.commands) {
        const auto answer = kernel.exec(command).value();
        const bool last = &command == &c.commands.back();
        CAPTURE(command, answer.text);
        CHECK((answer.rc == 0) == (!last || c.refusal.empty()));
        if (last && !c.refusal.empty()) CHECK(answer.text == c.refusal);
      }
      CHECK(added_rules(kernel, IpFamily::v4) == c.rules);
      CHECK(added_rules(kernel, IpFamily::v6).empty());
      const auto printed = print_rules(kernel.state().rules, IpFamily::v4);
      CHECK(print_rules(parse_rules(printed, IpFamily::v4).value(), IpFamily::v4) == printed);
    }
  SimulatedKernel kernel;
  CHECK(kernel.exec("ip -6 rule add from 1.2.3.4 table 5")->text ==
        "Error: inet6 prefix is expected rather than \"1.2.3.4\".");
  CHECK(kernel.exec("ip -6 rule add from fd00::1/24 table 5")->rc == 0);
  CHECK(added_rules(kernel, IpFamily::v6) == "32765:\tfrom fd00::1/24 lookup 5\n");
}

TEST_CASE("forwarding entries of a tunnel, of a bridge, and of what is neither") {
  SimulatedKernel kernel;
  for (const auto* line : {"ip link add eth0 type veth", "ip link add br0 type bridge",
                           "ip link add vx0 type vxlan id 1 local 172.16.0.1 dstport 4789"})
    REQUIRE(kernel.exec(line)->rc == 0);
  struct Entry {
    const char *name, *words, *answer;
  };
  const char *invalid = "RTNETLINK answers: Invalid argument",
             *exists = "RTNETLINK answers: File exists";
  for (const Entry& c : {
           Entry{"an Ethernet device takes the frames of a MAC", "add 02:00:00:00:00:01 dev eth0",
                 ""},
           Entry{"once", "add 02:00:00:00:00:01 dev eth0 dst 10.0.0.1", exists},
           Entry{"or of a group", "append 33:33:00:00:00:09 dev eth0 self", ""},
           Entry{"for good", "add 02:00:00:00:00:04 dev eth0 static", invalid},
           Entry{"and in no VLAN", "add 02:00:00:00:00:06 dev eth0 vlan 5", invalid},
           Entry{"nor for a bridge that it is no port of", "add 02:00:00:00:00:06 dev eth0 master",
                 "RTNETLINK answers: Operation not supported"},
           Entry{"a bridge keeps its own", "add 02:00:00:00:00:01 dev br0", ""},
           Entry{"but not for nobody", "add 00:00:00:00:00:00 dev br0", invalid},
           Entry{"a tunnel needs a place", "add 02:00:00:00:00:01 dev vx0", invalid},
           Entry{"has one", "add 02:00:00:00:00:01 dev vx0 dst 10.0.0.1", ""},
           Entry{"for a MAC only one", "append 02:00:00:00:00:01 dev vx0 dst 10.0.0.2", ""},
           Entry{"for everybody several", "add 00:00:00:00:00:00 dev vx0 dst 10.0.0.1", ""},
           Entry{"as they are appended", "append 00:00:00:00:00:00 dev vx0 dst 10.0.0.2", ""},
           Entry{"and not replaced", "replace 00:00:00:00:00:00 dev vx0 dst 10.0.0.3",
                 "Error: Cannot replace non-unicast fdb entries."},
           Entry{"lo has none", "add 02:00:00:00:00:01 dev lo",
                 "Error: FDB add only supported for Ethernet devices."},
           Entry{"nor what is not there", "add 02:00:00:00:00:01 dev nope",
                 "Cannot find device \"nope\""},
           Entry{"no MAC", "add zz dev eth0", "Invalid mac address zz"},
           Entry{"no entry", "del 02:00:00:00:00:0e dev eth0",
                 "RTNETLINK answers: No such file or directory"},
           Entry{"an entry goes", "del 33:33:00:00:00:09 dev eth0", ""},
           Entry{"no device", "add 02:00:00:00:00:01",
                 "Device and address are required arguments."},
       }) {
    CAPTURE(c.name);
    const auto answer = kernel.exec(std::string("bridge fdb ") + c.words).value();
    CHECK(answer.text == c.answer);
    CHECK(answer.rc == (*c.answer == 0 ? 0 : 255));
  }
  const std::string printed = print_fdb(kernel.state().fdb);
  CHECK(printed ==
        "02:00:00:00:00:01 dev br0 master br0 permanent\n"
        "02:00:00:00:00:01 dev eth0 self permanent\n"
        "00:00:00:00:00:00 dev vx0 dst 10.0.0.1 self permanent\n"
        "00:00:00:00:00:00 dev vx0 dst 10.0.0.2 self permanent\n"
        "02:00:00:00:00:01 dev vx0 dst 10.0.0.1 self permanent\n");
  CHECK(parse_fdb(printed).value() == kernel.state().fdb);
}

TEST_CASE("sysctl tells a setting that no kernel has from one that is not modelled") {
  SimulatedKernel kernel;
  struct Setting {
    const char *name, *words, *answer;
    int rc;
  };
  for (const Setting& c : {
           Setting{"one that there is", "-w net.ipv4.conf.lo.rp_filter=2",
                   "net.ipv4.conf.lo.rp_filter = 2\n", 0},
           Setting{"with slashes", "-w net/ipv4/conf/lo/rp_filter=1",
                   "net.ipv4.conf.lo.rp_filter = 1\n", 0},
           Setting{"one that is not modelled", "-w net.ipv4.tcp_syncookies=1",
                   "net.ipv4.tcp_syncookies = 1\n", 0},
           Setting{"one that no kernel has", "-w net.ipv4.foo=1",
                   "sysctl: cannot stat /proc/sys/net/ipv4/foo: No such file or directory\n", 1},
           Setting{"one of no interface", "-w net.ipv4.conf.nope.rp_filter=1",
                   "sysctl: cannot stat /proc/sys/net/ipv4/conf/nope/rp_filter: No such file or "
                   "directory\n",
                   1},
           Setting{"one that no interface has", "net.ipv6.conf.lo.rp_filter",
                   "sysctl: cannot stat /proc/sys/net/ipv6/conf/lo/rp_filter: No such file or "
                   "directory\n",
                   1},
           Setting{"which may be asked not to matter", "-e -w net.ipv4.foo=1", "", 0},
           Setting{"of which nobody knows here", "-w kernel.foo=1",
                   "felixsim: not known whether this kernel has kernel.foo; it is kept and does "
                   "nothing\nkernel.foo = 1\n",
                   0},
           Setting{"a value that nobody knows here", "net.ipv4.tcp_rmem",
                   "sysctl: felixsim does not know the value of net.ipv4.tcp_rmem\n", 1},
           Setting{"no number", "-w net.ipv4.conf.lo.rp_filter=abc",
                   "sysctl: setting key \"net.ipv4.conf.lo.rp_filter\": Invalid argument\n", 1},
           Setting{"no value", "-w net.ipv4.conf.lo.rp_filter",
                   "sysctl: command line(0): invalid syntax, continuing...\n", 1},
           Setting{"the others go on", "-w net.ipv4.foo=1 net.ipv4.ip_forward=1",
                   "sysctl: cannot stat /proc/sys/net/ipv4/foo: No such file or directory\n"
                   "net.ipv4.ip_forward = 1\n",
                   1},
           Setting{"nothing", "-w", "sysctl: no variables specified", 1},
       }) {
    CAPTURE(c.name);
    const auto answer = kernel.exec(std::string("sysctl ") + c.words).value();
    CHECK(answer.text == c.answer);
    CHECK(answer.rc == c.rc);
  }
}
