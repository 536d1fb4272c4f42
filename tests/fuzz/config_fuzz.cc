// SPDX-License-Identifier: Apache-2.0
// felix.cfg of any kind: an error or raw values, and a configuration of what loads.
#include <cstdint>
#include <string_view>

#include "model/config/config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto raw = felixsim::load_config_file(text);
  if (!raw) return 0;
  felixsim::Config config;
  if (config.set_source(felixsim::ConfigSource::file, *raw))
    for (const auto& parameter : felixsim::parameters(config.version()))
      (void)felixsim::value_text(config.value(parameter.name));
  return 0;
}
