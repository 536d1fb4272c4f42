// SPDX-License-Identifier: Apache-2.0
#include "model/rules/rule_builder.h"

#include "tests/model/rules/rules_support.h"

using namespace felixsim;
using namespace felixsim::rules;

namespace {

using Write = std::function<rules::Rule(RuleBuilder&)>;

struct Case {
  std::string name;
  Write write;
  std::string iptables, nft;
};

std::string written(Dialect dialect, const Write& write, IpFamily family = IpFamily::v4,
                    Features features = {}) {
  RuleBuilder rule(dialect, family, features);
  return write(rule).text;
}

const std::vector<msg::PortRange> some_ports{{80, 80}, {8000, 9000}};

void check(const std::vector<Case>& cases, IpFamily family = IpFamily::v4) {
  for (const auto& c : cases) {
    INFO(c.name);
    CHECK(written(Dialect::iptables, c.write, family) == c.iptables);
    CHECK(written(Dialect::nft, c.write, family) == c.nft);
  }
}

}  // namespace

TEST_CASE("matches on marks name the mask, and nft writes it first") {
  check({
      {"all of the bits clear", [](auto& r) { return r.mark_clear(0x30).none(); },
       "-m mark --mark 0/0x30", "meta mark & 0x30 == 0"},
      {"any of the bits set", [](auto& r) { return r.mark_not_clear(0x30).none(); },
       "-m mark ! --mark 0/0x30", "meta mark & 0x30 != 0"},
      {"one bit set", [](auto& r) { return r.mark_set(0x10).none(); }, "-m mark --mark 0x10/0x10",
       "meta mark & 0x10 == 0x10"},
      {"a value within a mask", [](auto& r) { return r.mark(0x10, 0xf0).none(); },
       "-m mark --mark 0x10/0xf0", "meta mark & 0xf0 == 0x10"},
      {"not a value within a mask", [](auto& r) { return r.not_mark(0, 0xf0).none(); },
       "-m mark ! --mark 0x0/0xf0", "meta mark & 0xf0 != 0x0"},
  });
}

TEST_CASE("matches on interfaces, routes and connections") {
  check({
      {"by incoming interface", [](auto& r) { return r.in_interface("eth0").none(); },
       "--in-interface eth0", "iifname eth0"},
      {"by outgoing interface", [](auto& r) { return r.out_interface("eth0").none(); },
       "--out-interface eth0", "oifname eth0"},
      {"by a failed reverse path check", [](auto& r) { return r.rpf_check_failed().none(); },
       "-m rpfilter --invert --validmark", "fib saddr . mark . iif oif 0"},
      {"by a local source", [](auto& r) { return r.source_is_local().none(); },
       "-m addrtype --src-type LOCAL", "fib saddr type local"},
      {"by a source that is not the outgoing interface's",
       [](auto& r) { return r.source_is_not_local(true).none(); },
       "-m addrtype ! --src-type LOCAL --limit-iface-out", "fib saddr . oif type != local"},
      {"by a local destination", [](auto& r) { return r.destination_is_local().none(); },
       "-m addrtype --dst-type LOCAL", "fib daddr type local"},
      {"by a destination elsewhere", [](auto& r) { return r.destination_is_not_local().none(); },
       "-m addrtype ! --dst-type LOCAL", "fib daddr type != local"},
      {"by conntrack state",
       [](auto& r) { return r.conntrack_state("RELATED,ESTABLISHED").none(); },
       "-m conntrack --ctstate RELATED,ESTABLISHED", "ct state related,established"},
      {"DNATed is a state in iptables and a status in nft",
       [](auto& r) { return r.conntrack_dnat().none(); }, "-m conntrack --ctstate DNAT",
       "ct status dnat"},
      {"not DNATed", [](auto& r) { return r.conntrack_not_dnat().none(); },
       "-m conntrack ! --ctstate DNAT", "ct status != dnat"},
  });
}

TEST_CASE("matches on protocols and ports") {
  check({
      {"by name", [](auto& r) { return r.protocol("tcp").none(); }, "-p tcp", "meta l4proto tcp"},
      {"by number", [](auto& r) { return r.protocol(uint8_t{4}).none(); }, "-p 4",
       "meta l4proto 4"},
      {"not by name",
       [](auto& r) {
         return r.not_protocol(Protocol{Symbol("udp"), 0}).none();
       },
       "! -p udp", "meta l4proto != udp"},
      {"not by number",
       [](auto& r) {
         return r.not_protocol(Protocol{Symbol(), 47}).none();
       },
       "! -p 47", "meta l4proto != 47"},
      {"source ports and ranges",
       [](auto& r) { return r.protocol("tcp").source_ports(some_ports).none(); },
       "-p tcp -m multiport --source-ports 80,8000:9000",
       "meta l4proto tcp tcp sport { 80, 8000-9000 }"},
      {"no destination ports",
       [](auto& r) { return r.protocol("udp").not_destination_ports(some_ports).none(); },
       "-p udp -m multiport ! --destination-ports 80,8000:9000",
       "meta l4proto udp udp dport != { 80, 8000-9000 }"},
      {"nft names the ports' protocol where it was given by number",
       [](auto& r) { return r.protocol(uint8_t{132}).destination_port(5).none(); },
       "-p 132 -m multiport --destination-ports 5", "meta l4proto 132 sctp dport { 5 }"},
      {"a port without a list",
       [](auto& r) { return r.protocol("udp").single_destination_port(4789).none(); },
       "-p udp --dport 4789", "meta l4proto udp udp dport 4789"},
  });
}

TEST_CASE("matches on addresses and sets carry the IP version in nft only") {
  const std::vector<Case> cases{
      {"source", [](auto& r) { return r.source_net("NET").none(); }, "--source NET",
       "ip saddr NET"},
      {"not a source", [](auto& r) { return r.not_source_net("NET").none(); }, "! --source NET",
       "ip saddr != NET"},
      {"destination", [](auto& r) { return r.destination_net("NET").none(); }, "--destination NET",
       "ip daddr NET"},
      {"not a destination", [](auto& r) { return r.not_destination_net("NET").none(); },
       "! --destination NET", "ip daddr != NET"},
      {"source set", [](auto& r) { return r.source_set("SET").none(); },
       "-m set --match-set SET src", "ip saddr @SET"},
      {"not in a source set", [](auto& r) { return r.not_source_set("SET").none(); },
       "-m set ! --match-set SET src", "ip saddr != @SET"},
      {"destination set", [](auto& r) { return r.destination_set("SET").none(); },
       "-m set --match-set SET dst", "ip daddr @SET"},
      {"set of source addresses and ports", [](auto& r) { return r.source_port_set("SET").none(); },
       "-m set --match-set SET src,src", "ip saddr . meta l4proto . th sport @SET"},
      {"not in a set of destination addresses and ports",
       [](auto& r) { return r.not_destination_port_set("SET").none(); },
       "-m set ! --match-set SET dst,dst", "ip daddr . meta l4proto . th dport != @SET"},
  };
  check(cases);
  for (const auto& c : cases) {
    INFO(c.name << " in IPv6");
    CHECK(written(Dialect::iptables, c.write, IpFamily::v6) == c.iptables);
    CHECK(written(Dialect::nft, c.write, IpFamily::v6) == "ip6" + c.nft.substr(2));
  }
}

TEST_CASE("ICMP is another protocol in each IP version, and types are bytes") {
  const Write type = [](auto& r) { return r.icmp({8, std::nullopt}).none(); };
  const Write code = [](auto& r) { return r.not_icmp({3, 1}).none(); };
  const Write big = [](auto& r) { return r.icmp({256 + 8, std::nullopt}).none(); };
  check({{"type", type, "-m icmp --icmp-type 8", "icmp type 8"},
         {"not type and code", code, "-m icmp ! --icmp-type 3/1", "icmp type != 3 code != 1"},
         {"beyond a byte", big, "-m icmp --icmp-type 8", "icmp type 8"}});
  check({{"type", type, "-m icmp6 --icmpv6-type 8", "icmpv6 type 8"},
         {"not type and code", code, "-m icmp6 ! --icmpv6-type 3/1", "icmpv6 type != 3 code != 1"}},
        IpFamily::v6);
}

TEST_CASE("actions, and nft counts at every one of them") {
  check({
      {"accept", [](auto& r) { return r.accept(); }, "--jump ACCEPT", "counter accept"},
      {"drop", [](auto& r) { return r.drop(); }, "--jump DROP", "counter drop"},
      {"reject", [](auto& r) { return r.verdict(Verdict::reject); }, "--jump REJECT",
       "counter reject"},
      {"return", [](auto& r) { return r.return_(); }, "--jump RETURN", "counter return"},
      {"jump", [](auto& r) { return r.jump("cali-x"); }, "--jump cali-x", "counter jump cali-x"},
      {"goto", [](auto& r) { return r.go_to("cali-x"); }, "--goto cali-x", "counter goto cali-x"},
      {"set bits", [](auto& r) { return r.set_mark(0x30); }, "--jump MARK --set-mark 0x30/0x30",
       "counter meta mark set mark or 0x30"},
      {"set a value", [](auto& r) { return r.set_masked_mark(0, 0xf0); },
       "--jump MARK --set-mark 0x0/0xf0", "counter meta mark set mark & 0xffffff0f ^ 0x0"},
      {"clear bits", [](auto& r) { return r.clear_mark(0x30); }, "--jump MARK --set-mark 0/0x30",
       "counter meta mark set mark & 0xffffffcf"},
      {"do not track", [](auto& r) { return r.no_track(); }, "--jump NOTRACK", "counter notrack"},
      {"log", [](auto& r) { return r.log("calico-packet"); },
       R"(--jump LOG --log-prefix "calico-packet: " --log-level 5)",
       R"(counter log prefix "calico-packet: " level info)"},
      {"nflog", [](auto& r) { return r.nflog(1, "API0|gnp/x"); },
       "--jump NFLOG --nflog-group 1 --nflog-prefix API0|gnp/x --nflog-size 80",
       R"(counter log prefix "API0|gnp/x" snaplen 80 group 1)"},
      {"DSCP", [](auto& r) { return r.dscp(46); }, "--jump DSCP --set-dscp 46",
       "counter ip dscp set 46"},
      {"packet rate", [](auto& r) { return r.limit_packet_rate(100, 5, 0x80); },
       "-m limit --limit 100/sec --limit-burst 5 --jump MARK --set-mark 0x80/0x80",
       "counter limit rate over 100/second burst 5 packets drop"},
      {"connections", [](auto& r) { return r.limit_connections(7); },
       "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m connlimit --connlimit-above 7 "
       "--connlimit-mask 0 -j REJECT --reject-with tcp-reset",
       "counter ct count over 7 reject with tcp reset"},
  });
}

TEST_CASE("NAT actions use full randomness where the kernel has it") {
  check({
      {"SNAT", [](auto& r) { return r.snat("192.0.2.1"); },
       "--jump SNAT --to-source 192.0.2.1 --random-fully",
       "counter snat to 192.0.2.1 fully-random"},
      {"DNAT", [](auto& r) { return r.dnat("192.0.2.1"); },
       "--jump DNAT --to-destination 192.0.2.1", "counter dnat to 192.0.2.1"},
      {"DNAT to a port", [](auto& r) { return r.dnat("192.0.2.1", 80); },
       "--jump DNAT --to-destination 192.0.2.1:80", "counter dnat to 192.0.2.1:80"},
      {"DNAT to an IPv6 address and a port", [](auto& r) { return r.dnat("fd00::1", 80); },
       "--jump DNAT --to-destination [fd00::1]:80", "counter dnat to [fd00::1]:80"},
      {"masquerade", [](auto& r) { return r.masquerade(); }, "--jump MASQUERADE --random-fully",
       "counter masquerade fully-random"},
      {"masquerade to ports", [](auto& r) { return r.masquerade("1024-2000"); },
       "--jump MASQUERADE --to-ports 1024-2000 --random-fully",
       "counter masquerade to :1024-2000 fully-random"},
  });
  const Features old{false, false, false};
  const Write snat = [](auto& r) { return r.snat("192.0.2.1"); };
  const Write masquerade = [](auto& r) { return r.masquerade(); };
  const Write nflog = [](auto& r) { return r.nflog(2, "p"); };
  CHECK(written(Dialect::iptables, snat, IpFamily::v4, old) == "--jump SNAT --to-source 192.0.2.1");
  CHECK(written(Dialect::nft, masquerade, IpFamily::v4, old) == "counter masquerade");
  CHECK(written(Dialect::iptables, nflog, IpFamily::v4, old) ==
        "--jump NFLOG --nflog-group 2 --nflog-prefix p --nflog-range 80");
}

TEST_CASE("a rate limit without a burst leaves the burst to the tool") {
  check({{"with", [](auto& r) { return r.limit("10/second", 20).none(); },
          "-m limit --limit 10/second --limit-burst 20", "limit rate 10/second burst 20 packets"},
         {"without", [](auto& r) { return r.limit("10/second", 0).none(); },
          "-m limit --limit 10/second", "limit rate 10/second"}});
}

TEST_CASE("matches come in order, then the action, and the rule knows where it leads") {
  for (const Dialect dialect : {Dialect::iptables, Dialect::nft}) {
    rules::Rule rule = RuleBuilder(dialect, IpFamily::v4)
                           .in_interface("eth0")
                           .comment("first")
                           .protocol("tcp")
                           .comment("second")
                           .jump("cali-x");
    CHECK(rule.target() == "cali-x");
    CHECK_FALSE(rule.returns);
    CHECK(rule.comments == std::vector<std::string>{"first", "second"});
  }
  const rules::Rule verdict = RuleBuilder(Dialect::iptables, IpFamily::v4).return_();
  CHECK(verdict.target().empty());
  CHECK(verdict.returns);
  CHECK(RuleBuilder(Dialect::iptables, IpFamily::v4)
            .in_interface("a")
            .source_net("b")
            .accept()
            .text == "--in-interface a --source b --jump ACCEPT");
}

TEST_CASE("only protocols with ports let nft match on ports") {
  CHECK(has_ports_in_nft(Protocol{Symbol("tcp"), 0}));
  CHECK(has_ports_in_nft(Protocol{Symbol(), 17}));
  CHECK_FALSE(has_ports_in_nft(Protocol{Symbol("icmp"), 0}));
  CHECK_FALSE(has_ports_in_nft(Protocol{Symbol(), 255}));
  CHECK_FALSE(has_ports_in_nft(std::nullopt));
}
