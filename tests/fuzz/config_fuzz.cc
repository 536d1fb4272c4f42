// SPDX-License-Identifier: Apache-2.0
// felix.cfg of any kind: an error or raw values, and a configuration of what loads. Its lines are
// also taken as an environment.
#include <cstdint>
#include <string_view>

#include "model/config/config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> entries;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    entries.push_back("FELIX_" + std::string(text.substr(at, end - at)));
    at = end + 1;
  }
  felixsim::Config of_environment(felixsim::FelixVersion::v3_28);
  if (of_environment.set_source(felixsim::ConfigSource::environment,
                                felixsim::config_from_environment(entries)))
    for (const auto& [name, value] : of_environment.raw_values())
      if (of_environment.knows(name)) (void)of_environment.explain(name);
  const auto raw = felixsim::load_config_file(text);
  if (!raw) return 0;
  felixsim::Config config;
  if (config.set_source(felixsim::ConfigSource::file, *raw))
    for (const auto& parameter : felixsim::parameters(config.version()))
      (void)felixsim::value_text(config.value(parameter.name));
  return 0;
}
