// SPDX-License-Identifier: Apache-2.0
// Recorded cases: three files, one order.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "replay/capture/capture.h"

using namespace felixsim;

namespace {

namespace fs = std::filesystem;

const std::string scenario = R"(name: small
nodes:
  node-a:
    env: {FELIX_IPV6SUPPORT: "false"}
    felix_cfg: |
      [global]
steps:
- name: base
- name: later
)";

const std::string events_jsonl =
    R"({"key":"/calico/a","rev":2,"t":0.5,"type":"put","value":{"x":1}}
{"key":"/calico/b","rev":3,"t":1.5,"type":"put","value":{}}
{"key":"/calico/felix/v2/no-region/host/node-a/status","rev":4,"t":2.5,"type":"put","value":{}}
{"key":"/calico/c","rev":5,"t":2.75,"type":"put","value":{}}
{"key":"/calico/a","rev":6,"t":4,"type":"delete","value":null}
)";

const std::string recording_json = R"({"steps": [
 {"step": 0, "name": "base", "t_start": 0.25, "t_read": 3, "actions": [
   {"t": 0.125, "node": "node-a", "action": {"exec": "ip link add x type bridge"}},
   {"t": 1.75, "node": "node-a", "action": {"workload": {"pod": "p", "iface": "cali1", "ips": ["10.0.0.1"]}}}]},
 {"step": 1, "name": "later", "t_start": 3.5, "t_read": 6, "felix_restarts": ["node-a"], "actions": [
   {"t": 4, "node": "node-a", "action": {"felix": "stop"}},
   {"t": 5, "node": "node-a", "action": {"felix": "start"}}]}]})";

struct Case {
  Case(const std::string& scenario_text, const std::string& events_text,
       const std::string& recording_text) {
    std::string name = (fs::temp_directory_path() / "felixsim-case-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    folder = name;
    write("scenario.yaml", scenario_text);
    write("events.jsonl", events_text);
    write("recording.json", recording_text);
  }
  ~Case() { fs::remove_all(folder); }
  void write(const std::string& file, const std::string& text) const {
    std::ofstream(folder + "/" + file, std::ios::binary) << text;
  }
  std::string folder;
};

std::string told(const Event& event) {
  struct Teller {
    std::string operator()(const DatastoreEvent& e) const {
      return (e.value ? "put " : "delete ") + e.key;
    }
    std::string operator()(const HostEvent& e) const {
      return "host " + e.action.substr(0, e.action.find(':'));
    }
    std::string operator()(const ProcessEvent& e) const {
      return "process " + std::to_string(static_cast<int>(e.kind));
    }
    std::string operator()(const StepEvent& e) const { return "step " + e.name; }
  };
  return fmt::format("{} {}", static_cast<double>(event.time.value_or(-1)) / 1e9,
                     std::visit(Teller(), event.body));
}

}  // namespace

TEST_CASE("a recording is one list by time; in step 0 Felix starts last") {
  const Case recorded(scenario, events_jsonl, recording_json);
  const auto events = import_recording(recorded.folder);
  INFO((events ? "" : events.error().message));
  REQUIRE(events);
  std::vector<std::string> got;
  for (const auto& event : *events) got.push_back(told(event));
  CHECK(got == std::vector<std::string>{"0 host {\"facts\"", "0.125 host {\"exec\"",
                                        "0.5 put /calico/a", "1.5 put /calico/b",
                                        "1.75 host {\"workload\"", "1.75 process 0",
                                        "2.5 put /calico/felix/v2/no-region/host/node-a/status",
                                        "2.75 put /calico/c", "3 step base", "4 delete /calico/a",
                                        "4 process 1", "5 process 0", "6 step later"});
}

TEST_CASE("a recording's Felix has the scene's environment, and its kernel lacks what it lacked") {
  const Case recorded(scenario, events_jsonl, recording_json);
  const auto events = import_recording(recorded.folder);
  REQUIRE(events);
  CHECK_THAT(std::get<HostEvent>((*events)[0].body).action,
             Catch::Contains(R"("lacks":["ipip","wireguard","dummy","ip_vs"])"));
  const auto& start = std::get<ProcessEvent>((*events)[5].body);
  const std::map<std::string, std::string> environment(start.environment.begin(),
                                                       start.environment.end());
  CHECK(environment.at("FELIX_FELIXHOSTNAME") == "node-a");
  CHECK(environment.at("FELIX_IPTABLESBACKEND") == "NFT");
  CHECK(environment.at("FELIX_IPV6SUPPORT") == "false");
  CHECK(start.felix_cfg == "[global]\n");
  CHECK(std::get<ProcessEvent>((*events)[11].body) == start);  // started again with the same
}

TEST_CASE("a recording that is wrong is an error that names the file and the fact") {
  struct Wrong {
    std::string name, file, text, fact;
  };
  for (
      const auto& c : {
          Wrong{"no scenario", "scenario.yaml", "nodes: [", "scenario.yaml"},
          Wrong{"bad event", "events.jsonl", "{}", "events.jsonl:1:1: 'type' is missing"},
          Wrong{"event without time", "events.jsonl", R"({"key":"/a","rev":1,"type":"delete"})",
                "has no time"},
          Wrong{"cut off", "recording.json", R"({"steps": [)", "recording.json:1:12: bad JSON"},
          Wrong{"no steps", "recording.json", "{}", "no list 'steps'"},
          Wrong{"a huge time", "recording.json", R"({"steps":[{"t_read":1e999}]})",
                "recording.json"},
          Wrong{"time of wrong type", "recording.json", R"({"steps":[{"t_read":"3"}]})",
                "steps[0]: 't_read'"},
          Wrong{"step out of order", "recording.json", R"({"steps":[{"step":1,"t_read":3}]})",
                "out of order"},
          Wrong{"unknown node", "recording.json",
                R"({"steps":[{"t_read":3,"actions":[{"t":1,"node":"x","action":{}}]}]})",
                "actions[0]: scenario.yaml has no node \"x\""},
          Wrong{
              "unknown felix action", "recording.json",
              R"({"steps":[{"t_read":3,"actions":[{"t":1,"node":"node-a","action":{"felix":"nap"}}]}]})",
              "unknown felix action"},
      })
    DYNAMIC_SECTION(c.name) {
      const Case recorded(scenario, events_jsonl, recording_json);
      recorded.write(c.file, c.text);
      const auto events = import_recording(recorded.folder);
      REQUIRE_FALSE(events);
      CHECK_THAT(events.error().message, Catch::Contains(c.fact));
    }
  CHECK(import_recording("/nonexistent").error().code == ErrorCode::not_found);
}

TEST_CASE("a format is opened by its name") {
  const Case recorded(scenario, events_jsonl, recording_json);
  auto source = open_capture("recording", recorded.folder);
  REQUIRE(source);
  CHECK((*source)->next()->has_value());
  CHECK(open_capture("jsonl", recorded.folder + "/events.jsonl"));
  const auto unknown = open_capture("etcd", recorded.folder);
  REQUIRE_FALSE(unknown);
  CHECK_THAT(unknown.error().help,
             Catch::Contains("calicoctl, etcd-watch, jsonl, kubectl, recording"));
}
