// SPDX-License-Identifier: Apache-2.0
// FelixConfiguration and ClusterInformation taken apart into configuration parameters. Mirrors
// libcalico-go/lib/backend/syncersv1/updateprocessors/configurationprocessor.go and
// felixconfigprocessor.go. Where Go iterates a map (bpfLogFilters), names are sorted here.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/datastore/json_reader.h"

namespace felixsim {

struct ConfigField {
  enum class Kind : uint8_t {
    text,          // empty is unset
    text_pointer,  // empty is a value
    boolean,
    integer,
    unsigned_integer,
    duration,      // printed in seconds
    milliseconds,  // a duration, printed in milliseconds
    list,
    map,
    port,
    ports,
    proto_ports,
    health_timeouts,
    conntrack_timeouts,
    dscp,
    table_range,
    table_ranges,
  };
  std::string_view json_name, parameter;
  Kind kind;
};

// In the order of the Go struct.
std::span<const ConfigField> felix_configuration_fields();

// Values that are set, by JSON name of the field.
using ConfigValues = std::map<std::string_view, std::string>;

// Reads the spec of a FelixConfiguration: what is set, printed as a raw parameter.
void read_configuration(JsonReader& in, JsonView spec, std::span<const ConfigField> fields,
                        ConfigValues& out);

// With what words Felix ends when it takes a FelixConfiguration's spec apart; empty if it does not.
std::string configuration_panic(JsonView spec);

// Parameters given by annotations: "config.projectcalico.org/Name".
StringMap configuration_annotations(const StringMap& annotations);

}  // namespace felixsim
