// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/scenario_run.h"

#include <span>

#include "replay/scenario/expectation.h"
#include "replay/scenario/scenario.h"
#include "sim/analysis/packet_world.h"
#include "sim/analysis/probe.h"
#include "sim/cli/file.h"
#include "sim/cli/origins.h"
#include "sim/engine/cluster.h"
#include "sim/report/message_lines.h"
#include "sim/report/node_texts.h"
#include "sim/report/trace_text.h"

namespace felixsim::cli {
namespace {

std::string error_text(const Error& error) {
  return error.help.empty() ? error.message : error.message + "\n  help: " + error.help;
}

ProbeRequest request_of(const Probe& probe) {
  return {probe.from, probe.to, probe.protocol, probe.port, probe.v6};
}

bool is_expected(const Probe& probe, walk::Verdict verdict) {
  switch (*probe.expected) {
    case ProbeResult::allowed:
      return verdict == walk::Verdict::allowed;
    case ProbeResult::blocked:
      return verdict == walk::Verdict::blocked ||
             (probe.any_denial && verdict == walk::Verdict::refused);
    case ProbeResult::refused:
      return verdict == walk::Verdict::refused;
  }
  return false;
}

// "NetworkPolicy default/web" is also "default/web".
bool is_named(const std::string& name, const std::string& by) {
  const size_t blank = name.find(' ');
  return by == name || (blank != std::string::npos && by == name.substr(blank + 1));
}

// What a probe must have been decided by: of a denial the last decision, else any of them. The end
// of a tier is the doing of the policies that apply in it.
bool decided_by(const ProbeAnswer& answer, const std::string& by) {
  const auto named = [&](const Decision& decision) {
    return is_named(decision.name, by) || by == decision.kind ||
           (decision.kind == "profile" && by == "profile " + decision.name) ||
           (decision.kind == "end of tier" && by == "tier " + decision.name) ||
           std::any_of(decision.policies.begin(), decision.policies.end(),
                       [&](const std::string& policy) { return is_named(policy, by); });
  };
  const auto& all = answer.decisions;
  if (answer.trace.verdict != walk::Verdict::allowed) return !all.empty() && named(all.back());
  return std::any_of(all.begin(), all.end(), named);
}

// Packets that are expected to pass or not; a failure shows the way that the packet went.
void check_probes(const std::string& file, const Step& step, const Cluster& cluster,
                  std::span<const Event> origins, std::vector<std::string>& failures) {
  const bool any = std::any_of(step.probes.begin(), step.probes.end(),
                               [](const Probe& probe) { return probe.expected.has_value(); });
  if (!any) return;
  const auto world = packet_world(cluster);
  for (const auto& probe : step.probes) {
    if (!probe.expected) continue;
    const auto request = request_of(probe);
    auto answer = run_probe(world, cluster, request, !probe.by.empty());
    if (answer && is_expected(probe, answer->trace.verdict) &&
        (probe.by.empty() || decided_by(*answer, probe.by)))
      continue;
    if (!answer) {
      failures.push_back(
          fmt::format("{}: {}", yaml::at(file, probe.place), error_text(answer.error())));
      continue;
    }
    answer = run_probe(world, cluster, request, true);
    add_origins_from(origins, answer->decisions);
    constexpr std::string_view words[] = {"allowed", "blocked", "refused"};
    failures.push_back(fmt::format(
        "{}: {}: expected {}{}, is {}\n{}", yaml::at(file, probe.place), probe_text(request),
        probe.any_denial ? "denied" : words[static_cast<size_t>(*probe.expected)],
        probe.by.empty() ? "" : " by " + probe.by, verdict_word(answer->trace.verdict),
        trace_text(request, *answer, TraceDetail::rules)));
  }
}

std::vector<std::string> check_step(const std::string& file, const Step& step,
                                    const Cluster& cluster, std::span<const Event> origins) {
  std::vector<std::string> failures;
  for (const auto& [name, node] : cluster.nodes()) {
    std::vector<Expectation> expectations;
    for (const auto& expectation : step.expect)
      if (expectation.node == name) expectations.push_back(expectation);
    if (expectations.empty()) continue;
    auto texts = node_texts(*node);
    texts["reports"] = node_text(*node, "reports");
    texts["messages"] = message_lines(node->messages);
    for (const auto& failure : check_expectations(expectations, name, texts))
      failures.push_back(fmt::format("{}: {}{}{}", yaml::at(file, failure.place), failure.message,
                                     failure.detail.empty() ? "" : "\n", failure.detail));
  }
  check_probes(file, step, cluster, origins, failures);
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
    const auto before =
        std::span<const Event>(*events).first(static_cast<size_t>(&event - events->data()));
    const auto& described = scenario.steps.at(static_cast<size_t>(step->number));
    suite.cases.push_back({step->name, check_step(scenario.file, described, cluster, before)});
  }
  return {};
}

}  // namespace

TestSuite run_scenario(const std::string& path, FelixVersion version) {
  TestSuite suite{path, {}, {}};
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
  if (auto flown = fly(*scenario, version, suite); !flown) suite.error = error_text(flown.error());
  return suite;
}

}  // namespace felixsim::cli
