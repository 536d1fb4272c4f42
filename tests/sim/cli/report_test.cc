// SPDX-License-Identifier: Apache-2.0
// `felixsim report` as people use it, and its page in a real browser, where there is one.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "run_binary.h"
#include "sim/cli/report_moments.h"

using namespace felixsim;
namespace fs = std::filesystem;

namespace {

struct Scratch {
  fs::path path = fs::temp_directory_path() / fmt::format("felixsim-report-{}", getpid());
  Scratch() { fs::create_directories(path); }
  ~Scratch() { fs::remove_all(path); }
  std::string file(const std::string& name) const { return (path / name).string(); }
};

std::string text_of(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

nlohmann::json data_of(const std::string& page) {
  const std::string open = R"(id="data">)";
  const size_t start = page.find(open) + open.size();
  return nlohmann::json::parse(page.substr(start, page.find("</script>", start) - start));
}

// What the page's own test says in a headless Chromium, and what that printed.
std::string self_test(const Scratch& scratch, const std::string& page) {
  const std::string command = fmt::format(
      "timeout 100 chromium --headless=new --no-sandbox --disable-gpu --user-data-dir={} "
      "--enable-logging=stderr --dump-dom 'file://{}?selftest' 2>{}",
      scratch.file("profile"), page, scratch.file("console"));
  std::FILE* pipe = popen(command.c_str(), "r");
  std::string out;
  std::array<char, 4096> buffer{};
  while (const size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe))
    out.append(buffer.data(), got);
  pclose(pipe);
  const size_t at = out.rfind("self-test ");
  return (at == std::string::npos ? "no self-test in the page" : out.substr(at, 300));
}

bool has_browser() {
  if (std::system("command -v chromium >/dev/null 2>&1") == 0) return true;
  std::cout << "skipped: chromium is not installed (./dev setup installs it)\n";
  return false;
}

std::vector<Event> events_with_steps(int events, const std::set<int>& steps) {
  std::vector<Event> out;
  for (int i = 1; i <= events; ++i) {
    if (steps.contains(i))
      out.push_back({i, std::nullopt, StepEvent{i, "s"}});
    else
      out.push_back({i, std::nullopt, DatastoreEvent{i, "/k", "v"}});
  }
  return out;
}

}  // namespace

TEST_CASE("a report looks at the end always, at ends of steps before others") {
  using cli::choose_report_moments;
  CHECK(choose_report_moments({}, 5) == std::vector<size_t>{0});
  CHECK(choose_report_moments(events_with_steps(3, {}), 9) == std::vector<size_t>{0, 1, 2, 3});
  CHECK(choose_report_moments(events_with_steps(9, {3, 5}), 3) == std::vector<size_t>{3, 5, 9});
  const auto many = choose_report_moments(events_with_steps(1000, {}), 40);
  CHECK(many.size() == 40);
  CHECK(many.back() == 1000);
}

TEST_CASE("the report of a recording has its events, moments, nodes and packets") {
  const Scratch scratch;
  const std::string page = scratch.file("a.html");
  const auto made =
      cli_test::felixsim("report tests/vectors/recording/vxlan-two-nodes --out " + page);
  INFO(made.text);
  REQUIRE(made.code == 0);
  const auto data = data_of(text_of(page));
  CHECK(data["events"].size() == 44);
  CHECK(data["moments"].back()["at"] == 44);
  CHECK(data["nodes"] == nlohmann::json{"node-a", "node-b"});
  CHECK(data["texts"].contains("node-a\niptables"));
  CHECK_FALSE(data["traces"].empty());
  CHECK_FALSE(data["reach"].empty());
}

TEST_CASE("packets are sent at every moment, and ways between nodes are those of the routes then") {
  const Scratch scratch;
  const std::string page = scratch.file("a.html");
  REQUIRE(cli_test::felixsim("report tests/vectors/recording/vxlan-two-nodes --out " + page).code ==
          0);
  const auto data = data_of(text_of(page));
  std::set<size_t> moments;
  for (const auto& trace : data["traces"]) {
    moments.insert(trace["moment"].get<size_t>());
    CHECK(trace["text"].get<size_t>() < data["trace_texts"].size());
  }
  CHECK(moments.size() > 1);
  std::set<std::string> ways;
  for (const auto& moment : data["moments"])
    if (!moment["links"].is_null())
      for (const auto& link : data["links"][moment["links"].get<size_t>()])
        ways.insert(link["way"].get<std::string>());
  CHECK(ways == std::set<std::string>{"none", "vxlan"});  // before and after the first route
}

TEST_CASE("in a report of manifests workloads stand for their pods, and what is unusable is told") {
  const Scratch scratch;
  std::ofstream(scratch.file("m.yaml")) << R"(apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: a, image: b}]}
---
apiVersion: example.com/v1
kind: FancyPolicy
metadata: {name: x}
)";
  const std::string page = scratch.file("a.html");
  REQUIRE(cli_test::felixsim("report " + scratch.file("m.yaml") + " --out " + page).code == 2);
  const auto data = data_of(text_of(page));
  REQUIRE_FALSE(data["pods"]["lines"].empty());
  const auto pod = nlohmann::json::parse(data["pods"]["lines"][0].get<std::string>());
  CHECK(pod["name"].get<std::string>().rfind("shop/web", 0) == 0);
  CHECK(data["notes"].dump().find("FancyPolicy") != std::string::npos);
}

TEST_CASE(
    "a report of manifests says no more than reach where an address decides that is not there") {
  const Scratch scratch;
  std::ofstream(scratch.file("m.yaml"))
      << R"({apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: shop, labels: {app: db}}, spec: {containers: []}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop}, spec: {containers: []}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]
)";
  const std::string page = scratch.file("a.html");
  REQUIRE(cli_test::felixsim("report " + scratch.file("m.yaml") + " --out " + page).code == 0);
  const auto reach = data_of(text_of(page))["reach"].back();
  CHECK(reach["families"][0]["connections"].dump().find("unknown") != std::string::npos);
}

TEST_CASE("an unknown input and an unwritable page are errors") {
  CHECK(cli_test::felixsim("report /nowhere.yaml --out /dev/null").code == 2);
  CHECK(cli_test::felixsim("report scenarios/01_one_pod.yaml --out /nowhere/x.html").code == 2);
}

TEST_CASE("the page passes its own test in a browser, hostile names and all") {
  if (!has_browser()) return;
  const Scratch scratch;
  const std::string page = scratch.file("a.html");
  const auto made = cli_test::felixsim(
      "report tests/vectors/recording/vxlan-two-nodes --title '</script><script>x()</script>' "
      "--out " +
      page);
  REQUIRE(made.code == 0);
  const std::string result = self_test(scratch, page);
  INFO(result);
  CHECK(result.rfind("self-test passed", 0) == 0);
  const std::string console = text_of(scratch.file("console"));
  INFO(console);
  CHECK(console.find("CONSOLE") == std::string::npos);
}
