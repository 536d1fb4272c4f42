// SPDX-License-Identifier: Apache-2.0
#include "model/rules/dispatch_chains.h"

#include "tests/model/rules/rules_support.h"

using namespace felixsim;
using namespace felixsim::rules;
using namespace felixsim::rules::test;

namespace {

Chains workloads(std::vector<std::string> interfaces) {
  const auto c = config();
  return workload_dispatch_chains({c}, std::move(interfaces));
}

const std::string from_root = "cali-from-wl-dispatch", to_root = "cali-to-wl-dispatch";

}  // namespace

TEST_CASE("without endpoints every interface is unknown") {
  const Chains chains = workloads({});
  CHECK(names(chains) == Texts{from_root, to_root});
  CHECK(texts(chains[0]) == Texts{"--jump DROP"});
  CHECK(comments(chains[0]) == Texts{"Unknown interface"});
}

TEST_CASE("names that differ in the next character are dispatched from the root") {
  const Chains chains = workloads({"calib", "calia"});
  CHECK(names(chains) == Texts{from_root, to_root});
  CHECK(texts(chains[0]) == Texts{"--in-interface calia --goto cali-fw-calia",
                                  "--in-interface calib --goto cali-fw-calib", "--jump DROP"});
  CHECK(texts(chains[1])[0] == "--out-interface calia --goto cali-tw-calia");
}

TEST_CASE("names that share the next character go to a child chain with the same end") {
  const Chains chains = workloads({"calib1", "calia1", "calib2"});
  CHECK(names(chains) == Texts{from_root + "-b", from_root, to_root + "-b", to_root});
  CHECK(texts(chains[1]) == Texts{"--in-interface calia1 --goto cali-fw-calia1",
                                  "--in-interface calib+ --goto " + from_root + "-b",
                                  "--jump DROP"});
  CHECK(texts(chains[0]) == Texts{"--in-interface calib1 --goto cali-fw-calib1",
                                  "--in-interface calib2 --goto cali-fw-calib2", "--jump DROP"});
}

TEST_CASE("shapes of names that the tree must survive") {
  struct Case {
    std::string name;
    std::vector<std::string> interfaces;
    Texts root;  // of the from-dispatch, without the end rule
  };
  for (const auto& c : {
           Case{"one name is its own common prefix", {"cali1"}, {"--in-interface cali1"}},
           Case{"a name that is the others' prefix stands alone",
                {"cali", "cali1", "cali12"},
                {"--in-interface cali", "--in-interface cali1+"}},
           Case{"names that share nothing",
                {"eth0", "tap0"},
                {"--in-interface eth0", "--in-interface tap0"}},
           Case{"the same name twice counts once", {"cali1", "cali1"}, {"--in-interface cali1"}},
       }) {
    INFO(c.name);
    const Chains chains = workloads(c.interfaces);
    const Texts root = texts(named(chains, from_root));
    REQUIRE(root.size() == c.root.size() + 1);
    for (size_t i = 0; i < c.root.size(); ++i)
      CHECK(root[i].substr(0, root[i].find(" --goto")) == c.root[i]);
  }
}

TEST_CASE("order of names does not matter") {
  CHECK(workloads({"a1", "a2", "b"}) == workloads({"b", "a2", "a1"}));
}

TEST_CASE("nft looks workloads up in verdict maps, hosts in a tree") {
  const auto c = config(Dialect::nft);
  const Renderer r{c};
  const Chains chains = workload_dispatch_chains(r, {"cali1", "cali2"});
  CHECK(texts(chains[0]) == Texts{"iifname vmap @-cali-from-wl-dispatch", "counter drop"});
  CHECK(texts(chains[1]) == Texts{"oifname vmap @-cali-to-wl-dispatch", "counter drop"});
  const DispatchMaps maps = workload_dispatch_maps(r, {"cali1"});
  CHECK(maps.from == std::map<std::string, std::string>{{"cali1", "goto cali-fw-cali1"}});
  CHECK(maps.to == std::map<std::string, std::string>{{"cali1", "goto cali-tw-cali1"}});
  const Chains hosts =
      host_dispatch_chains(r, {"eth0", "eth1", "em1", "em2"}, "", HostDispatch::to);
  CHECK(names(hosts) ==
        Texts{"cali-to-host-endpoint-m", "cali-to-host-endpoint-t", "cali-to-host-endpoint"});
  CHECK(texts(hosts[2])[0] == "oifname em* counter goto cali-to-host-endpoint-m");
}

TEST_CASE("BPF mode only lets known interfaces through") {
  const auto c = config();
  const Chains chains = workload_interface_allow_chains({c}, {"cali1"});
  CHECK(names(chains) == Texts{to_root});
  CHECK(texts(chains[0]) == Texts{"--out-interface cali1 --jump ACCEPT", "--jump DROP"});
}

TEST_CASE("host dispatch comes in the directions that a table needs") {
  const auto c = config();
  const Renderer r{c};
  const auto made = [&](HostDispatch which) {
    return names(host_dispatch_chains(r, {}, "", which));
  };
  CHECK(made(HostDispatch::both) == Texts{"cali-from-host-endpoint", "cali-to-host-endpoint"});
  CHECK(made(HostDispatch::from) == Texts{"cali-from-host-endpoint"});
  CHECK(made(HostDispatch::to) == Texts{"cali-to-host-endpoint"});
  CHECK(made(HostDispatch::with_forward) == Texts{"cali-from-host-endpoint",
                                                  "cali-to-host-endpoint", "cali-from-hep-forward",
                                                  "cali-to-hep-forward"});
}

TEST_CASE("a host endpoint of all interfaces takes the rest, but not what goes to workloads") {
  const auto c = config();
  const Renderer r{c};
  const Chains plain = host_dispatch_chains(r, {"eth0"}, any_interface, HostDispatch::both);
  CHECK(texts(plain[0]) ==
        Texts{"--in-interface eth0 --goto cali-fh-eth0", "--goto cali-fh-any-interface-at-all"});
  CHECK(texts(plain[1]) == Texts{"--out-interface eth0 --goto cali-th-eth0",
                                 "--out-interface cali+ --jump RETURN",
                                 "--goto cali-th-any-interface-at-all"});
  // Where forwarded traffic has chains of its own, workloads' traffic never gets here.
  const Chains forward = host_dispatch_chains(r, {}, any_interface, HostDispatch::with_forward);
  CHECK(texts(forward[1]) == Texts{"--goto cali-th-any-interface-at-all"});
}

TEST_CASE("endpoint marks are set by interface and found again by mark") {
  RulesConfig c = config();
  c.kube_ipvs = true;
  EndpointMarks marks(c.marks.endpoint, c.marks.non_cali_endpoint);
  const Chains chains = endpoint_mark_dispatch_chains({c}, marks, {"cali2", "cali1"}, {"eth0"});
  CHECK(names(chains) == Texts{"cali-set-endpoint-mark", "cali-from-endpoint-mark"});
  CHECK(texts(chains[0]) == Texts{"--in-interface cali1 --goto cali-sm-cali1",
                                  "--in-interface cali2 --goto cali-sm-cali2",
                                  "--in-interface eth0 --goto cali-sm-eth0",
                                  "--in-interface cali+ --jump DROP",
                                  "--jump MARK --set-mark 0x1000/0xff000"});
  CHECK(texts(chains[1]).front() ==
        fmt::format("-m mark --mark {:#x}/0xff000 --goto cali-fw-cali1", *marks.get("cali1")));
  CHECK(texts(chains[1])[2].ends_with("--goto cali-fhfw-eth0"));
  CHECK(texts(chains[1]).back() == "--jump DROP");
}

TEST_CASE("children of workloads' and hosts' mark dispatch have names of their own") {
  const auto c = config();
  EndpointMarks marks(c.marks.endpoint, c.marks.non_cali_endpoint);
  const Chains chains =
      endpoint_mark_dispatch_chains({c}, marks, {"a1x", "a1y", "a2"}, {"b1x", "b1y", "b2"});
  CHECK(names(chains) == Texts{"cali-set-endpoint-mark-wep-1", "cali-set-endpoint-mark-hep-1",
                               "cali-set-endpoint-mark", "cali-from-endpoint-mark"});
}

TEST_CASE("marks of endpoints follow from their names, move on at collisions and can be released") {
  CHECK(fnv1_32("") == 0x811c9dc5);
  CHECK(fnv1_32("a") == 0x050c5d7e);
  EndpointMarks marks(0xe0, 0x20);  // numbers 0-7; 0 is never used, 1 is reserved
  std::set<uint32_t> seen;
  for (int i = 0; i < 6; ++i) {
    const auto mark = marks.get(fmt::format("cali{}", i));
    REQUIRE(mark);
    CHECK((*mark & ~0xe0u) == 0);
    CHECK((*mark != 0 && *mark != 0x20));
    CHECK(seen.insert(*mark).second);
    CHECK(marks.get(fmt::format("cali{}", i)) == mark);
  }
  CHECK_FALSE(marks.get("one too many"));
  const auto freed = marks.get("cali3");
  marks.release("cali3");
  CHECK(marks.get("one too many") == freed);
  CHECK_FALSE(marks.get(""));
}
