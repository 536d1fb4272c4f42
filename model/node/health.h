// SPDX-License-Identifier: Apache-2.0
// What Felix answers at any moment to those who ask its health port: who inside it reports health,
// when each did so last, and for how long that counts. Mirrors libcalico-go/lib/health/health.go,
// and what felix/daemon/daemon.go, felix/calc/async_calc_graph.go and
// felix/dataplane/linux/int_dataplane.go report. Left out: the reporters of flow logs, AWS and BPF,
// and parts that are late because they are busy.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "felixsim/time.h"
#include "model/config/config.h"

namespace felixsim {

struct HealthReporter {
  std::string name;
  SimTime timeout = 0;      // 0: a report counts for ever
  bool overridden = false;  // by HealthTimeoutOverrides
  bool repeats = true;      // every ten seconds; otherwise it reports once
  SimTime registered = 0;   // its first report
  SimTime spoke_up = 0;     // its last report out of turn: it did something
  std::optional<SimTime> ready_from = std::nullopt;  // unset: it is not ready

  // Says it anew every ten seconds, and whenever it does something. With a timeout shorter than
  // that it is late in between: neither live nor ready for so long of every ten seconds.
  SimTime late_for() const;
  SimTime reported(SimTime at) const;  // its last report before `at`
  bool timed_out(SimTime at) const;
  bool ready(SimTime at) const;
};

struct FelixHealth {
  bool served = false;                          // HealthEnabled
  std::vector<HealthReporter> reporters;        // by name, as the answer to a probe lists them
  std::optional<SimTime> exits = std::nullopt;  // served until then

  bool answers(SimTime at) const;  // somebody listens on the port
  bool live(SimTime at) const;
  bool ready(SimTime at) const;
};

// While a Felix waits in its start-up loop. Over a datastore that is not ready it says after a
// second that it is ready, so as not to hold up what would make it so (daemon.go Run).
FelixHealth waiting_health(bool served, SimTime started, std::optional<SimTime> ready_from);

// Of a Felix that started its parts at `started`; ready_from of the dataplane is unset.
FelixHealth running_health(const Config& config, SimTime started);

// Timeouts as the configuration has them now: HealthTimeoutOverrides count without a restart.
void set_timeouts(FelixHealth& health, const Config& config);

// The part with this name, which must be there.
HealthReporter& reporter(FelixHealth& health, std::string_view name);
inline constexpr std::string_view calc_graph_reporter = "CalculationGraph";
inline constexpr std::string_view dataplane_reporter = "InternalDataplaneMainLoop";

// The body of the answer, byte for byte: a table of who reports what.
std::string health_table(const FelixHealth& health, SimTime at);

}  // namespace felixsim
