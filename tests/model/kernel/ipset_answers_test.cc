// SPDX-License-Identifier: Apache-2.0
// ipset with the types and options that Felix does not use, but others on a node do. The answers
// are those of ipset 7.17 on Linux 6.18.
#include "model/kernel/ipset_text.h"
#include "model/kernel/simulated_kernel.h"

using namespace felixsim;

namespace {

// What `ipset save` shows of set a after these commands, without its first line.
std::string members_of(SimulatedKernel& kernel) {
  const std::string text = kernel.apply(CommandOp{"ipset save a", ""}).text;
  return text.substr(text.find('\n') + 1);
}

}  // namespace

TEST_CASE("an element may stand for many members") {
  struct Case {
    std::string type, element, saved;
  };
  for (const auto& c : {
           Case{"hash:net", "10.0.0.1-10.0.0.6",
                "add a 10.0.0.1\nadd a 10.0.0.2/31\nadd a 10.0.0.4/31\nadd a 10.0.0.6\n"},
           Case{"hash:ip,port", "10.0.0.0/31,udp:81-80",
                "add a 10.0.0.0,udp:80\nadd a 10.0.0.0,udp:81\nadd a 10.0.0.1,udp:80\n"
                "add a 10.0.0.1,udp:81\n"},
           Case{"hash:ip,port,ip", "10.0.0.1,80,10.0.0.2", "add a 10.0.0.1,tcp:80,10.0.0.2\n"},
           Case{"hash:ip,port,net", "10.0.0.1,sctp:5,10.1.2.3/16",
                "add a 10.0.0.1,sctp:5,10.1.0.0/16\n"},
           Case{"hash:net,port", "10.0.0.0/8,icmp:8/0", "add a 10.0.0.0/8,icmp:echo-request\n"},
           Case{"hash:net,port", "10.0.0.0/8,gre:0", "add a 10.0.0.0/8,gre:0\n"},
           Case{"hash:net,iface", "0.0.0.0/0,physdev:eth0", "add a 0.0.0.0/0,physdev:eth0\n"},
           Case{"bitmap:port range 10-0", "5-6", "add a 5\nadd a 6\n"},
           Case{"bitmap:ip range 10.0.0.0/30", "10.0.0.1", "add a 10.0.0.1\n"},
       })
    DYNAMIC_SECTION(c.type << " " << c.element) {
      SimulatedKernel kernel;
      REQUIRE(kernel.apply(CommandOp{"ipset create a " + c.type, ""}).rc == 0);
      CHECK(kernel.apply(CommandOp{"ipset add a " + c.element, ""}).rc == 0);
      CHECK(members_of(kernel) == c.saved);
      CHECK(print_ipset_save(parse_ipset_save(print_ipset_save(kernel.state().ipsets)).value()) ==
            print_ipset_save(kernel.state().ipsets));
    }
}

TEST_CASE("elements that a set cannot hold are refused") {
  struct Case {
    std::string type, element;
  };
  for (const auto& c : {
           Case{"hash:ip,port", "10.0.0.1"},
           Case{"hash:ip,port", "10.0.0.1,tcp:80,5"},
           Case{"hash:ip,port", "0.0.0.0,tcp:5"},
           Case{"hash:ip,port,ip", "10.0.0.1,tcp:80,10.0.0.0/24"},
           Case{"hash:net,port", "10.0.0.0/8,gre:5"},
           Case{"hash:net,port", "10.0.0.0/8,icmpv6:ping"},
           Case{"hash:net,port", "10.0.0.0/8,all:0"},
           Case{"hash:ip family inet6", "fd00::1-fd00::3"},
           Case{"hash:ip", "10.0.0.1 nomatch"},
           Case{"hash:ip", "10.0.0.1 timeout 5"},
           Case{"hash:ip", "10.0.0.1 comment x"},
           Case{"hash:net maxelem 0", "10.0.0.1"},
           Case{"bitmap:port range 0-10", "9-12"},
           Case{"bitmap:ip range 10.0.0.0/30", "10.0.0.4"},
       })
    DYNAMIC_SECTION(c.type << " " << c.element) {
      SimulatedKernel kernel;
      REQUIRE(kernel.apply(CommandOp{"ipset create a " + c.type, ""}).rc == 0);
      CHECK(kernel.apply(CommandOp{"ipset add a " + c.element, ""}).rc == 1);
      CHECK(members_of(kernel).empty());
    }
}

TEST_CASE("extensions of a set are kept with it and its members") {
  SimulatedKernel kernel;
  const std::string saved =
      "create a hash:net family inet hashsize 1024 maxelem 65536 timeout 300 counters comment\n"
      "add a 10.0.0.0/24 timeout 300 nomatch packets 0 bytes 0 comment \"x y\"\n"
      "add a 10.1.0.0/24 timeout 5 packets 5 bytes 6\n";
  REQUIRE(kernel
              .apply(CommandOp{"ipset restore",
                               "create a hash:net timeout 300 counters comment\n"
                               "add a 10.0.0.0/24 nomatch comment \"x y\"\n"
                               "add a 10.1.0.0/24 timeout 5 packets 5 bytes 6\n"})
              .rc == 0);
  CHECK(print_ipset_save(kernel.state().ipsets) == saved);
  CHECK(print_ipset_save(parse_ipset_save(saved).value()) == saved);
  CHECK(kernel.apply(CommandOp{"ipset del a 10.0.0.0/24", ""}).rc == 0);
  CHECK(kernel.state().ipsets.at("a").member_options.size() == 1);
}

TEST_CASE("a restore whose words are wrong loses what was not sent yet") {
  struct Case {
    std::string name, input, saved;
  };
  for (const auto& c : {
           Case{"behind another set's members", "add a 1.1.1.1\nadd b 2.2.2.2\nadd b x\n",
                "add a 1.1.1.1\n"},
           Case{"behind its own members", "add a 1.1.1.1\nadd a x\n", ""},
           Case{"a set that is missing", "add a 1.1.1.1\nadd c 1.1.1.1\n", ""},
           Case{"words of another command", "add a 1.1.1.1\ncreate c hash:bogus\n", ""},
           Case{"what the kernel refuses", "add a 1.1.1.1\ncreate b hash:ip\n", "add a 1.1.1.1\n"},
       })
    DYNAMIC_SECTION(c.name) {
      SimulatedKernel kernel;
      REQUIRE(
          kernel.apply(CommandOp{"ipset restore", "create a hash:net\ncreate b hash:net\n"}).rc ==
          0);
      CHECK(kernel.apply(CommandOp{"ipset restore", c.input}).rc == 1);
      CHECK(members_of(kernel) == c.saved);
    }
}
