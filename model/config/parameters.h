// SPDX-License-Identifier: Apache-2.0
// The table of all of Felix's parameters: one row gives name, kind, default and flags. Mirrors the
// tags of felix/config/config_params.go (Config) of v3.32.1, and marks what v3.28.5 has
// differently. Left out: parameters of Windows' and of external dataplane drivers have a row but no
// effect.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "felixsim/felix_version.h"
#include "felixsim/result.h"
#include "model/config/value.h"

namespace felixsim {

// One enumerator for each kind of felix/config/config_params.go ParamForField, by its name there.
enum class ParameterKind : uint8_t {
  authority,
  boolean,
  boolean_pointer,
  cidr_list,
  dscp,
  endpoint_list,
  file,
  host_address,
  hostname,
  iface_filter_slice,
  iface_list,
  iface_list_regexp,
  iface_param,
  integer,
  ipv4,
  ipv6,
  key_duration_list,
  key_value_list,
  log_rate,
  mark_bitmask,
  millis,
  oneof,
  port_list,
  portrange,
  portrange_list,
  regexp,
  region,
  route_table_range,
  route_table_ranges,
  seconds,
  string,
};

enum ParameterFlags : uint8_t {
  die_on_fail = 1,   // an invalid value stops Felix; otherwise the default replaces it
  non_zero = 2,      // "none" stops Felix; otherwise it means the zero value
  local_only = 4,    // ignored when it comes from the datastore
  default_as_is = 8  // the default is not checked as other values are
};

struct Parameter {
  std::string_view name;
  ParameterKind kind;
  std::string_view arguments;    // "A,B" of oneof, "0:65535" of int, "must-exist" of file
  std::string_view default_raw;  // empty: the zero value
  uint8_t flags;                 // ParameterFlags
  std::string_view help;         // one sentence

  bool has(ParameterFlags flag) const { return (flags & flag) != 0; }
};

// All parameters of one version, sorted by name.
const std::vector<Parameter>& parameters(FelixVersion version);

// Position in parameters(version), whatever the case of `name`; -1 when there is none.
int find_parameter(std::string_view name, FelixVersion version);

std::string_view kind_name(ParameterKind kind);  // "oneof", "*bool", "port-list", ...

// What Felix's parsers need to know of the machine. The model has no file system of its own.
struct ConfigHost {
  std::string hostname;            // the default of FelixHostname
  std::vector<std::string> files;  // paths for which "must-exist" holds
};

// Felix's Param.Parse: raw text (not "none") to a value. The error says what is wrong with it.
Result<ConfigValue> parse_parameter(const Parameter& parameter, std::string_view raw,
                                    const ConfigHost& host);

// What "none" means for this kind of parameter.
ConfigValue zero_value(ParameterKind kind);

}  // namespace felixsim
