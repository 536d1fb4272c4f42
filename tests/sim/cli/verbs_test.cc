// SPDX-License-Identifier: Apache-2.0
// The real binary, as a person runs it: exit codes, and errors that name place, fact and fix.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "run_binary.h"

using cli_test::felixsim;

namespace {

namespace fs = std::filesystem;

struct Scratch {
  fs::path path = fs::temp_directory_path() / ("felixsim-verbs-" + std::to_string(getpid()));
  Scratch() { fs::create_directories(path); }
  ~Scratch() { fs::remove_all(path); }
  std::string file(const std::string& name, const std::string& content) const {
    std::ofstream(path / name) << content;
    return (path / name).string();
  }
};

const std::string recording = "tests/vectors/recording/single-node-profiles";

size_t widest_line(const std::string& text) {
  std::istringstream lines(text);
  size_t widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, line.size());
  return widest;
}

}  // namespace

TEST_CASE("every verb that is listed has help with an example, within 79 columns") {
  const auto list = felixsim("--help");
  for (const char* verb : {"run", "import", "log", "show", "messages", "diff", "graph", "trace",
                           "verify", "bisect", "reach", "explain", "report"})
    DYNAMIC_SECTION(verb) {
      CHECK(list.text.find(fmt::format("\n  {} ", verb)) != std::string::npos);
      const auto help = felixsim(std::string(verb) + " --help");
      CHECK(help.code == 0);
      CHECK(help.text.find("Example: ") != std::string::npos);
      CHECK(widest_line(list.text) <= 79);
      INFO(help.text);
      CHECK(widest_line(help.text) <= 79);
    }
}

TEST_CASE("a wrong question is answered with the place, the fact and the fix, and exit code 2") {
  const Scratch scratch;
  const std::string truncated = scratch.file("truncated.jsonl", "{\"key\": \"/calico/x\", \"rev\"");
  const std::string text = scratch.file("text.db", "this is no log");
  const std::string empty = scratch.file("empty.json", "");
  struct Case {
    std::string arguments, fact, fix;
  };
  const std::vector<Case> cases{
      Case{"", "subcommand", "--help"},
      Case{"fly x", "no verb 'fly'", "--help"},
      Case{"shaw x", "no verb 'shaw'", "did you mean 'show'?"},
      Case{"show " + recording + " --nod node-a", "no option '--nod'", "did you mean '--node'?"},
      Case{"show " + recording + " --node nodea", "nodea", "did you mean 'node-a'?"},
      Case{"show " + recording + " --node node-a --what route", "route", "did you mean 'routes'?"},
      Case{"diff " + recording + " step:0 step:1 --node node-a --what ipset", "no such part",
           "did you mean 'ipsets'?"},
      Case{"diff " + recording + " step:0 step:1 --node node-a --what reports", "not compared",
           "show --what reports"},
      Case{"show nowhere.db --node n", "nowhere.db", ""},
      Case{"show " + recording + " --node node-z", "node-z", "node-a"},
      Case{"show " + recording + " --node node-a --what walls", "walls", "iptables"},
      Case{"show " + recording + " --node node-a --at step:99", "step:99", "0 (base)"},
      Case{"show " + recording + " --node node-a --at yesterday", "yesterday", "rev:N"},
      Case{"show " + recording + " --node node-a --felix-version v2.0", "v2.0", "v3.32"},
      Case{"import --from carrier-pigeon x --log y", "carrier-pigeon", "etcd-watch"},
      Case{"import --from jsonl " + truncated + " --log " + (scratch.path / "t.db").string(),
           "truncated.jsonl:1", ""},
      Case{"log " + text, "text.db: is no event log", "felixsim import makes one"},
      Case{"show " + text + " --node n", "is no event log, and no JSON", "a capture in JSON"},
      Case{"show " + empty + " --node n", "is empty", "a capture in JSON"},
      Case{"explain pod shop/web manifests", "INPUT stands in front of 'pod'", "explain INPUT pod"},
      Case{"import --from jsonl nowhere --log " + (scratch.path / "none.db").string(), "nowhere",
           "nothing was imported"},
      Case{"show - --node n", "standard input", "felixsim import --from FORMAT - --log LOG"}};
  for (const auto& c : cases) DYNAMIC_SECTION("felixsim " << c.arguments) {
      const auto outcome = felixsim(c.arguments);
      INFO(outcome.text);
      CHECK(outcome.code == 2);
      CHECK(outcome.text.rfind("error: ", 0) == 0);
      CHECK(outcome.text.find(c.fact) != std::string::npos);
      CHECK(outcome.text.find(c.fix) != std::string::npos);
    }
  CHECK_FALSE(fs::exists(scratch.path / "none.db"));
}

TEST_CASE("diff answers with its exit code") {
  CHECK(felixsim("diff " + recording + " step:0 step:0 --node node-a").code == 0);
  const auto changed = felixsim("diff " + recording + " step:0 step:1 --node node-a");
  CHECK(changed.code == 1);
  CHECK(changed.text.find("=== iptables\n") != std::string::npos);
  const auto all = felixsim("diff " + recording + " step:0 step:1 --node node-a --what all");
  CHECK(all.text == changed.text);
}

TEST_CASE("a capture of the datastore alone is answered on an assumed host, and says so") {
  const auto outcome =
      felixsim("show " + recording + "/events.jsonl --node node-a --what iptables");
  INFO(outcome.text);
  CHECK(outcome.code == 0);
  CHECK(outcome.text.find("assumed: host node-a") != std::string::npos);
  CHECK(outcome.text.find("-A cali-FORWARD") != std::string::npos);
}

TEST_CASE(
    "configuration and marks are explained: source, what it hides, what is unknown or unusable") {
  const Scratch scratch;
  const std::string host = scratch.file(
      "host.json", R"({"env": {"FELIX_BANANA": "1", "FELIX_IPTABLESMARKMASK": "0xfff000",
                               "FELIX_ROUTEREFRESHINTERVAL": "soon"},
                       "felix_cfg": "[global]\nIptablesMarkMask = 0xff0000\n"})");
  const std::string show =
      "show " + recording + "/events.jsonl --node node-a --host " + host + " --what ";
  const auto config = felixsim(show + "config");
  INFO(config.text);
  CHECK(config.text.find("IptablesMarkMask = 0xfff000  (environment variable)\n"
                         "    overrides 0xff0000 (config file)\n") != std::string::npos);
  CHECK(config.text.find("# environment variable: unknown parameter 'banana' is ignored") !=
        std::string::npos);
  CHECK(config.text.find("RouteRefreshInterval = soon  (environment variable)\n    ") !=
        std::string::npos);
  const auto marks = felixsim(show + "marks");
  INFO(marks.text);
  CHECK(marks.text.find("0xfff000  from IptablesMarkMask = 0xfff000 (environment variable)\n"
                        "    overrides 0xff0000 (config file)\n") != std::string::npos);
}

TEST_CASE(
    "a FelixConfiguration for some nodes is a source of its own; the oldest that fits counts") {
  const Scratch scratch;
  const auto configuration = [](const char* name, const char* spec) {
    return fmt::format("  - {{kind: FelixConfiguration, metadata: {{name: {}}}, spec: {{{}}}}}\n",
                       name, spec);
  };
  const std::string scenario = scratch.file(
      "selectors.yaml",
      "nodes: [node-a]\nsteps:\n- name: base\n  apply:\n"
      "  - {kind: Node, metadata: {name: node-a, labels: {zone: a}}, "
      "spec: {bgp: {ipv4Address: 172.16.0.1/24}}}\n" +
          configuration("default", "routeRefreshInterval: 10s, iptablesRefreshInterval: 20s") +
          configuration("zone-a",
                        "nodeSelector: zone == 'a', routeRefreshInterval: 11s, "
                        "iptablesRefreshInterval: 21s") +
          configuration("zone-b", "nodeSelector: zone == 'b', routeRefreshInterval: 12s") +
          configuration("zone-c", "nodeSelector: all(), ipsetsRefreshInterval: 13s") +
          configuration("node.node-a", "iptablesRefreshInterval: 22s"));
  const auto config = felixsim("show " + scenario + " --node node-a --what config");
  INFO(config.text);
  for (const auto* line : {"RouteRefreshInterval = 11  (datastore (per-node-selector))\n"
                           "    overrides 10 (datastore (global))\n",
                           "IptablesRefreshInterval = 22  (datastore (per-host))\n"
                           "    overrides 21 (datastore (per-node-selector))\n"
                           "    overrides 20 (datastore (global))\n",
                           "IpsetsRefreshInterval = 90  (default)\n"})
    CHECK(config.text.find(line) != std::string::npos);
}

TEST_CASE("a scenario that cannot be read does not hide the others") {
  const Scratch scratch;
  const std::string empty = scratch.file("empty.yaml", "");
  const auto outcome = felixsim("run " + empty + " scenarios/01_one_pod.yaml");
  INFO(outcome.text);
  CHECK(outcome.code == 2);
  CHECK(outcome.text.find("ERROR " + empty) != std::string::npos);
  CHECK(outcome.text.find("ok    scenarios/01_one_pod.yaml") != std::string::npos);
  CHECK(outcome.text.find("1 passed, 0 failed, 1 could not run") != std::string::npos);
}

TEST_CASE("messages --warnings tells each invalid value once, however often it comes") {
  const Scratch scratch;
  const auto tier = [](int revision) {
    return fmt::format(
        R"({{"key":"/calico/resources/v3/projectcalico.org/tiers/t","rev":{},"type":"put",)"
        R"("value":{{"spec":{{"order":"x"}}}}}})"
        "\n",
        revision);
  };
  const std::string log = scratch.file("twice.jsonl", tier(2) + tier(3));
  const auto outcome = felixsim("messages " + log + " --node '*' --warnings");
  INFO(outcome.text);
  CHECK(outcome.code == 0);
  const size_t first = outcome.text.find("want a number");
  REQUIRE(first != std::string::npos);
  CHECK(outcome.text.find("want a number", first + 1) == std::string::npos);
}

TEST_CASE("messages --stats tells the time of each phase and the traffic of each edge") {
  const auto stats = felixsim("messages " + recording + " --node node-a --stats");
  INFO(stats.text);
  CHECK(stats.code == 0);
  for (const char* line : {"calc graph: updates", "dataplane: program the kernel",
                           "WorkloadEndpointUpdate", "event sequencer -> dataplane"})
    CHECK(stats.text.find(line) != std::string::npos);
}

TEST_CASE("an import can stamp events, so that a time of day is a moment") {
  const Scratch scratch;
  const std::string log = (scratch.path / "stamped.db").string();
  const std::string changes = scratch.file(
      "changes.jsonl", "{\"t\":5,\"type\":\"put\",\"rev\":1,\"key\":\"/calico/a\",\"value\":1}\n");
  const std::string untimed = scratch.file(
      "untimed.jsonl", "{\"type\":\"put\",\"rev\":2,\"key\":\"/calico/a\",\"value\":2}\n");
  REQUIRE(
      felixsim("import --from jsonl --stamp " + changes + " " + untimed + " --log " + log).code ==
      0);
  const auto events = felixsim("log " + log + " events");
  INFO(events.text);
  CHECK(events.text.find("seq:1 5.000 s ") == 0);  // it has a time
  CHECK(events.text.find("\nseq:2 20") != std::string::npos);
  const auto info = felixsim("log " + log + " --json");
  CHECK(info.text.find("\"first_time_ns\": 5000000000,") != std::string::npos);
}

TEST_CASE("a moment after the last event is answered, and says that it is") {
  const std::string show = "show " + recording + " --node node-a --what routes --at ";
  CHECK(felixsim(show + "2024-01-02T14:03:00Z")
            .text.find("2024-01-02T14:03:00.000Z is after the "
                       "last event, at ") != std::string::npos);
  CHECK(felixsim(show + "step:0").text.find("after the last") == std::string::npos);
}

TEST_CASE("a failing run prints what it found though its report cannot be written") {
  const auto outcome = felixsim("run scenarios/01_one_pod.yaml --junit /nowhere/x.xml");
  CHECK(outcome.code == 2);
  CHECK(outcome.text.find("ok    scenarios/01_one_pod.yaml (2 steps)") != std::string::npos);
  CHECK(outcome.text.find("/nowhere/x.xml") != std::string::npos);
}

TEST_CASE("a scenario may expect something of every part that show can print") {
  const Scratch scratch;
  const std::string parts = felixsim("show " + recording + " --node node-a --what none").text;
  std::istringstream list(parts.substr(parts.find("use one of ") + 11));
  for (std::string part; list >> part;) {
    if (part.ends_with(',')) part.pop_back();
    if (part == "programming" || part == "all") continue;  // no text of a moment's state
    const std::string scenario =
        scratch.file("parts.yaml", fmt::format("nodes: [node-a]\nsteps:\n- name: one\n  pods: [web "
                                               "10.244.0.2 on node-a]\n  expect:\n  - no-{}: "
                                               "[carrier pigeons]\n",
                                               part));
    const auto outcome = felixsim("run " + scenario);
    INFO(outcome.text);
    CHECK(outcome.code == 0);
  }
}
