// SPDX-License-Identifier: Apache-2.0
// Health over time. The tables were printed by libcalico-go/lib/health of v3.32.1.
#include "model/node/health.h"

using namespace felixsim;

namespace {

Config config_of(const StringMap& environment) {
  Config config(FelixVersion::v3_32, ConfigHost{"node-a", {}});
  REQUIRE(config.set_source(ConfigSource::environment, environment));
  return config;
}

FelixHealth programmed(const Config& config, SimTime at) {
  FelixHealth health = running_health(config, at);
  reporter(health, dataplane_reporter).ready_from = at;
  return health;
}

}  // namespace

TEST_CASE("the body of a probe's answer is Felix's table") {
  FelixHealth waiting = waiting_health(true, 0, second);
  CHECK(health_table(waiting, 0) ==
        "+--------------+---------+----------------+---------------------+--------+\n"
        "|  COMPONENT   | TIMEOUT |    LIVENESS    |      READINESS      | DETAIL |\n"
        "+--------------+---------+----------------+---------------------+--------+\n"
        "| FelixStartup | -       | reporting live | reporting non-ready |        |\n"
        "+--------------+---------+----------------+---------------------+--------+");
  CHECK(health_table(waiting, second).find("| reporting ready |") != std::string::npos);
  const Config config =
      config_of({{"HealthTimeoutOverrides",
                  "CalculationGraph=10ms,InternalDataplaneMainLoop=90m,FelixStartup=0s"}});
  CHECK(health_table(running_health(config, 0), 20'000'000) ==
        "+---------------------------+--------------------+----------------+---------------------+-"
        "-------+\n"
        "|         COMPONENT         |      TIMEOUT       |    LIVENESS    |      READINESS      | "
        "DETAIL |\n"
        "+---------------------------+--------------------+----------------+---------------------+-"
        "-------+\n"
        "| CalculationGraph          | 10ms (override)    | timed out      | timed out           | "
        "       |\n"
        "| FelixStartup              | - (override)       | reporting live | reporting ready     | "
        "       |\n"
        "| InternalDataplaneMainLoop | 1h30m0s (override) | reporting live | reporting non-ready | "
        "       |\n"
        "+---------------------------+--------------------+----------------+---------------------+-"
        "-------+");
}

TEST_CASE("a report counts until its timeout, and comes again every ten seconds") {
  struct Case {
    std::string name, overrides;
    SimTime at;
    bool live;
  };
  const std::string short_dataplane = "InternalDataplaneMainLoop=4s";
  for (const auto& c : {
           Case{"as built, at any time", "", 3605, true},
           Case{"at the timeout itself", short_dataplane, 4, true},
           Case{"after it", short_dataplane, 5, false},
           Case{"with the next report", short_dataplane, 10, true},
           Case{"late again", short_dataplane, 3607, false},
           Case{"what reports once is late for ever", "FelixStartup=15s", 3600, false},
           Case{"an override of a part that is not there", "Other=1s", 5, true},
       })
    DYNAMIC_SECTION(c.name) {
      const FelixHealth health =
          programmed(config_of({{"HealthTimeoutOverrides", c.overrides}}), 0);
      CHECK(health.live(c.at * second) == c.live);
      CHECK(health.ready(c.at * second) == c.live);
    }
}

TEST_CASE("a part that does something reports out of turn") {
  FelixHealth health =
      programmed(config_of({{"HealthTimeoutOverrides", "InternalDataplaneMainLoop=4s"}}), 0);
  reporter(health, dataplane_reporter).spoke_up = 3 * second;
  CHECK(health.live(7 * second));
  CHECK(!health.live(8 * second));
}

TEST_CASE("a watchdog shorter than two reports is two reports long") {
  const auto timeout = [](const std::string& watchdog) {
    FelixHealth health = running_health(config_of({{"DataplaneWatchdogTimeout", watchdog}}), 0);
    return reporter(health, dataplane_reporter).timeout;
  };
  CHECK(timeout("5") == 20 * second);
  CHECK(timeout("120") == 120 * second);
}
