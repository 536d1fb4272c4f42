// SPDX-License-Identifier: Apache-2.0
// A predicted node against texts as people capture them: each way to drift has its name, and what
// is not Calico's, or printed by other tools and options, is none.
#include "sim/analysis/verify/drift.h"
#include "model/kernel/ipset_text.h"
#include "model/kernel/iptables_text.h"
#include "model/kernel/nft_text.h"
#include "model/kernel/route_text.h"
#include "model/kernel/wireguard_text.h"

using namespace felixsim;

namespace {

using Files = std::map<std::string, std::string>;

const std::string chain_a = R"(cali-FORWARD)";
const std::string jump = R"(-m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD)";
const std::string rule_1 = R"(-m comment --comment "cali:aaaaaaaaaaaaaaa1" -i cali+ -j ACCEPT)";
const std::string rule_2 =
    R"(-m comment --comment "cali:aaaaaaaaaaaaaaa2" -m set --match-set cali40s:x src -j DROP)";
const std::string appended =
    R"(-m comment --comment "cali:S93hcgKJrXEqnTfs" -m mark --mark 0x10000/0x10000 -j ACCEPT)";

std::string filter(const std::vector<std::string>& forward, const std::vector<std::string>& cali,
                   const std::string& more = "", const std::string& counters = "") {
  std::string text =
      "*filter\n:INPUT ACCEPT [7:8]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n:" + chain_a +
      " - [0:0]\n:cali-cidr-block - [0:0]\n" + more;
  for (const auto& rule : forward) text += counters + "-A FORWARD " + rule + "\n";
  for (const auto& rule : cali) text += counters + "-A " + chain_a + " " + rule + "\n";
  return text + "COMMIT\n";
}

const std::string sets =
    "create cali40s:x hash:net family inet hashsize 1024 maxelem 1048576\n"
    "add cali40s:x 10.0.0.1\nadd cali40s:x 10.1.0.0/16\n";
const std::string routes =
    "default via 172.16.0.254 dev eth0 \nblackhole 10.244.0.0/26 proto 80 \n"
    "10.244.0.3 dev cali1 scope link metric 1024 \n"
    "local 127.0.0.1 dev lo table local proto kernel scope host src 127.0.0.1 \n";
const std::string nft_text = R"(table ip calico {
	set cali40pools {
		type ipv4_addr
		flags interval
		elements = { 10.0.0.0/8 }
	}

	chain filter-FORWARD {
		type filter hook forward priority filter; policy accept;
		counter jump filter-cali-FORWARD comment "cali:aaaaaaaaaaaaaaa5;"
	}
}
)";

KernelState predicted() {
  KernelState state;
  state.iptables[{IpFamily::v4, IptBackend::nft}] =
      parse_iptables_save(filter({jump, appended}, {rule_1, rule_2})).value();
  state.ipsets = parse_ipset_save(sets).value();
  state.routes = parse_routes(routes, IpFamily::v4).value();
  state.rules = parse_rules(
                    "0:\tfrom all lookup local\n99:\tnot from all fwmark 0x100000/0x100000 "
                    "lookup 1\n",
                    IpFamily::v4)
                    .value();
  state.nft = parse_nft_ruleset(nft_text).value();
  state.neighbours.insert({"vxlan.calico", *Ip::parse("10.244.0.64"),
                           *Mac::parse("66:89:3a:22:7a:ac"), "PERMANENT", false});
  state.sysctls["net.ipv4.conf.cali1.rp_filter"] = "1";
  return state;
}

// "kind place" of each drift.
std::vector<std::string> names(const std::vector<Drift>& drifts) {
  std::vector<std::string> out;
  for (const auto& drift : drifts)
    out.push_back(std::string(drift_name(drift.kind)) + " " + drift.place);
  return out;
}

std::vector<std::string> drifts_of(const Files& files, const VerifyOptions& options = {}) {
  const auto capture = read_node_capture(files);
  INFO((capture ? std::string() : capture.error().message));
  REQUIRE(capture);
  const auto drifts = find_drifts(predicted(), *capture, options);
  for (const auto& drift : drifts) CHECK_FALSE(drift.cause.empty());
  return names(drifts);
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("what the tools add to the predicted state is no drift") {
  const std::string padded_sets =
      "create KUBE-X hash:ip,port family inet hashsize 1024 maxelem 65536 timeout 0\n"
      "add KUBE-X 10.96.0.1,tcp:443 timeout 0\ncreate list list:set size 8\nadd list KUBE-X\n"
      "create cali40s:x hash:net family inet hashsize 4096 maxelem 1048576 counters comment "
      "bucketsize 12 initval 0x1234\nadd cali40s:x 10.1.0.0/16 packets 1 bytes 60 comment \"x\"\n"
      "add cali40s:x 10.0.0.1\n";
  const std::string padded_routes =
      routes +
      "10.9.0.0/16 proto bird metric 32 \n\tnexthop via 172.16.0.2 dev eth0 weight 1 \n\tnexthop "
      "via 172.16.0.3 dev eth0 weight 1 \n10.244.1.0/26 via 172.16.0.2 dev eth0 proto bird \n"
      "multicast 224.0.0.0/4 dev eth0 table 7 \n10.0.9.0/24 dev docker0 linkdown proto dhcp src "
      "10.0.9.1 metric 100 expires 30sec mtu lock 1400 \n10.3.0.0/16 dev eth0 table mine \n"
      "fe80::/64 dev eth0 proto kernel metric 256 pref medium\ndefault dev eth0 metric 1 pref "
      "low\n";
  const std::string padded_nft =
      "# Warning: table ip filter is managed by iptables-nft, do not touch!\ntable ip filter { # "
      "handle 1\n\tchain FORWARD { # handle 2\n\t\tct state vmap { established : accept } # handle "
      "3\n\t}\n}\ntable inet f {\n\tflowtable ft {\n\t\thook ingress priority filter\n\t}\n}\n"
      "table ip calico { # handle 9\n\tset cali40pools { # handle 4\n\t\ttype ipv4_addr\n\t\tsize "
      "65535\n\t\tflags interval\n\t\telements = { 10.0.0.0/9, 10.128.0.0-10.255.255.255 }\n\t}\n\n"
      "\tchain filter-FORWARD { # handle 5\n\t\ttype filter hook forward priority filter; policy "
      "accept;\n\t\tcounter packets 12 bytes 720 jump filter-cali-FORWARD comment "
      "\"cali:aaaaaaaaaaaaaaa5; why\" # handle 6\n\t}\n}\n";
  CHECK(
      drifts_of({
          {"iptables-save.txt",
           "# Generated by iptables-save v1.8.9 (nf_tables) on Thu\n" +
               filter({jump, "-j KUBE-FORWARD", appended}, {rule_1, rule_2},
                      ":KUBE-FORWARD - [0:0]\n", "[12:720] ") +
               "*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n"},
          {"iptables-legacy-save.txt", ""},
          {"ipset save.out", padded_sets},
          {"ip-route.txt", padded_routes},
          {"ip_rule",
           "0:\tfrom all lookup local \n99:\tnot from all fwmark 0x100000/0x100000 "
           "lookup 1 proto kernel\n5000:\tfrom all iif eth0 lookup 7\n6000:\tfrom "
           "all fwmark 0x9 lookup mine\n32766:\tfrom all lookup main \n"},
          {"nft-list-ruleset.txt", padded_nft},
          {"ip-neigh.txt",
           "172.16.0.254 dev eth0 lladdr 02:00:00:00:00:01 REACHABLE\nfe80::1 dev eth0  FAILED\n"
           "10.244.0.64 dev vxlan.calico lladdr 66:89:3a:22:7a:ac PERMANENT \n"},
          {"sysctl.txt", "kernel.hostname = x\nnet.ipv4.conf.cali1.rp_filter = 1\nvm.x = a = b\n"},
          {"notes.doc", "whatever"},
      }) == Names{});
}

TEST_CASE(
    "routes of WireGuard's table are Felix's whatever their protocol, those by others are not") {
  const std::string own =
      "throw 10.244.8.0/26 table 1 \n10.244.9.0/26 dev wireguard.cali table 1 scope link \n";
  KernelState with_wireguard = predicted();
  const auto own_routes = parse_routes(own, IpFamily::v4);
  REQUIRE(own_routes);
  with_wireguard.routes.insert(own_routes->begin(), own_routes->end());
  const auto names_of = [&](const std::string& captured) {
    const auto capture = read_node_capture({{"ip-route", routes + captured}});
    REQUIRE(capture);
    return names(find_drifts(with_wireguard, *capture, {}));
  };
  CHECK(names_of(own + "10.244.7.0/24 dev eth0 table 1 \n") == Names{});
  CHECK(names_of("throw 10.244.8.0/26 table 1 \nthrow 10.244.7.0/24 table 1 \n") ==
        Names{"lost-route table 1", "stale-route table 1"});
}

TEST_CASE("each way to drift has its name and place") {
  struct Case {
    std::string name, file, text;
    Names want;
  };
  const std::string foreign = "-s 9.9.9.9/32 -j DROP";
  const std::vector<Case> cases{
      {"a rule deleted",
       "iptables-save",
       filter({jump, appended}, {rule_1}),
       {"missing-rule filter/cali-FORWARD"}},
      {"a rule of somebody else",
       "iptables-save",
       filter({jump, appended}, {rule_1, foreign, rule_2}),
       {"foreign-rule filter/cali-FORWARD"}},
      {"a rule of another time",
       "iptables-save",
       filter({jump, appended},
              {rule_1, rule_2, R"(-m comment --comment "cali:aaaaaaaaaaaaaaa3" -j DROP)"}),
       {"stale-rule filter/cali-FORWARD"}},
      {"a rule changed by hand",
       "iptables-save",
       filter({jump, appended},
              {R"(-m comment --comment "cali:aaaaaaaaaaaaaaa1" -i cali+ -j DROP)", rule_2}),
       {"changed-rule filter/cali-FORWARD"}},
      {"rules swapped",
       "iptables-save",
       filter({jump, appended}, {rule_2, rule_1}),
       {"wrong-order filter/cali-FORWARD"}},
      {"somebody in front",
       "iptables-save",
       filter({foreign, jump, appended}, {rule_1, rule_2}),
       {"foreign-rule-in-front filter/FORWARD"}},
      {"somebody behind",
       "iptables-save",
       filter({jump, appended, foreign}, {rule_1, rule_2}),
       {"foreign-rule-behind filter/FORWARD"}},
      {"the jump deleted",
       "iptables-save",
       filter({appended}, {rule_1, rule_2}),
       {"missing-rule filter/FORWARD"}},
      {"a chain left over",
       "iptables-save",
       filter({jump, appended}, {rule_1, rule_2}, ":cali-tw-cali9 - [0:0]\n"),
       {"stale-chain filter/cali-tw-cali9"}},
      {"a table flushed",
       "iptables-save",
       "*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n",
       {"missing-table filter"}},
      {"the other backend's chains",
       "iptables-legacy-save",
       filter({jump}, {rule_1}),
       {"stale-rule legacy filter/FORWARD", "stale-chain legacy filter/cali-FORWARD",
        "stale-chain legacy filter/cali-cidr-block"}},
      {"a member deleted",
       "ipset-save",
       sets.substr(0, sets.rfind("add")),
       {"missing-member cali40s:x"}},
      {"a member added",
       "ipset-save",
       sets + "add cali40s:x 10.9.9.9\n",
       {"extra-member cali40s:x"}},
      {"sets destroyed and left",
       "ipset-save",
       "create cali40s:y hash:net family inet hashsize 1024 maxelem 1048576\n"
       "create cali4t0 hash:net family inet hashsize 1024 maxelem 1048576\n",
       {"missing-set cali40s:x", "stale-set cali40s:y", "stale-set cali4t0"}},
      {"a set of another size",
       "ipset-save",
       "create cali40s:x hash:net family inet hashsize 1024 maxelem 5\nadd cali40s:x "
       "10.0.0.1\nadd cali40s:x 10.1.0.0/16\n",
       {"changed-set cali40s:x"}},
      {"a route lost",
       "ip-route",
       "blackhole 10.244.0.0/26 proto 80 \n",
       {"lost-route table main"}},
      {"a route added",
       "ip-route",
       routes + "10.244.0.9 dev cali1 scope link \n",
       {"stale-route table main"}},
      {"a route changed",
       "ip-route",
       "blackhole 10.244.0.0/26 proto 80 \n10.244.0.3 dev cali2 scope link metric 1024 \n",
       {"changed-route table main"}},
      {"a route in the place of Felix's",
       "ip-route",
       "unreachable 10.244.0.0/26 \n10.244.0.3 dev cali1 scope link metric 1024 \n",
       {"foreign-route table main"}},
      {"a route that is preferred",
       "ip-route",
       routes + "10.244.0.3 via 172.16.0.9 dev eth0 \n",
       {"foreign-route table main"}},
      {"a routing rule lost, another there",
       "ip-rule",
       "0:\tfrom all lookup local\n98:\tfrom all fwmark 0x1 lookup 1\n",
       {"lost-routing-rule IPv4", "stale-routing-rule IPv4"}},
      {"a neighbour lost, another there",
       "ip-neigh",
       "10.244.0.128 dev vxlan.calico lladdr 66:89:3a:22:7a:ad PERMANENT\n",
       {"lost-neighbour vxlan.calico", "stale-neighbour vxlan.calico"}},
      {"a forwarding entry of nobody",
       "bridge-fdb",
       "66:89:3a:22:7a:ad dev vxlan.calico dst 172.16.0.9 self permanent\n",
       {"stale-fdb-entry vxlan.calico"}},
      {"a setting changed",
       "sysctl",
       "net.ipv4.conf.cali1.rp_filter = 0\n",
       {"changed-sysctl cali1"}},
      {"the ruleset flushed", "nft-list-ruleset", "", {"missing-table ip calico"}},
      {"nftables pieces changed",
       "nft-list-ruleset",
       "table ip calico {\n\tset cali40pools {\n\t\ttype ipv4_addr\n\t\tflags "
       "interval\n\t\telements = { 11.0.0.0/8 }\n\t}\n\tset cali40old {\n\t\ttype "
       "ipv4_addr\n\t}\n\tchain filter-cali-tw-x {\n\t}\n\tchain filter-FORWARD {\n\t\ttype filter "
       "hook forward priority filter; policy accept;\n\t\tdrop\n\t\tcounter jump "
       "filter-cali-FORWARD comment \"cali:aaaaaaaaaaaaaaa5;\"\n\t}\n}\n",
       {"missing-member ip calico/cali40pools", "extra-member ip calico/cali40pools",
        "stale-set ip calico/cali40old", "foreign-rule ip calico/filter-FORWARD",
        "stale-chain ip calico/filter-cali-tw-x"}},
  };
  for (const auto& c : cases) DYNAMIC_SECTION(c.name) {
      CHECK(drifts_of({{c.file, c.text}}) == c.want);
    }
}

TEST_CASE("each way in which a WireGuard device drifts has its name and place") {
  const std::string key_a = std::string(42, 'a') + "g=", key_b = std::string(42, 'b') + "g=",
                    key_c = std::string(42, 'c') + "g=";
  const auto shown = [&](const std::string& port, const std::string& endpoint,
                         const std::string& nets, const std::string& key = "") {
    return "interface: wireguard.cali\n  public key: " + (key.empty() ? key_c : key) +
           "\n  private key: (hidden)\n  listening port: " + port +
           "\n  fwmark: 0x200000\n\npeer: " + key_a + "\n  endpoint: " + endpoint +
           "\n  allowed ips: " + nets +
           "\n  latest handshake: 1 minute, 2 seconds ago\n  transfer: 1.20 KiB received, 2 B "
           "sent\n";
  };
  const std::string as_wanted = shown("51820", "172.16.0.2:51820", "10.244.0.64/26, 10.244.1.0/26");
  KernelState state;
  Link& link = state.links["wireguard.cali"];
  link.name = "wireguard.cali";
  link.wireguard = parse_wireguard(as_wanted).value().at("wireguard.cali");
  VerifyOptions options;
  options.wireguard_devices = {{"wireguard.cali", key_b}, {"wg-v6.cali", ""}};
  const auto names_of = [&](const std::string& text) {
    const auto capture = read_node_capture({{"wg-show", text}});
    REQUIRE(capture);
    return names(find_drifts(state, *capture, options));
  };
  const std::string other = "interface: wg0\n  listening port: 1\n\npeer: " + key_b +
                            "\n  allowed ips: (none)\n  persistent keepalive: every 25 seconds\n";
  CHECK(names_of(as_wanted) == Names{});
  CHECK(names_of(as_wanted + "\n" + other) == Names{});  // not Felix's device
  CHECK(names_of(other) == Names{"lost-wireguard-device wireguard.cali"});
  CHECK(names_of(shown("51821", "172.16.0.2:51820", "10.244.0.64/26, 10.244.1.0/26")) ==
        Names{"changed-wireguard-device wireguard.cali"});
  CHECK(names_of(shown("51820", "172.16.0.2:51820", "10.244.0.64/26, 10.244.1.0/26", key_b)) ==
        Names{"changed-wireguard-device wireguard.cali"});
  CHECK(names_of(shown("51820", "192.0.2.1:7", "10.244.0.64/26, 10.244.1.0/26")) ==
        Names{"changed-peer wireguard.cali peer " + key_a});
  CHECK(names_of(shown("51820", "172.16.0.2:51820", "10.244.0.64/26")) ==
        Names{"changed-peer wireguard.cali peer " + key_a});
  CHECK(names_of(as_wanted + "\npeer: " + key_b + "\n  allowed ips: 10.9.0.0/16\n") ==
        Names{"stale-peer wireguard.cali"});
  CHECK(names_of(as_wanted.substr(0, as_wanted.find("\npeer"))) ==
        Names{"lost-peer wireguard.cali"});

  SECTION("a key that stands in for one that the datastore does not name is none to compare") {
    state.links["wireguard.cali"].wireguard->public_key = key_b;
    CHECK(names_of(as_wanted) == Names{});
  }
  SECTION("a device that the prediction has not") {
    state.links.clear();
    CHECK(names_of(as_wanted) == Names{"stale-wireguard-device wireguard.cali"});
  }
}

TEST_CASE("hooks that are asked to be last may have others in front, not behind") {
  VerifyOptions append;
  append.hooks_at_end = true;
  CHECK(drifts_of({{"iptables-save", filter({"-j KUBE", jump, appended}, {rule_1, rule_2})}},
                  append) == Names{});
  CHECK(drifts_of({{"iptables-save", filter({jump, appended, "-j KUBE"}, {rule_1, rule_2})}},
                  append) == Names{"foreign-rule-behind filter/FORWARD"});
}

TEST_CASE("a malformed capture is refused with file, line, fact and fix") {
  struct Case {
    std::string file, text, place, fact;
  };
  for (const auto& c : {
           Case{"iptables-save.txt", "*filter\n:INPUT ACCEPT [0:0]\nhello\n",
                "iptables-save.txt:3: ", "neither a chain nor a rule"},
           Case{"ip6tables-save", "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j ACC",
                "ip6tables-save:", "no COMMIT"},
           Case{"iptables-save", "-A INPUT -j X\n", "iptables-save:1: ", "outside a table"},
           Case{"ipset-save.txt", "create a hash:net\nfoo\n", "ipset-save.txt:2: ", "neither"},
           Case{"ipset-save.txt", "add a 1.2.3.4\n", "ipset-save.txt:1: ", "not there"},
           Case{"ipset-save.txt", "Name: x\nType: hash:net\n", "ipset-save.txt:1: ", "ipset list"},
           Case{"ip-route.txt", "default via 1.2.3.4 dev eth0\n???\n",
                "ip-route.txt:2: ", "destination"},
           Case{"ip-route.txt", "10.0.0.0/8 dev eth0 banana 7\n", "ip-route.txt:1: ", "banana"},
           Case{"ip-rule.txt", "from all lookup main\n", "ip-rule.txt:1: ", "priority"},
           Case{"nft.txt", "table ip calico {\n\tchain x {\n", "nft.txt:2: ", "within a table"},
           Case{"nft.txt", "{\"nftables\": []}", "nft.txt:1: ", "JSON"},
           Case{"nft.txt", "}\n", "nft.txt:1: ", "table FAMILY NAME"},
           Case{"wg-show", "interface: wireguard.cali\n  port: 1\n", "wg-show:2: ", "wg show"},
           Case{"wg-show", "peer: short\n", "wg-show:1: ", "wg show"},
       })
    DYNAMIC_SECTION(c.file << ": " << c.fact) {
      const auto capture = read_node_capture({{c.file, c.text}});
      REQUIRE_FALSE(capture);
      INFO(capture.error().message);
      CHECK(capture.error().message.starts_with(c.place));
      CHECK(capture.error().message.find(c.fact) != std::string::npos);
      CHECK_FALSE(capture.error().help.empty());
    }
  CHECK_FALSE(read_node_capture({{"holiday.jpg", "x"}}));
}

TEST_CASE("a file's name tells what it is") {
  for (const auto& [name, part] :
       std::map<std::string, std::string>{{"iptables-save.txt", "iptables"},
                                          {"IP6Tables-nft-save", "ip6tables"},
                                          {"ipset-save.txt", "ipsets"},
                                          {"ip-route.txt", "routes"},
                                          {"ip -6 route show table all.out", "routes6"},
                                          {"ip6-route.txt", "routes6"},
                                          {"ip-rule.txt", "rules"},
                                          {"ip6-rule", "rules6"},
                                          {"nft-list-ruleset", "nft"},
                                          {"nft.txt", "nft"},
                                          {"arp.txt", "arp"},
                                          {"neigh.txt", "neigh"},
                                          {"bridge-fdb.txt", "fdb"},
                                          {"sysctl.txt", "sysctls"},
                                          {"wg-show.txt", "wireguard"},
                                          {"wg", "wireguard"},
                                          {"MANIFEST.txt", ""},
                                          {"link.txt", ""}}) {
    INFO(name);
    CHECK(captured_part(name) == part);
  }
}
