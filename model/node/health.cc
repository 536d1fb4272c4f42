// SPDX-License-Identifier: Apache-2.0
#include "model/node/health.h"

#include <fmt/format.h>

#include <array>

#include "felixsim/check.h"
#include "model/datastore/go_duration.h"

namespace felixsim {
namespace {

constexpr SimTime report_interval = 10 * second;
constexpr SimTime calc_graph_timeout = 30 * second;
constexpr std::string_view start_up_reporter = "FelixStartup";

using Row = std::array<std::string, 5>;

std::string timeout_text(const HealthReporter& reporter) {
  return (reporter.timeout == 0 ? "-" : go_duration_text(reporter.timeout)) +
         (reporter.overridden ? " (override)" : "");
}

Row row_of(const HealthReporter& reporter, SimTime at) {
  const bool late = reporter.timed_out(at);
  return {reporter.name, timeout_text(reporter), late ? "timed out" : "reporting live",
          late                 ? "timed out"
          : reporter.ready(at) ? "reporting ready"
                               : "reporting non-ready",
          ""};
}

}  // namespace

SimTime HealthReporter::late_for() const {
  return repeats && timeout > 0 && timeout < report_interval ? report_interval - timeout : 0;
}

SimTime HealthReporter::reported(SimTime at) const {
  const SimTime since = std::max<SimTime>(at - registered, 0);
  const SimTime in_turn =
      repeats ? registered + since / report_interval * report_interval : registered;
  return std::max(in_turn, std::min(spoke_up, at));
}

bool HealthReporter::timed_out(SimTime at) const {
  return timeout != 0 && at - reported(at) > timeout;
}

bool HealthReporter::ready(SimTime at) const {
  return ready_from && *ready_from <= at && !timed_out(at);
}

bool FelixHealth::answers(SimTime at) const { return served && (!exits || at < *exits); }

bool FelixHealth::live(SimTime at) const {
  return std::none_of(reporters.begin(), reporters.end(),
                      [at](const HealthReporter& part) { return part.timed_out(at); });
}

bool FelixHealth::ready(SimTime at) const {
  return std::all_of(reporters.begin(), reporters.end(),
                     [at](const HealthReporter& part) { return part.ready(at); });
}

FelixHealth waiting_health(bool served, SimTime started, std::optional<SimTime> ready_from) {
  HealthReporter start_up{std::string(start_up_reporter)};
  start_up.repeats = false;
  start_up.registered = started;
  start_up.spoke_up = started;
  start_up.ready_from = ready_from;
  return {served, {std::move(start_up)}};
}

FelixHealth running_health(const Config& config, SimTime started) {
  FelixHealth health = waiting_health(config.boolean("HealthEnabled"), started, started);
  HealthReporter calc{std::string(calc_graph_reporter)};
  HealthReporter dataplane{std::string(dataplane_reporter)};
  calc.registered = calc.spoke_up = dataplane.registered = dataplane.spoke_up = started;
  calc.ready_from = started;
  health.reporters.insert(health.reporters.begin(), std::move(calc));
  health.reporters.push_back(std::move(dataplane));
  set_timeouts(health, config);
  return health;
}

void set_timeouts(FelixHealth& health, const Config& config) {
  const SimTime watchdog = config.duration("DataplaneWatchdogTimeout").count;
  const auto& overrides = std::get<Nullable<std::map<std::string, Nanoseconds>>>(
      config.value("HealthTimeoutOverrides"));
  for (auto& part : health.reporters) {
    part.overridden = false;
    part.timeout = part.name == calc_graph_reporter  ? calc_graph_timeout
                   : part.name == dataplane_reporter ? std::max(watchdog, 2 * report_interval)
                                                     : 0;
    if (!overrides) continue;
    if (const auto found = overrides->find(part.name); found != overrides->end()) {
      part.timeout = found->second.count;
      part.overridden = true;
    }
  }
}

HealthReporter& reporter(FelixHealth& health, std::string_view name) {
  const auto found = std::find_if(health.reporters.begin(), health.reporters.end(),
                                  [name](const HealthReporter& part) { return part.name == name; });
  FELIXSIM_CHECK(found != health.reporters.end());
  return *found;
}

// As github.com/olekukonko/tablewriter draws it: heads in the middle, cells to the left.
std::string health_table(const FelixHealth& health, SimTime at) {
  const Row head{"COMPONENT", "TIMEOUT", "LIVENESS", "READINESS", "DETAIL"};
  std::vector<Row> rows;
  for (const auto& part : health.reporters) rows.push_back(row_of(part, at));
  std::string rule = "+", heads = "|";
  std::array<size_t, head.size()> widths{};
  for (size_t i = 0; i < head.size(); ++i) {
    widths[i] = head[i].size();
    for (const auto& row : rows) widths[i] = std::max(widths[i], row[i].size());
    rule += std::string(widths[i] + 2, '-') + "+";
    const size_t blanks = widths[i] - head[i].size();
    heads += fmt::format(" {}{}{} |", std::string(blanks / 2, ' '), head[i],
                         std::string(blanks - blanks / 2, ' '));
  }
  std::string out = fmt::format("{}\n{}\n{}\n", rule, heads, rule);
  for (const auto& row : rows) {
    for (size_t i = 0; i < head.size(); ++i) out += fmt::format("| {:<{}} ", row[i], widths[i]);
    out += "|\n";
  }
  return out + rule;
}

}  // namespace felixsim
