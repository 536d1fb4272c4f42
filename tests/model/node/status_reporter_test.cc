// SPDX-License-Identifier: Apache-2.0
// What a Felix writes to the datastore of itself and its endpoints, and when.
#include "model/node/status_reporter.h"

using namespace felixsim;

namespace {

Config config_of(StringMap environment, FelixVersion version = FelixVersion::v3_32) {
  Config config(version, ConfigHost{"node-a", {}});
  environment.emplace("EndpointReportingEnabled", "true");
  REQUIRE(config.set_source(ConfigSource::environment, environment));
  return config;
}

EndpointId pod(const std::string& name) {
  return msg::WorkloadEndpointId{Symbol("k8s"), Symbol("default/" + name), Symbol("eth0")};
}
const std::string workloads = "/calico/felix/v2/no-region/host/node-a/workload/k8s/default%2f";
std::string key(const std::string& name) { return workloads + name + "/endpoint/eth0"; }

// "p1=up p2=down" in order of key: the endpoints that are in the datastore.
std::string endpoints_in(const StatusKeys& keys) {
  std::vector<std::string> found;
  for (const auto& [path, value] : keys)
    if (path.starts_with(workloads))
      found.push_back(path.substr(workloads.size(), 2) + "=" +
                      value.text.substr(11, value.text.size() - 13));
  return fmt::format("{}", fmt::join(found, " "));
}

}  // namespace

TEST_CASE("keys of endpoints carry region and escaped names") {
  CHECK(status_key("node-a", "", pod("p1")) ==
        "/calico/felix/v2/no-region/host/node-a/workload/k8s/default%2fp1/endpoint/eth0");
  CHECK(status_key("node-a", "north", pod("50%")) ==
        "/calico/felix/v2/region-north/host/node-a/workload/k8s/default%2f50%25/endpoint/eth0");
  CHECK(status_key("node-a", "north", Symbol("a/b")) ==
        "/calico/felix/v1/host/node-a/endpoint/a%2fb");
}

TEST_CASE("one endpoint is written a tick, in the order of what happened") {
  StatusKeys keys;
  StatusReporter reporter(config_of({{"EndpointReportingDelaySecs", "2"}}), 0, 0, keys);
  reporter.on_status(0, pod("p1"), "down");
  reporter.on_status(0, pod("p2"), "up");
  reporter.on_status(second, pod("p1"), "up");
  struct Step {
    SimTime at;
    std::string in_datastore;
  };
  for (const auto& step : {Step{1, ""}, Step{2, "p1=down"}, Step{3, "p1=down"},
                           Step{4, "p1=down p2=up"}, Step{6, "p1=up p2=up"}}) {
    reporter.advance(step.at * second);
    CHECK(endpoints_in(keys) == step.in_datastore);
  }
  CHECK(keys.at(key("p1")) == StatusValue{R"({"status":"up"})", 6 * second, {}});
  CHECK(reporter.pending().empty());
}

TEST_CASE("v3.28 writes what is true when its turn comes, one tick later") {
  StatusKeys keys;
  StatusReporter reporter(config_of({}, FelixVersion::v3_28), 0, 0, keys);
  reporter.on_status(0, pod("p1"), "down");
  reporter.on_status(second / 2, pod("p1"), "up");
  reporter.advance(second);
  CHECK(endpoints_in(keys).empty());
  reporter.advance(2 * second);
  CHECK(endpoints_in(keys) == "p1=up");
}

TEST_CASE("what a Felix before it left is put right at the 180th tick, once in sync") {
  for (const auto version : {FelixVersion::v3_28, FelixVersion::v3_32}) {
    StatusKeys keys{{key("p1"), {R"({"status":"down"})"}}, {key("p9"), {R"({"status":"up"})"}}};
    StatusReporter reporter(config_of({}, version), 0, 0, keys);
    reporter.on_status(0, pod("p2"), "up");
    reporter.advance(200 * second);
    CHECK(endpoints_in(keys) == "p1=down p2=up p9=up");
    reporter.on_in_sync(200 * second);
    reporter.advance(203 * second);
    CHECK(endpoints_in(keys) == "p2=up");
  }
}

TEST_CASE("a key that somebody else deleted is not missed") {
  StatusKeys keys;
  StatusReporter reporter(config_of({}), 0, 0, keys);
  reporter.on_status(0, pod("p1"), "up");
  reporter.on_in_sync(0);
  reporter.advance(second);
  keys.clear();
  reporter.advance(400 * second);
  CHECK(endpoints_in(keys).empty());
}

TEST_CASE("reports of Felix itself come ten seconds after its start, and then at the interval") {
  const std::string status = "/calico/felix/v2/no-region/host/node-a/status";
  const std::string last = "/calico/felix/v2/no-region/host/node-a/last_reported_status";
  StatusKeys keys;
  StatusReporter reporter(config_of({{"ReportingIntervalSecs", "20"}, {"ReportingTTLSecs", "30"}}),
                          second / 2, second, keys);
  reporter.advance(11 * second - 1);
  CHECK(keys.empty());
  reporter.advance(11 * second);
  CHECK(keys.at(status) == StatusValue{R"({"time":"1970-01-01T00:00:11Z","uptime":10.5,)"
                                       R"("first_update":true})",
                                       11 * second, 41 * second});
  reporter.advance(75 * second);
  CHECK(keys.at(last) == StatusValue{R"({"time":"1970-01-01T00:01:11Z","uptime":70.5,)"
                                     R"("first_update":false})",
                                     71 * second,
                                     {}});
  CHECK(keys_at(keys, 101 * second - 1).size() == 2);
  CHECK(keys_at(keys, 101 * second).size() == 1);
}

TEST_CASE("what is not to be written is not") {
  struct Case {
    std::string name;
    StringMap environment;
    size_t keys;
  };
  for (const auto& c : {
           Case{"everything", {}, 3},
           Case{"no endpoints", {{"EndpointReportingEnabled", "false"}}, 2},
           Case{"no reports of Felix itself", {{"ReportingIntervalSecs", "0"}}, 1},
           Case{"Kubernetes has no such keys", {{"DatastoreType", "kubernetes"}}, 0},
       })
    DYNAMIC_SECTION(c.name) {
      StatusKeys keys;
      StatusReporter reporter(config_of(c.environment), 0, 0, keys);
      reporter.on_status(0, pod("p1"), "up");
      reporter.advance(60 * second);
      reporter.finish();
      CHECK(keys.size() == c.keys);
    }
}

TEST_CASE("a reporter without a delay is Felix's end") {
  CHECK(reporter_panic(config_of({{"EndpointReportingDelaySecs", "0"}})) ==
        "invalid argument to Int63n");
  CHECK(reporter_panic(config_of({{"EndpointReportingDelaySecs", "-1"}})) == "Negative duration");
  CHECK(!reporter_panic(config_of({{"EndpointReportingDelaySecs", "0.5"}})));
  CHECK(!reporter_panic(
      config_of({{"EndpointReportingEnabled", "false"}, {"EndpointReportingDelaySecs", "0"}})));
}
