// SPDX-License-Identifier: Apache-2.0
#include "model/rules/static_chains.h"

#include "model/rules/nat_chains.h"
#include "tests/model/rules/rules_support.h"

using namespace felixsim;
using namespace felixsim::rules;
using namespace felixsim::rules::test;

namespace {

using Change = std::function<void(RulesConfig&)>;

RulesConfig changed(const Change& change, Dialect dialect = Dialect::iptables) {
  RulesConfig c = config(dialect);
  change(c);
  return c;
}

Texts filter_chain(const Change& change, std::string_view name, IpFamily family = IpFamily::v4) {
  const RulesConfig c = changed(change);
  return texts(named(static_filter_chains({c, family}), name));
}

Texts nat_outgoing(const Change& change, IpFamily family = IpFamily::v4) {
  const RulesConfig c = changed(change);
  return texts(nat_outgoing_chain({c, family}, true));
}

const auto nothing = [](RulesConfig&) {};

}  // namespace

TEST_CASE("each table has its static chains, in Felix's order") {
  const auto c = config();
  const Renderer r{c};
  CHECK(names(static_filter_chains(r)) == Texts{"cali-FORWARD", "cali-INPUT", "cali-wl-to-host",
                                                "cali-failsafe-in", "cali-OUTPUT",
                                                "cali-failsafe-out"});
  CHECK(names(static_mangle_chains(r)) ==
        Texts{"cali-failsafe-in", "cali-failsafe-out", "cali-PREROUTING", "cali-POSTROUTING"});
  CHECK(names(static_nat_chains(r)) == Texts{"cali-PREROUTING", "cali-POSTROUTING", "cali-OUTPUT"});
  CHECK(names(static_raw_chains(r)) == Texts{"cali-failsafe-in", "cali-failsafe-out",
                                             "cali-PREROUTING", "cali-wireguard-incoming-mark",
                                             "cali-OUTPUT"});
  CHECK(names(static_bpf_raw_chains(r, false, true)) ==
        Texts{"cali-PREROUTING", "cali-untracked-policy", "cali-untracked-flows",
              "cali-failsafe-out", "cali-wireguard-incoming-mark", "cali-OUTPUT"});
  const auto ipvs = changed([](auto& k) { k.kube_ipvs = true; });
  CHECK(names(static_filter_chains({ipvs})) ==
        Texts{"cali-FORWARD", "cali-INPUT", "cali-wl-to-host", "cali-failsafe-in",
              "cali-forward-check", "cali-OUTPUT", "cali-failsafe-out",
              "cali-forward-endpoint-mark"});
}

TEST_CASE("every workload interface prefix has its own rules") {
  const Change two = [](auto& c) { c.workload_interface_prefixes = {"cali", "tap"}; };
  CHECK(filter_chain(two, "cali-FORWARD") ==
        Texts{"--jump MARK --set-mark 0/0x1a0",
              "-m mark --mark 0/0x10 --jump cali-from-hep-forward",
              "--in-interface cali+ --jump cali-from-wl-dispatch",
              "--out-interface cali+ --jump cali-to-wl-dispatch",
              "--in-interface tap+ --jump cali-from-wl-dispatch",
              "--out-interface tap+ --jump cali-to-wl-dispatch", "--jump cali-to-hep-forward",
              "--jump cali-cidr-block"});
}

TEST_CASE("what a workload may do to the host is configured") {
  for (const auto& [verdict, word] :
       {std::pair(Verdict::drop, "DROP"), std::pair(Verdict::reject, "REJECT"),
        std::pair(Verdict::accept, "ACCEPT"), std::pair(Verdict::return_, "RETURN")}) {
    const Verdict configured = verdict;
    CHECK(filter_chain([&](auto& c) { c.endpoint_to_host = configured; }, "cali-wl-to-host") ==
          Texts{"--jump cali-from-wl-dispatch", std::string("--jump ") + word});
  }
}

TEST_CASE("overlays are let in from known hosts only, in the version they are on for") {
  const Change vxlan = [](auto& c) {
    c.vxlan_enabled_v6 = true;
    c.filter_deny = Verdict::reject;
  };
  const auto base = filter_chain(nothing, "cali-INPUT");
  CHECK(filter_chain(vxlan, "cali-INPUT") == base);
  const auto v6 = filter_chain(vxlan, "cali-INPUT", IpFamily::v6);
  CHECK(v6[0] ==
        "-p 17 -m multiport --destination-ports 4789 -m set --match-set cali60all-vxlan-net src"
        " -m addrtype --dst-type LOCAL --jump ACCEPT");
  CHECK(v6[1] ==
        "-p 17 -m multiport --destination-ports 4789 -m addrtype --dst-type LOCAL --jump REJECT");
  // IPv4's rule always drops.
  const Change v4 = [](auto& c) {
    c.vxlan_enabled = true;
    c.filter_deny = Verdict::reject;
  };
  CHECK(filter_chain(v4, "cali-INPUT")[1] ==
        "-p 17 -m multiport --destination-ports 4789 -m addrtype --dst-type LOCAL --jump DROP");
  const Change ipip = [](auto& c) { c.ipip_enabled = true; };
  CHECK(filter_chain(ipip, "cali-INPUT").size() == base.size() + 2);
  CHECK(filter_chain(ipip, "cali-INPUT", IpFamily::v6).size() == base.size());
  CHECK(filter_chain(ipip, "cali-OUTPUT")[2] ==
        "-p 4 -m set --match-set cali40all-hosts-net dst -m addrtype --src-type LOCAL"
        " --jump ACCEPT");
}

TEST_CASE("WireGuard is let in and out on its port") {
  const Change wireguard = [](auto& c) { c.wireguard_enabled_v6 = true; };
  CHECK(filter_chain(wireguard, "cali-INPUT", IpFamily::v6)[0] ==
        "-p 17 -m multiport --destination-ports 51821 -m addrtype --dst-type LOCAL --jump ACCEPT");
  CHECK(filter_chain(wireguard, "cali-INPUT") == filter_chain(nothing, "cali-INPUT"));
}

TEST_CASE("an IPv6 workload may speak neighbour discovery with the host") {
  const auto rules = filter_chain(nothing, "cali-wl-to-host", IpFamily::v6);
  REQUIRE(rules.size() == 8);
  CHECK(rules[0] == "-p 58 -m icmp6 --icmpv6-type 130 --jump ACCEPT");
  CHECK(rules[5] == "-p 58 -m icmp6 --icmpv6-type 136 --jump ACCEPT");
}

TEST_CASE("failsafe ports: replies need rules in raw, networks must be of the version") {
  const auto c = changed([](auto& k) {
    k.failsafe_inbound = {{"tcp", 22, ""}, {"tcp", 179, "10.0.0.0/8"}, {"tcp", 2379, "fd00::/8"}};
    k.failsafe_outbound = {{"udp", 53, "10.0.0.0/8"}};
  });
  const Renderer r{c};
  CHECK(texts(named(static_filter_chains(r), "cali-failsafe-in")) ==
        Texts{"-p tcp -m multiport --destination-ports 22 --jump ACCEPT",
              "-p tcp -m multiport --destination-ports 179 --source 10.0.0.0/8 --jump ACCEPT"});
  CHECK(texts(named(static_raw_chains(r), "cali-failsafe-in")).back() ==
        "-p udp -m multiport --source-ports 53 --source 10.0.0.0/8 --jump ACCEPT");
  CHECK(texts(named(static_raw_chains(r), "cali-failsafe-out")) ==
        Texts{"-p udp -m multiport --destination-ports 53 --destination 10.0.0.0/8 --jump ACCEPT",
              "-p tcp -m multiport --source-ports 22 --jump ACCEPT",
              "-p tcp -m multiport --source-ports 179 --destination 10.0.0.0/8 --jump ACCEPT"});
}

TEST_CASE("raw checks the reverse path of workloads' packets, DHCP of OpenStack's excepted") {
  const auto c = changed([](auto& k) { k.openstack = true; });
  const Texts rules = texts(named(static_raw_chains({c}), "cali-PREROUTING"));
  CHECK(rules == Texts{"--jump MARK --set-mark 0/0x1b0",
                       "--in-interface cali+ --jump MARK --set-mark 0x80/0x80",
                       "-m mark --mark 0x80/0x80 --jump cali-rpf-skip",
                       "-p udp --source 0.0.0.0 -m multiport --source-ports 68 -m multiport "
                       "--destination-ports 67 --jump ACCEPT",
                       "-m mark --mark 0x80/0x80 -m rpfilter --invert --validmark --jump DROP",
                       "-m mark --mark 0/0x80 --jump cali-from-host-endpoint",
                       "-m mark --mark 0x10/0x10 --jump ACCEPT"});
}

TEST_CASE("workloads that may spoof skip the reverse path check") {
  const auto c = config();
  const std::vector<std::pair<std::string, Cidr>> allowed{
      {"cali1", Cidr::parse("8.8.8.8/32").value()}, {"cali1", Cidr::parse("fd00::/64").value()}};
  CHECK(texts(rpf_skip_chain({c}, allowed)) ==
        Texts{"--in-interface cali1 --source 8.8.8.8/32 --jump ACCEPT"});
  CHECK(texts(rpf_skip_chain({c, IpFamily::v6}, allowed)) ==
        Texts{"--in-interface cali1 --source fd00::/64 --jump ACCEPT"});
}

TEST_CASE("tunnels masquerade only where this host has an address in them") {
  const auto postrouting = [](const Change& change, IpFamily family) {
    const auto c = changed(change);
    return texts(static_nat_postrouting_chains({c, family}).front());
  };
  const Change ipip = [](auto& c) {
    c.ipip_enabled = true;
    c.ipip_tunnel_address = Ip::parse("10.0.0.1");
  };
  CHECK(postrouting(ipip, IpFamily::v4).back() ==
        "--out-interface tunl0 -m addrtype ! --src-type LOCAL --limit-iface-out -m addrtype"
        " --src-type LOCAL --jump MASQUERADE --random-fully");
  CHECK(postrouting([](auto& c) { c.ipip_enabled = true; }, IpFamily::v4).size() == 2);
  CHECK(postrouting(ipip, IpFamily::v6).size() == 2);
}

TEST_CASE("NAT-outgoing: address, ports and exclusions") {
  const std::string leaves =
      "-m set --match-set cali40masq-ipam-pools src -m set ! --match-set cali40network-ip-pools "
      "dst ";
  CHECK(nat_outgoing(nothing) == Texts{leaves + "--jump MASQUERADE --random-fully"});
  CHECK(nat_outgoing([](auto& c) { c.nat_outgoing_address = Ip::parse("192.0.2.1"); }) ==
        Texts{leaves + "--jump SNAT --to-source 192.0.2.1 --random-fully"});
  CHECK(nat_outgoing([](auto& c) {
          c.nat_port_range = msg::PortRange{1000, 2000};
        }) == Texts{leaves + "-p tcp --jump MASQUERADE --to-ports 1000-2000 --random-fully",
                    leaves + "-p tcp --jump RETURN",
                    leaves + "-p udp --jump MASQUERADE --to-ports 1000-2000 --random-fully",
                    leaves + "-p udp --jump RETURN", leaves + "--jump MASQUERADE --random-fully"});
  CHECK(nat_outgoing([](auto& c) {
          c.nat_outgoing_excludes_hosts = true;
          c.nat_outgoing_interface_filter = "eth+";
        }) == Texts{leaves + "-m set ! --match-set cali40all-hosts-net dst --out-interface eth+ "
                             "--jump MASQUERADE --random-fully"});
  CHECK(nat_outgoing([](auto& c) { c.bpf_enabled = true; }) ==
        Texts{"-m mark --mark 0x3800000/0x3f00000 --jump MASQUERADE --random-fully"});
  const auto c = config();
  CHECK(nat_outgoing_chain({c}, false).rules.empty());
}

TEST_CASE("blocked CIDRs, floating IPs and DSCP marks") {
  auto c = config();
  const Renderer r{c};
  CHECK(texts(blocked_cidrs_chain(r, {"10.2.0.0/16", "fd00::/64", "10.1.0.0/16"})) ==
        Texts{"--destination 10.1.0.0/16 --jump DROP", "--destination 10.2.0.0/16 --jump DROP"});
  c.blocked_cidrs.reset();
  CHECK(blocked_cidrs_chain(r, {"10.1.0.0/16"}).rules.empty());
  CHECK(texts(dnat_chain(r, {{"192.0.2.1", "10.0.0.1"}})) ==
        Texts{"--destination 192.0.2.1 --jump DNAT --to-destination 10.0.0.1"});
  CHECK(texts(snat_chain(r, {{"10.0.0.1", "192.0.2.1"}})) ==
        Texts{"--destination 10.0.0.1 --source 10.0.0.1 --jump SNAT --to-source 192.0.2.1"
              " --random-fully"});
  CHECK(texts(egress_dscp_chain(r, {{"10.0.0.1", 46}, {"10.0.0.0/24", 0}})) ==
        Texts{"--source 10.0.0.1 --jump DSCP --set-dscp 46",
              "--source 10.0.0.0/24 --jump DSCP --set-dscp 0"});
}

TEST_CASE("accepted forwarded packets are accepted at the end of the kernel's own chain") {
  const auto c = config();
  CHECK(texts(static_filter_forward_append_rules({c})) ==
        Texts{"-m mark --mark 0x10/0x10 --jump ACCEPT", "--jump MARK --set-mark 0x10/0x10"});
}
