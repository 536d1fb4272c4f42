// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/scenario_run.h"

#include "replay/scenario/expectation.h"
#include "replay/scenario/scenario.h"
#include "sim/cli/file.h"
#include "sim/engine/cluster.h"
#include "sim/report/message_lines.h"
#include "sim/report/node_texts.h"

namespace felixsim::cli {
namespace {

std::string error_text(const Error& error) {
  return error.help.empty() ? error.message : error.message + "\n  help: " + error.help;
}

std::vector<std::string> check_step(const std::string& file, const Step& step,
                                    const Cluster& cluster) {
  std::vector<std::string> failures;
  for (const auto& [name, node] : cluster.nodes()) {
    std::vector<Expectation> expectations;
    for (const auto& expectation : step.expect)
      if (expectation.node == name) expectations.push_back(expectation);
    if (expectations.empty()) continue;
    auto texts = node_texts(*node);
    texts["messages"] = message_lines(node->messages);
    for (const auto& failure : check_expectations(expectations, name, texts))
      failures.push_back(fmt::format("{}: {}{}{}", yaml::at(file, failure.place), failure.message,
                                     failure.detail.empty() ? "" : "\n", failure.detail));
  }
  return failures;
}

Status fly(const Scenario& scenario, FelixVersion version, TestSuite& suite) {
  auto events = to_events(scenario, version);
  if (!events) return forward(events);
  ClusterOptions options;
  options.version = version;
  options.keep_messages = true;
  Cluster cluster(options);
  for (const auto& event : *events) {
    if (auto applied = cluster.apply(event); !applied) return applied;
    const auto* step = std::get_if<StepEvent>(&event.body);
    if (!step) continue;
    cluster.settle();
    const auto& described = scenario.steps.at(static_cast<size_t>(step->number));
    suite.cases.push_back({step->name, check_step(scenario.file, described, cluster)});
  }
  return {};
}

}  // namespace

TestSuite run_scenario(const std::string& path, FelixVersion version) {
  TestSuite suite{path, {}, {}, 0};
  const auto text = read_file(path);
  if (!text) {
    suite.error = error_text(text.error());
    return suite;
  }
  const auto scenario = load_scenario(*text, path);
  if (!scenario) {
    suite.error = error_text(scenario.error());
    return suite;
  }
  for (const auto& step : scenario->steps)
    for (const auto& probe : step.probes) suite.unchecked += probe.expected.has_value();
  if (auto flown = fly(*scenario, version, suite); !flown) suite.error = error_text(flown.error());
  return suite;
}

}  // namespace felixsim::cli
