// SPDX-License-Identifier: Apache-2.0
#include "model/node/health.h"

namespace felixsim {
namespace {

constexpr SimTime report_interval = 10 * second;
constexpr SimTime calc_graph_timeout = 30 * second;

}  // namespace

SimTime HealthReporter::late_for() const {
  return timeout > 0 && timeout < report_interval ? report_interval - timeout : 0;
}

std::vector<HealthReporter> health_reporters(const Config& config) {
  const SimTime watchdog = config.duration("DataplaneWatchdogTimeout").count;
  std::vector<HealthReporter> reporters{
      {"CalculationGraph", calc_graph_timeout, false},
      {"FelixStartup", 0, false},
      {"InternalDataplaneMainLoop", std::max(watchdog, 2 * report_interval), false}};
  const auto& overrides = std::get<Nullable<std::map<std::string, Nanoseconds>>>(
      config.value("HealthTimeoutOverrides"));
  if (!overrides) return reporters;
  for (auto& reporter : reporters)
    if (const auto found = overrides->find(reporter.name); found != overrides->end()) {
      reporter.timeout = found->second.count;
      reporter.overridden = true;
    }
  return reporters;
}

}  // namespace felixsim
