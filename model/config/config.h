// SPDX-License-Identifier: Apache-2.0
// One Felix's configuration: raw values by source, merged by priority, parsed. Mirrors
// felix/config/config_params.go (Config, UpdateFrom, resolve) of v3.32.1.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "felixsim/messages.h"
#include "felixsim/resource.h"
#include "felixsim/result.h"
#include "model/config/parameters.h"
#include "model/config/value.h"

namespace felixsim {

// Where a value comes from, lowest priority first; the numbers are those of msg::ConfigUpdate.
enum class ConfigSource : uint8_t {
  built_in = 0,
  datastore_global = 1,
  datastore_selector = 2,
  datastore_host = 3,
  file = 4,
  environment = 5,
  internal_override = 6,
};
inline constexpr int config_source_count = 7;

std::string_view source_name(ConfigSource source);  // Felix's words: "environment variable", ...

// Where a parameter's value comes from, and what it hides.
struct ConfigExplanation {
  std::string name;
  ConfigSource source = ConfigSource::built_in;
  std::string raw;      // as given; the default's text for built_in
  std::string problem;  // why `raw` was not usable and the default stands in; empty if it was
  std::vector<std::pair<ConfigSource, std::string>> overridden;  // highest priority first
};

class Config {
 public:
  explicit Config(FelixVersion version = FelixVersion::v3_32, ConfigHost host = {});

  // Replaces all values of one source. Empty values are ignored. Returns the names of the
  // parameters whose parsed value changed, sorted. An error is one of which Felix dies (an invalid
  // value of a die-on-fail parameter, "none" for a non-zero one, whatever its priority); the
  // configuration is then left as it was.
  Result<std::vector<std::string>> set_source(ConfigSource source, const StringMap& raw);

  // All sources at once, as the dataplane does with the calc graph's message.
  Result<std::vector<std::string>> apply(const msg::ConfigUpdate& update);

  // Adds one value of highest priority (Felix's OverrideParam).
  Result<std::vector<std::string>> override_parameter(const std::string& name,
                                                      const std::string& value);

  // Felix's cross-field checks (Validate): missing etcd address, half-given Typha TLS.
  Status validate() const;

  // Parsed values. The name must be that of a parameter of this version, in its canonical case, and
  // of that type; anything else is a bug of the caller.
  bool boolean(std::string_view name) const;
  std::optional<bool> optional_boolean(std::string_view name) const;
  int64_t integer(std::string_view name) const;
  uint32_t mask(std::string_view name) const;
  Nanoseconds duration(std::string_view name) const;
  const std::string& text(std::string_view name) const;  // oneof, file, string, interface, ...
  const std::optional<Ip>& address(std::string_view name) const;
  const std::optional<Regexp>& regexp(std::string_view name) const;
  const std::vector<Regexp>& regexps(std::string_view name) const;
  const std::vector<std::string>& strings(std::string_view name) const;  // empty for none
  const std::vector<ProtoPort>& ports(std::string_view name) const;
  const std::vector<Port>& port_ranges(std::string_view name) const;
  const ConfigValue& value(std::string_view name) const;

  // False for parameters that this version does not have (v3.28 lacks NFTablesMode, ...).
  bool knows(std::string_view name) const;

  // Merged raw values that won: canonical names for known parameters, names as given for others.
  const StringMap& raw_values() const { return raw_values_; }
  const StringMap& raw_values(ConfigSource source) const;
  msg::ConfigUpdate config_update() const;

  ConfigExplanation explain(std::string_view name) const;
  // What Felix would have warned of: unknown, invalid and ignored values, in order of source, name.
  const std::vector<std::string>& warnings() const { return warnings_; }

  FelixVersion version() const { return version_; }

 private:
  Result<std::vector<std::string>> resolve();

  FelixVersion version_;
  ConfigHost host_;
  std::array<std::optional<StringMap>, config_source_count> sources_;
  std::vector<ConfigValue> values_;  // by position in parameters(version_)
  StringMap raw_values_;
  std::vector<std::string> warnings_;
};

// Whether Felix restarts when this parameter's value changes while it runs (felix/daemon/daemon.go
// handledConfigChanges).
bool change_needs_restart(std::string_view name);

// felix.cfg: every section's keys together, later ones win (LoadConfigFileData).
Result<StringMap> load_config_file(std::string_view text);

// FELIX_NAME=value, in any case, gives name (lower case) = value; others are ignored.
StringMap config_from_environment(
    const std::vector<std::pair<std::string, std::string>>& environment);
// The same from "NAME=value" entries; malformed ones are ignored.
StringMap config_from_environment(const std::vector<std::string>& entries);

}  // namespace felixsim
