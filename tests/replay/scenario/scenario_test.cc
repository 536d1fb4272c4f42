// SPDX-License-Identifier: Apache-2.0
#include "replay/scenario/scenario.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

using namespace felixsim;
using nlohmann::json;

namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string message_of(const std::string& text) {
  const auto scenario = load_scenario(text, "s.yaml");
  if (scenario) return "no error";
  return scenario.error().message + " / " + scenario.error().help;
}

std::vector<Event> events_of(const std::string& text, FelixVersion version = FelixVersion::v3_32) {
  const auto scenario = load_scenario(text, "s.yaml");
  INFO((scenario ? "" : scenario.error().message));
  REQUIRE(scenario);
  auto events = to_events(*scenario, version);
  REQUIRE(events);
  return *events;
}

// The last value stored under `key`.
json stored(const std::vector<Event>& events, const std::string& key) {
  json value;
  for (const Event& event : events)
    if (const auto* change = std::get_if<DatastoreEvent>(&event.body))
      if (change->key == key) value = change->value ? json::parse(*change->value) : json();
  return value;
}

// One word an event: what happens in which order.
std::string outline(const std::vector<Event>& events) {
  std::string result;
  for (const Event& event : events) {
    std::string word;
    if (const auto* change = std::get_if<DatastoreEvent>(&event.body))
      word = (change->value ? "put:" : "del:") + change->key.substr(change->key.rfind('/') + 1);
    if (const auto* host = std::get_if<HostEvent>(&event.body))
      word = host->node + ":" + json::parse(host->action).begin().key();
    if (const auto* process = std::get_if<ProcessEvent>(&event.body))
      word = process->node + (process->kind == ProcessEvent::Kind::start  ? ":start"
                              : process->kind == ProcessEvent::Kind::stop ? ":stop"
                                                                          : ":other");
    if (const auto* step = std::get_if<StepEvent>(&event.body)) word = "step:" + step->name;
    result += (result.empty() ? "" : " ") + word;
  }
  return result;
}

const std::string head = "nodes: {node-a: {}, node-b: {}}\nsteps:\n- name: one\n";

}  // namespace

TEST_CASE("every mistake is an error that names place, fact and fix") {
  struct Case {
    std::string name, yaml, want;
  };
  for (const auto& c : {
           Case{"an unknown top key", "node: {}\nsteps: []",
                "s.yaml:1:1: scenario: unknown key 'node' / did you mean 'nodes'? use one of name, "
                "description, templates, cluster, nodes, steps"},
           Case{"no text", "", "s.yaml: 0 YAML documents, not one / write one scenario a file"},
           Case{"a missing part", "nodes: {a: {}}",
                "s.yaml:1:1: scenario without steps / add `steps:`"},
           Case{"no steps", "nodes: {a: {}}\nsteps: []",
                "s.yaml:2:8: scenario without steps / add `- name: base`"},
           Case{"something else than a map", "- a",
                "s.yaml:1:1: scenario is a list, not a map / "
                "write KEY: VALUE lines"},
           Case{"a bad node address", "nodes: {a: {ip: 1.2.3}}\nsteps: [{}]",
                "s.yaml:1:17: '1.2.3' is no address / write one such as 172.16.0.1/24"},
           Case{"two steps of one name", "nodes: [a]\nsteps: [{name: x}, {name: x}]",
                "s.yaml:2:20: two steps are named 'x' / rename one"},
           Case{"an unknown node", head + "  host: {node-c: []}",
                "s.yaml:4:10: unknown node 'node-c' / did you mean 'node-a'? use one of node-a, "
                "node-b"},
           Case{"an unknown host action", head + "  host: {node-a: [{run: x}]}",
                "s.yaml:4:20: host action: unknown key 'run' / use one of workload, "
                "remove-workload, exec, felix, facts"},
           Case{"a workload without interface", head + "  host: {node-a: [{workload: {pod: x}}]}",
                "s.yaml:4:30: workload without 'iface' / write {pod: NAME, iface: caliX, ips: "
                "[...]}"},
           Case{"an unknown kind", head + "  apply: [{kind: IpPool, metadata: {name: p}}]",
                "s.yaml:4:18: unknown kind 'IpPool' / did you mean 'IPPool'?"},
           Case{"a resource without a name", head + "  apply: [{kind: Tier}]",
                "s.yaml:4:11: Tier without a name / add `metadata: {name: ...}`"},
           Case{"an unknown word",
                head + "  apply: [{kind: IPPool, metadata: {name: pool-1}, spec: {cidr: "
                       "10.0.0.0/8, ipipMode: Alway}}]",
                "s.yaml:4:87: IPPool 'pool-1': unknown ipipMode 'Alway' / did you mean 'Always'? "
                "use one of Always, CrossSubnet, Never"},
           Case{"an unknown field of a rule",
                head + "  apply: [{kind: GlobalNetworkPolicy, metadata: {name: p}, spec: {ingress: "
                       "[{acton: Allow}]}}]",
                "s.yaml:4:78: GlobalNetworkPolicy 'p' rule: unknown key 'acton' / did you mean "
                "'action'?"},
           Case{
               "a bad network",
               head + "  apply: [{kind: GlobalNetworkSet, metadata: {name: s}, spec: {nets: [x]}}]",
               "s.yaml:4:71: GlobalNetworkSet 's': nets 'x' is no network / write one such as "
               "10.244.0.0/16"},
           Case{"a pod on an unknown node", head + "  pods: [web on node-x]",
                "s.yaml:4:10: unknown node 'node-x' / did you mean 'node-a'?"},
           Case{"a pod on no node", head + "  pods: [web 10.244.0.2]",
                "s.yaml:4:10: pod 'web' is on no node / write `[NAMESPACE/]NAME [ADDRESS] on NODE "
                "[label=value ...]`"},
           Case{"an address that is taken",
                head + "  pods: [a 10.244.0.2 on node-a, b 10.244.0.2 on node-b]",
                "s.yaml:4:34: address 10.244.0.2 is taken / give another address, or none"},
           Case{"removing a pod that is not there", head + "  pods: []\n  remove-pods: [web]",
                "s.yaml:5:17: no pod 'web' to remove"},
           Case{"a probe that cannot be read", head + "  probes: [web to db tcp/80]",
                "s.yaml:4:12: cannot read the probe 'web to db tcp/80' / write `FROM -> TO tcp/80 "
                "[v6] [allowed|blocked|refused]`"},
           Case{"an unknown expectation", head + "  expect: {node: node-a, route: [x]}",
                "s.yaml:4:26: expect: unknown key 'route' / did you mean 'routes'?"},
           Case{"an expectation of an unknown node", head + "  expect: {node: a, routes: [x]}",
                "s.yaml:4:18: unknown node 'a' / use one of node-a, node-b"},
           Case{"an unknown encapsulation",
                "cluster: {encapsulation: vxlann}\nnodes: [a]\nsteps: [{}]",
                "s.yaml:1:26: unknown encapsulation 'vxlann' / did you mean 'vxlan'?"},
       })
    DYNAMIC_SECTION(c.name) {
      const std::string got = message_of(c.yaml);
      CHECK(got.substr(0, c.want.size()) == c.want);
    }
}

TEST_CASE(
    "the events of a step have the order of the recordings, and Felix starts last in step 0") {
  const auto events = events_of(
      "nodes: {node-a: {host: [{exec: x}]}}\n"
      "steps:\n"
      "- name: one\n"
      "  host-before: {node-a: [{workload: {pod: p, iface: cali1, ips: [10.244.0.2]}}]}\n"
      "  host: {node-a: [{exec: ls}]}\n"
      "  del: [/calico/x/d]\n"
      "  put: [{key: /calico/x/k, value: 5}]\n"
      "  delete: [{kind: Tier, metadata: {name: gone}}]\n"
      "  apply: [{kind: Tier, metadata: {name: here}}]\n"
      "- name: two\n"
      "  host: {node-a: [{felix: stop}, {felix: start}]}\n");
  CHECK(outline(events) ==
        "node-a:facts node-a:exec node-a:workload put:default put:default put:kube-admin "
        "put:kube-baseline put:here del:gone put:k del:d node-a:exec node-a:start step:one "
        "node-a:stop node-a:start step:two");
}

TEST_CASE("resources are stored as calicoctl stores them") {
  const std::string text =
      head +
      "  apply:\n"
      "  - {kind: NetworkPolicy, metadata: {name: p}, spec: {selector: all(), doNotTrack: false,\n"
      "     ingress: [{action: Allow}], egress: []}}\n"
      "  - {kind: IPPool, metadata: {name: p}, spec: {cidr: 10.0.0.0/8, natOutgoing: false}}\n"
      "  - {kind: GlobalNetworkSet, metadata: {name: n, labels: {a: 1}}, spec: {nets: []}}\n";
  SECTION("v3.32 adds the tier, and YAML 1.1 reads n as false") {
    const auto events = events_of(text);
    const json policy =
        stored(events, "/calico/resources/v3/projectcalico.org/networkpolicies/default/p");
    const json want1 =
        json::parse(R"j({"ingress": [{"action": "Allow", "destination": {}, "source": {}}],)j"
                    R"j( "selector": "all()", "tier": "default", "types": ["Ingress"]})j");
    CHECK(policy["spec"] == want1);
    CHECK(policy["metadata"]["labels"] == json({{"projectcalico.org/tier", "default"}}));
    CHECK(policy["metadata"]["annotations"] ==
          json({{"projectcalico.org/metadata", "{\"name\":\"p\"}"}}));
    const json want2 =
        json::parse(R"j({"allowedUses": ["Workload", "Tunnel"], "assignmentMode": "Automatic",)j"
                    R"j( "blockSize": 26, "cidr": "10.0.0.0/8", "ipipMode": "Never",)j"
                    R"j( "nodeSelector": "all()", "vxlanMode": "Never"})j");
    CHECK(stored(events, "/calico/resources/v3/projectcalico.org/ippools/p")["spec"] == want2);
    CHECK(stored(events,
                 "/calico/resources/v3/projectcalico.org/globalnetworksets/false")["metadata"]
                                                                                  ["labels"] ==
          json({{"a", "1"}}));
  }
  SECTION("v3.28 puts the tier into the name, and has no tiers from the start") {
    const auto events = events_of(text, FelixVersion::v3_28);
    CHECK(stored(events,
                 "/calico/resources/v3/projectcalico.org/networkpolicies/default/default.p")["spec"]
              .count("tier") == 0);
    CHECK(stored(events, "/calico/resources/v3/projectcalico.org/tiers/default").is_null());
  }
}

TEST_CASE("a resource keeps its identity when it is applied again, and not when it was deleted") {
  const std::string tier = "{kind: Tier, metadata: {name: t}}";
  const auto uid = [](const std::vector<Event>& events) {
    return stored(events, "/calico/resources/v3/projectcalico.org/tiers/t")["metadata"]["uid"];
  };
  const std::string once = head + "  apply: [" + tier + "]\n";
  const std::string again = once + "- {name: two, apply: [" + tier + "]}\n";
  const std::string anew =
      once + "- {name: two, delete: [" + tier + "]}\n- {name: three, apply: [" + tier + "]}\n";
  CHECK(uid(events_of(again)) == uid(events_of(once)));
  CHECK(uid(events_of(anew)) != uid(events_of(once)));
}

TEST_CASE("a line makes a pod: endpoint, interface, allocation and profile") {
  const auto events = events_of(
      "nodes: [node-a]\n"
      "cluster: {encapsulation: vxlan, namespaces: {shop: {team: red}}}\n"
      "steps:\n"
      "- name: one\n"
      "  pods: [web 10.244.0.5 on node-a app=web port:http=tcp/8080, shop/db on node-a]\n");
  const std::string resources = "/calico/resources/v3/projectcalico.org/";
  const json web = stored(events, resources + "workloadendpoints/default/node--a-k8s-web-eth0");
  const json want3 = json::parse(
      R"({"node": "node-a", "orchestrator": "k8s", "pod": "web", )"
      R"("endpoint": "eth0", "containerID": "c-web", "interfaceName": "caliweb", )"
      R"("ipNetworks": ["10.244.0.5/32"], "profiles": ["kns.default"], )"
      R"("ports": [{"name": "http", "protocol": "TCP", "port": 8080, "hostPort": 0, "hostIP": ""}]})");
  CHECK(web["spec"] == want3);
  CHECK(web["metadata"]["labels"]["app"] == "web");
  CHECK(stored(events, resources + "nodes/node-a")["spec"]["ipv4VXLANTunnelAddr"] == "10.244.0.0");
  const json want4 = json::parse(R"({"pcns.projectcalico.org/name": "shop", "pcns.team": "red"})");
  CHECK(stored(events, resources + "profiles/kns.shop")["spec"]["labelsToApply"] == want4);
  const json block = stored(events, "/calico/ipam/v2/assignment/ipv4/block/10.244.0.0-26");
  CHECK(block["affinity"] == "host:node-a");
  CHECK(block["allocations"][0] == 0);
  CHECK(block["allocations"][2] == 1);  // shop/db: the first address after the tunnels'
  CHECK(block["allocations"][5] == 2);
  const json want5 = json::parse(R"({"node": "node-a", "namespace": "shop", "pod": "db"})");
  CHECK(block["attributes"][1]["secondary"] == want5);
  CHECK(block["unallocated"].size() == 61);
}

TEST_CASE("removing a pod deletes its endpoint, frees its address and takes its interface down") {
  const auto scenario = load_scenario(
      "nodes: [node-a]\n"
      "steps:\n"
      "- {name: one, pods: [web 10.244.0.5 on node-a]}\n"
      "- {name: two, remove-pods: [web]}\n",
      "s.yaml");
  REQUIRE(scenario);
  const auto events = to_events(*scenario);
  REQUIRE(events);
  CHECK(stored(*events,
               "/calico/resources/v3/projectcalico.org/workloadendpoints/default/"
               "node--a-k8s-web-eth0")
            .is_null());
  CHECK(
      stored(*events, "/calico/ipam/v2/assignment/ipv4/block/10.244.0.0-26")["attributes"].empty());
  CHECK(pods_after(*scenario, 0).size() == 1);
  CHECK(pods_after(*scenario, 1).empty());
}

TEST_CASE("the scene gives every node an address, a MAC, a gateway and Felix's environment") {
  const auto events = events_of(
      "nodes: {node-a: {}, node-b: {ip: 192.0.2.7, ip6: none, kernel: {lacks: [ipip]},\n"
      "  env: {FELIX_IPV6SUPPORT: 'false'}, facts: {sysctls: {net.ipv4.ip_forward: '0'}}}}\n"
      "steps: [{name: one}]\n");
  const auto facts = [&](size_t i) {
    return json::parse(std::get<HostEvent>(events[i].body).action)["facts"];
  };
  const json want6 = json::parse(
      R"([{"name": "eth0", "kind": "veth", "up": true, )"
      R"("mac": "02:00:ac:10:00:01", "mtu": 1500, "addresses": ["172.16.0.1/24", "fd00:16::1/64"]}])");
  CHECK(facts(0)["interfaces"][0]["name"] == "lo");
  CHECK(facts(0)["interfaces"][1] == want6[0]);
  CHECK(facts(0)["routes"] == json({"default via 172.16.0.254 dev eth0"}));
  CHECK(facts(1)["interfaces"][1]["addresses"] == json({"192.0.2.7/24"}));
  CHECK(facts(1)["routes"].empty());
  CHECK(facts(1)["kernel"]["lacks"] == json({"ipip"}));
  CHECK(facts(1)["sysctls"]["net.ipv4.ip_forward"] == "0");
  for (const Event& event : events)
    if (const auto* start = std::get_if<ProcessEvent>(&event.body)) {
      const std::map<std::string, std::string> environment(start->environment.begin(),
                                                           start->environment.end());
      CHECK(environment.at("FELIX_FELIXHOSTNAME") == start->node);
      CHECK(environment.at("FELIX_IPV6SUPPORT") == (start->node == "node-a" ? "true" : "false"));
    }
}

TEST_CASE("probes and expectations are read in both forms") {
  const auto scenario = load_scenario(
      head +
          "  probes: [web -> db tcp/80 blocked, {from: a, to: b, proto: icmp, v6: true}]\n"
          "  expect:\n"
          "  - node: node-a\n"
          "    routes: [10.0.0.0/8 via 1.2.3.4]\n"
          "    no-routes: blackhole\n"
          "    chains: {filter/cali-x: {exactly: [-j DROP]}, cali-y: absent}\n"
          "    sets: {'cali40s:*': [10.0.0.1]}\n",
      "s.yaml");
  INFO((scenario ? "" : scenario.error().message));
  REQUIRE(scenario);
  const Step& step = scenario->steps[0];
  REQUIRE(step.probes.size() == 2);
  CHECK(step.probes[0].expected == ProbeResult::blocked);
  CHECK(step.probes[0].port == 80);
  CHECK(step.probes[1].v6);
  REQUIRE(step.expect.size() == 5);
  CHECK(step.expect[1].kind == Expectation::Kind::lacks);
  CHECK(step.expect[2].object == "filter/cali-x");
  CHECK(step.expect[2].kind == Expectation::Kind::exactly);
  CHECK(step.expect[3].kind == Expectation::Kind::absent);
  CHECK(step.expect[4].what == "ipsets");
}

TEST_CASE("every scenario of the library loads, says what it shows, and is in the syllabus") {
  const std::string syllabus = read_file("scenarios/README.md");
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("scenarios")) {
    if (entry.path().extension() != ".yaml") continue;
    ++count;
    DYNAMIC_SECTION(entry.path().filename().string()) {
      const std::string text = read_file(entry.path());
      const auto scenario = load_scenario(text, entry.path().string());
      INFO((scenario ? "" : scenario.error().message));
      REQUIRE(scenario);
      CHECK(to_events(*scenario));
      CHECK(text.rfind("# What: ", 0) == 0);
      CHECK(text.find("\n# Notice: ") != std::string::npos);
      CHECK(syllabus.find(entry.path().filename().string()) != std::string::npos);
    }
  }
  CHECK(count >= 8);
}
