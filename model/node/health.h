// SPDX-License-Identifier: Apache-2.0
// Who inside Felix reports health, and how long each report counts. Mirrors
// libcalico-go/lib/health/health.go, and where felix/daemon/daemon.go,
// felix/calc/async_calc_graph.go and felix/dataplane/linux/int_dataplane.go register themselves.
// Left out: the reporters of flow logs, AWS and BPF.
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
  // A part that works reports every ten seconds, and whenever it does something. With a shorter
  // timeout it is late in between: neither live nor ready for so long of every ten seconds.
  SimTime late_for() const;
};

// By name, as Felix's answer to a probe lists them.
std::vector<HealthReporter> health_reporters(const Config& config);

}  // namespace felixsim
