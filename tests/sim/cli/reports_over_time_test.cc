// SPDX-License-Identifier: Apache-2.0
// What a Felix says of itself at each moment of a flight: to probes, and to the datastore.
#include "replay/scenario/scenario.h"
#include "sim/engine/cluster.h"
#include "sim/report/felix_reports.h"
#include "sim/report/felix_state.h"

using namespace felixsim;

namespace {

// The steps' events come at these seconds.
std::vector<Event> events_at(const std::string& text, const std::vector<SimTime>& seconds) {
  const auto scenario = load_scenario(text, "test.yaml");
  if (!scenario) FAIL(scenario.error().message);
  auto events = to_events(*scenario);
  if (!events) FAIL(events.error().message);
  size_t step = 0;
  for (auto& event : *events) {
    event.time = seconds.at(step) * second;
    step += std::holds_alternative<StepEvent>(event.body);
  }
  return *events;
}

ClusterOptions each_change() {
  ClusterOptions options;
  options.every_change = true;
  return options;
}

// The node at a moment; `ms` are milliseconds.
const NodeFlight& fly(Cluster& cluster, const std::vector<Event>& events, SimTime ms) {
  for (const auto& event : events)
    if (*event.time <= ms * (second / 1000))
      if (const auto done = cluster.apply(event); !done) FAIL(done.error().message);
  cluster.pass_until(ms * (second / 1000));
  const auto* node = cluster.find("node-a");
  REQUIRE(node != nullptr);
  return *node;
}

// "200 503": what a probe of liveness and one of readiness get.
std::string codes(const NodeFlight& node) {
  const std::string text = health_codes(node);
  return text.substr(9, 3) + " " + text.substr(23, 3);
}

struct Moment {
  SimTime ms;
  std::string codes;
};

void check(const std::vector<Event>& events, const std::vector<Moment>& moments) {
  for (const auto& [ms, want] : moments) {
    Cluster cluster(each_change());
    CAPTURE(ms);
    CHECK(codes(fly(cluster, events, ms)) == want);
  }
}

std::string start(const std::string& env, const std::string& more = "") {
  return "cluster: {}\nnodes: {node-a: {env: {" + env + "}}}\nsteps:\n- {name: base" + more + "}\n";
}

std::string ready(const std::string& name, const std::string& value) {
  return "- {name: " + name +
         ", apply: [{kind: ClusterInformation, metadata: {name: default}, spec: {datastoreReady: " +
         value + "}}]}\n";
}

}  // namespace

TEST_CASE("a Felix that waits for its datastore says after a second that it is ready") {
  const std::string unready =
      ", apply: [{kind: ClusterInformation, metadata: {name: default}, spec: {datastoreReady: "
      "false}}]";
  const auto events = events_at(start("", unready) + ready("ready", "true"), {0, 20});
  check(events, {{0, "200 503"}, {1000, "200 200"}, {19000, "200 200"}, {20000, "200 200"}});
  Cluster cluster(each_change());
  const std::string statuses = reports_text(fly(cluster, events, 30000));
  CHECK(statuses.find(R"("uptime":30,"first_update":true})") != std::string::npos);
}

TEST_CASE("a Felix whose datastore is no longer ready lives two seconds, its report longer") {
  const auto events = events_at(start("") + ready("unready", "false"), {0, 20});
  check(events, {{20000, "200 200"}, {21999, "200 200"}, {22000, "000 000"}});
  for (const auto& [ms, there] : {std::pair<SimTime, bool>{109999, true}, {110000, false}}) {
    Cluster cluster(each_change());
    const std::string statuses = reports_text(fly(cluster, events, ms));
    CHECK((statuses.find("/node-a/status ") != std::string::npos) == there);
    CHECK(statuses.find("/node-a/last_reported_status ") != std::string::npos);
  }
}

TEST_CASE("a Felix that restarts over its configuration answers until it exits") {
  const std::string change =
      "- {name: change, apply: [{kind: FelixConfiguration, metadata: {name: default}, spec: "
      "{healthPort: 9100}}]}\n";
  const auto events = events_at(start("") + change, {0, 20});
  check(events, {{20000, "200 200"}, {21999, "200 200"}, {22000, "200 200"}});
  Cluster cluster(each_change());
  CHECK(health_text(fly(cluster, events, 22000))
            .ends_with("# 0s: Felix runs\n# 20s: Felix is about to restart: configuration "
                       "changed: HealthPort\n# 22s: Felix runs\n"));
}

TEST_CASE("a configuration that Felix cannot use keeps it alive and not ready") {
  const std::string bad =
      ", apply: [{kind: FelixConfiguration, metadata: {name: default}, spec: "
      "{interfacePrefix: 'ca li'}}]";
  const std::string good =
      "- {name: good, delete: [{kind: FelixConfiguration, metadata: {name: default}}]}\n";
  const auto events = events_at(start("", bad) + good, {0, 20});
  check(events, {{0, "200 503"}, {19000, "200 503"}, {20000, "200 200"}});
}

TEST_CASE("one that is stopped or panics answers no more") {
  check(events_at(start("") + "- {name: stop, host: {node-a: [{felix: stop}]}}\n", {0, 20}),
        {{19999, "200 200"}, {20000, "000 000"}});
  const auto events = events_at(
      start("FELIX_ENDPOINTREPORTINGENABLED: 'true', FELIX_ENDPOINTREPORTINGDELAYSECS: '0'"), {0});
  check(events, {{0, "000 000"}});
  Cluster cluster({});
  CHECK(felix_state_text(fly(cluster, events, 0)) == "dead: invalid argument to Int63n");
}

TEST_CASE("timeouts that are overridden while it runs count at once") {
  const std::string change =
      "- {name: change, apply: [{kind: FelixConfiguration, metadata: {name: default}, spec: "
      "{healthTimeoutOverrides: [{name: CalculationGraph, timeout: 3s}]}}]}\n";
  const auto events = events_at(start("") + change, {0, 12});
  check(events, {{19000, "503 503"}, {20000, "200 200"}, {24000, "503 503"}});
  Cluster cluster(each_change());
  CHECK(health_text(fly(cluster, events, 15000))
            .find("# CalculationGraph reports every 10s: timed out for 7s of them\n") !=
        std::string::npos);
}

TEST_CASE("the status of an endpoint follows its interface, a second after it") {
  const std::string text =
      start("FELIX_ENDPOINTREPORTINGENABLED: 'true'", ", pods: [web 10.244.0.2 on node-a]") +
      "- {name: down, host: {node-a: [{exec: ip link set caliweb down}]}}\n"
      "- {name: gone, remove-pods: [web]}\n";
  const auto events = events_at(text, {0, 5, 20});
  struct Case {
    SimTime ms;
    std::string in_datastore, waits;
  };
  for (const auto& c :
       {Case{500, "", "up"}, Case{1000, "up", ""}, Case{5500, "up", "down"}, Case{6000, "down", ""},
        Case{20500, "down", "to be deleted"}, Case{21000, "", ""}}) {
    CAPTURE(c.ms);
    Cluster cluster(each_change());
    const std::string text_then = reports_text(fly(cluster, events, c.ms));
    const std::string key =
        "/calico/felix/v2/no-region/host/node-a/workload/k8s/default%2fweb/endpoint/eth0 ";
    const auto has = [&](const std::string& part) {
      return text_then.find(part) != std::string::npos;
    };
    CHECK(has(key + "{") == !c.in_datastore.empty());
    CHECK(has(key + R"({"status":")" + c.in_datastore) == !c.in_datastore.empty());
    CHECK(has("# waits: " + key + c.waits) == !c.waits.empty());
  }
}

TEST_CASE("where times are unknown everything that waits is written") {
  const auto scenario = load_scenario(start("FELIX_ENDPOINTREPORTINGENABLED: 'true'",
                                            ", pods: [a on node-a, b on node-a, c on node-a]"),
                                      "test.yaml");
  REQUIRE(scenario);
  const auto events = to_events(*scenario);
  Cluster cluster({});
  for (const auto& event : *events) REQUIRE(cluster.apply(event));
  cluster.settle();
  const std::string text = reports_text(*cluster.find("node-a"));
  CHECK(text.find("waits") == std::string::npos);
  CHECK(text.find(R"(default%2fc/endpoint/eth0 {"status":"up"})") != std::string::npos);
  CHECK(text.find("written at") == std::string::npos);
}
