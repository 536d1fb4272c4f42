// SPDX-License-Identifier: Apache-2.0
// Whole flights: events of small scenarios, with and without times, through a Cluster.
#include "replay/capture/capture.h"
#include "replay/scenario/scenario.h"
#include "sim/engine/cluster.h"
#include "sim/report/felix_reports.h"
#include "sim/report/felix_state.h"
#include "sim/report/kernel_texts.h"

using namespace felixsim;

namespace {

std::vector<Event> events_of(const std::string& text) {
  const auto scenario = load_scenario(text, "test.yaml");
  if (!scenario) FAIL(scenario.error().message);
  auto events = to_events(*scenario);
  if (!events) FAIL(events.error().message);
  return *events;
}

// Gives the events the times of a recorder: all of step n come at 40 n seconds, its end `end`
// seconds later.
std::vector<Event> with_times(std::vector<Event> events, SimTime end) {
  SimTime start = 0;
  for (auto& event : events) {
    const bool ends = std::holds_alternative<StepEvent>(event.body);
    event.time = start + (ends ? end * second : 0);
    if (ends) start += 40 * second;
  }
  return events;
}

const NodeFlight& fly(Cluster& cluster, const std::vector<Event>& events) {
  for (const auto& event : events)
    if (const auto done = cluster.apply(event); !done) FAIL(done.error().message);
  cluster.settle();
  const auto* node = cluster.find("node-a");
  REQUIRE(node != nullptr);
  return *node;
}

std::string start_of_scenario(const std::string& env) {
  return "cluster: {}\nnodes: {node-a: {env: {" + env + "}}}\nsteps:\n- {name: base}\n";
}

bool has_route(const NodeFlight& node, const std::string& text) {
  return kernel_text(node.kernel.state(), "routes").find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("health tells how far a Felix got that does not run") {
  struct Case {
    std::string name, env, health;
  };
  for (const auto& c : {
           Case{"it runs", "", "liveness 200\nreadiness 200\n"},
           Case{"it cannot read its own configuration", "FELIX_CHAININSERTMODE: sideways",
                "liveness 000\nreadiness 000\n"},
           Case{"it has no name", "FELIX_FELIXHOSTNAME: a b", "liveness 200\nreadiness 503\n"},
           Case{"it runs, and nobody is to ask", "FELIX_HEALTHENABLED: 'false'",
                "liveness 000\nreadiness 000\n"},
       })
    DYNAMIC_SECTION(c.name) {
      Cluster cluster({});
      CHECK(health_codes(fly(cluster, events_of(start_of_scenario(c.env)))) == c.health);
    }
}

// Felix leaves routes of an interface that it does not know yet alone for ten seconds, and looks
// again 5, 10, 20, 40 seconds after it last wrote an iptables table, or after its start.
TEST_CASE("a stray route on a pod's interface outlives Felix's start for a while") {
  struct Case {
    std::string name, env;
    SimTime seconds;
    bool stays;
  };
  const std::string steps =
      "- {name: down, host: {node-a: [{felix: stop}, {exec: ip link add cali1 type bridge && "
      "ip link set cali1 up && ip route add 10.244.0.9/32 dev cali1}]}}\n"
      "- {name: up, host: {node-a: [{felix: start}]}}\n";
  for (const auto& c : {
           Case{"five seconds, iptables", "", 5, true},
           Case{"fifteen seconds, iptables", "", 15, false},
           Case{"nineteen seconds, something else refreshed", "FELIX_ROUTEREFRESHINTERVAL: 3", 19,
                false},
           Case{"fifteen seconds, nftables", "FELIX_NFTABLESMODE: Enabled", 15, true},
           Case{"twenty-five seconds, nftables", "FELIX_NFTABLESMODE: Enabled", 25, false},
       })
    DYNAMIC_SECTION(c.name) {
      Cluster cluster({});
      const auto& node =
          fly(cluster, with_times(events_of(start_of_scenario(c.env) + steps), c.seconds));
      CHECK(has_route(node, "10.244.0.9 dev cali1") == c.stays);
    }
}

TEST_CASE("a Felix that died in a step takes nothing of the next") {
  const std::string steps =
      "- {name: too many, apply: [{kind: FelixConfiguration, metadata: {name: default}, "
      "spec: {iptablesFilterDenyAction: Reject}}]}\n"
      "- {name: later, pods: [web 10.244.0.2 on node-a]}\n";
  Cluster cluster({});
  const auto& node = fly(cluster, events_of(start_of_scenario("") + steps));
  CHECK(felix_state_text(node).starts_with("dead: "));
  CHECK(!has_route(node, "10.244.0.2"));
}

// Felix sleeps two seconds before it exits for a new configuration: what comes meanwhile is for the
// Felix that follows. So a device that was wanted for a moment only is never made.
TEST_CASE("a Felix that is about to restart takes no more changes") {
  auto events = events_of(
      "cluster: {encapsulation: vxlan}\nnodes: {node-a: {}}\nsteps:\n"
      "- {name: base}\n"
      "- {name: port, apply: [{kind: FelixConfiguration, metadata: {name: default}, "
      "spec: {vxlanPort: 8472}}]}\n"
      "- {name: default port, delete: [{kind: FelixConfiguration, metadata: {name: default}}]}\n");
  SimTime time = second;
  for (auto& event : events) {
    const bool ends_first = std::holds_alternative<StepEvent>(event.body) &&
                            std::get<StepEvent>(event.body).number == 0;
    event.time = time;
    if (ends_first) time += second;
  }
  // Both changes in one second, the ends of their steps left out.
  std::erase_if(events, [](const Event& event) {
    const auto* step = std::get_if<StepEvent>(&event.body);
    return step && step->number > 0;
  });
  Cluster cluster({});
  const auto& node = fly(cluster, events);
  CHECK(node.restarts == 1);
  CHECK(node.kernel.state().links.at("vxlan.calico").vxlan->port == 4789);
}

TEST_CASE("Felix repairs what a flapping interface lost, even within one command line") {
  const std::string steps =
      "- {name: pod, pods: [web 10.244.0.2 on node-a]}\n"
      "- {name: flap, host: {node-a: [{exec: ip link set caliweb down; ip link set caliweb "
      "up}]}}\n";
  Cluster cluster({});
  CHECK(
      has_route(fly(cluster, events_of(start_of_scenario("") + steps)), "10.244.0.2 dev caliweb"));
}

TEST_CASE("an interface that is down keeps its IPv4 addresses among those of the host") {
  const std::string steps =
      "- {name: more, host: {node-a: [{exec: ip link add eth1 type bridge && ip link set eth1 up "
      "&& "
      "ip addr add 192.0.2.1/24 dev eth1 && ip addr add fd00:99::1/64 dev eth1}]}}\n"
      "- {name: down, host: {node-a: [{exec: ip link set eth1 down}]}}\n";
  Cluster cluster({});
  const auto& node = fly(cluster, events_of(start_of_scenario("") + steps));
  const std::string sets = kernel_text(node.kernel.state(), "ipsets");
  CHECK(sets.find("add cali40this-host 192.0.2.1\n") != std::string::npos);
  CHECK(sets.find("add cali60this-host fd00:99::1\n") == std::string::npos);
}

// Felix sorts several ranges in place and takes that for a change of its configuration.
TEST_CASE("a Felix with RouteTableRanges from low to high restarts for ever") {
  struct Case {
    std::string name, ranges, health;
  };
  for (const auto& c : {
           Case{"one range", "'1-250'", "liveness 200\nreadiness 200\n"},
           Case{"the highest first", "'500-600,300-400'", "liveness 200\nreadiness 200\n"},
           Case{"the lowest first", "'300-400,500-600'", "liveness 200\nreadiness 503\n"},
       })
    DYNAMIC_SECTION(c.name) {
      Cluster cluster({});
      const auto& node =
          fly(cluster, events_of(start_of_scenario("FELIX_ROUTETABLERANGES: " + c.ranges)));
      CHECK(health_codes(node) == c.health);
      CHECK(kernel_text(node.kernel.state(), "iptables").empty() == (c.health[23] == '5'));
    }
}

TEST_CASE("a Felix that is to use a dataplane of others dies: there is none on the host") {
  Cluster cluster({});
  const auto& node =
      fly(cluster, events_of(start_of_scenario("FELIX_USEINTERNALDATAPLANEDRIVER: 'false'")));
  CHECK(node.state == FelixState::dead);
  CHECK(node.reason ==
        "Failed to start dataplane driver: there is no calico-iptables-plugin "
        "(UseInternalDataplaneDriver is false)");
  CHECK(kernel_text(node.kernel.state(), "iptables").empty());
}

// What kube-controllers give to the host endpoints that they make. Nobody stores that profile.
TEST_CASE("the profile projectcalico-default-allow is always there") {
  const std::string steps =
      "- {name: hep, apply: [{kind: HostEndpoint, metadata: {name: h}, spec: {node: node-a, "
      "interfaceName: eth0, profiles: [projectcalico-default-allow, another]}}]}\n";
  Cluster cluster({});
  const auto& node = fly(cluster, events_of(start_of_scenario("") + steps));
  const std::string rules = kernel_text(node.kernel.state(), "iptables");
  const std::string allow = "\"Profile projectcalico-default-allow ingress\" -j MARK --set-xmark ";
  CHECK(rules.find(allow + "0x10000/0x10000") != std::string::npos);
  CHECK(rules.find("\"Profile another ingress\" -j MARK --set-xmark 0x40000/0x40000") !=
        std::string::npos);
}

TEST_CASE("a Felix whose datastore becomes unready exits, and waits when it is started again") {
  const std::string unready =
      "- {name: unready, apply: [{kind: ClusterInformation, metadata: {name: default}, spec: "
      "{datastoreReady: false}}]}\n";
  const std::string again = "- {name: again, host: {node-a: [{felix: start}]}}\n";
  Cluster stays({});
  CHECK(felix_state_text(fly(stays, events_of(start_of_scenario("") + unready))) ==
        "dead: the datastore became unready");
  Cluster waits({});
  CHECK(felix_state_text(fly(waits, events_of(start_of_scenario("") + unready + again)))
            .starts_with("waiting: the datastore is not ready"));
}

TEST_CASE("a Felix that is asked for BPF is predicted without it, and says so") {
  const auto tables = [](const std::string& env, bool asked) {
    Cluster cluster({});
    const auto& node = fly(cluster, events_of(start_of_scenario(env)));
    CHECK(bpf_problem(node).empty() != asked);
    CHECK(felix_state_text(node) == "running");
    return kernel_text(node.kernel.state(), "iptables");
  };
  CHECK(tables("FELIX_BPFENABLED: 'true'", true) == tables("", false));
}
