// SPDX-License-Identifier: Apache-2.0
// Scenario text of any kind: an error or a scenario, and events of what loads.
#include <cstdint>
#include <string_view>

#include "replay/scenario/scenario.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto scenario = felixsim::load_scenario(text, "fuzz.yaml");
  if (!scenario) return 0;
  for (const auto version : {felixsim::FelixVersion::v3_28, felixsim::FelixVersion::v3_32})
    (void)felixsim::to_events(*scenario, version);
  (void)felixsim::pods_after(*scenario, scenario->steps.size());
  return 0;
}
