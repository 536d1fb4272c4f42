// SPDX-License-Identifier: Apache-2.0
// Scenario text of any kind: an error or a scenario; of what loads, events, and its
// expectations against some texts.
#include <cstdint>
#include <string_view>

#include "replay/scenario/expectation.h"
#include "replay/scenario/scenario.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto scenario = felixsim::load_scenario(text, "fuzz.yaml");
  if (!scenario) return 0;
  for (const auto version : {felixsim::FelixVersion::v3_28, felixsim::FelixVersion::v3_32})
    (void)felixsim::to_events(*scenario, version);
  const std::map<std::string, std::string> texts{
      {"iptables", "*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m comment --comment \"x\nCOMMIT\n"},
      {"ipsets", "create s hash:net\nadd s 10.0.0.0/8\n"},
      {"nft", "table ip calico {\n\tchain c {\n\t\tcounter drop\n\t}\n"},
      {"messages", "{\"a\":[[1]]}\n"}};
  for (const auto& step : scenario->steps)
    (void)felixsim::check_expectations(step.expect, "node-a", texts);
  (void)felixsim::pods_after(*scenario, scenario->steps.size());
  return 0;
}
