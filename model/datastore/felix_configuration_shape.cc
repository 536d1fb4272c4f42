// SPDX-License-Identifier: Apache-2.0
// The shape of a FelixConfiguration, from the table of its fields.
#include <array>
#include <vector>

#include "model/datastore/felix_configuration.h"
#include "model/datastore/resource_shapes.h"

namespace felixsim {
namespace {

using enum JsonKind;
using enum Presence;

constexpr std::array proto_port_fields{
    JsonField{"protocol"},
    JsonField{"port", uint16, always},
    JsonField{"net"},
};

constexpr std::array health_timeout_fields{
    JsonField{"name", text, always},
    JsonField{"timeout", duration, always},
};

constexpr std::array conntrack_timeout_fields{
    JsonField{"creationGracePeriod", text, given}, JsonField{"tcpSynSent", text, given},
    JsonField{"tcpEstablished", text, given},      JsonField{"tcpFinsSeen", text, given},
    JsonField{"tcpResetSeen", text, given},        JsonField{"udpTimeout", text, given},
    JsonField{"genericTimeout", text, given},      JsonField{"icmpTimeout", text, given},
};

constexpr std::array table_range_fields{
    JsonField{"min", int64, always},
    JsonField{"max", int64, always},
};

JsonField felix_field(const ConfigField& field) {
  using Kind = ConfigField::Kind;
  switch (field.kind) {
    case Kind::text:
      return {field.json_name};
    case Kind::text_pointer:
      return {field.json_name, text, given};
    case Kind::boolean:
      return {field.json_name, flag, given};
    case Kind::integer:
      return {field.json_name, int64, given};
    case Kind::unsigned_integer:
      return {field.json_name, uint32, given};
    case Kind::duration:
    case Kind::milliseconds:
      return {field.json_name, duration, given};
    case Kind::list:
      return {field.json_name, text, given, true};
    case Kind::map:
      return {field.json_name, text_map, given};
    case Kind::port:
      return {field.json_name, port, given};
    case Kind::ports:
      return {field.json_name, port, given, true};
    case Kind::proto_ports:
      return {field.json_name, object, given, true, proto_port_fields};
    case Kind::health_timeouts:
      return {field.json_name, object, nonzero, true, health_timeout_fields};
    case Kind::conntrack_timeouts:
      return {field.json_name, object, given, false, conntrack_timeout_fields};
    case Kind::dscp:
      return {field.json_name, protocol, given};
    case Kind::table_range:
      return {field.json_name, object, given, false, table_range_fields};
    case Kind::table_ranges:
      return {field.json_name, object, given, true, table_range_fields};
  }
  return {field.json_name, anything, given};
}

std::vector<JsonField> felix_spec() {
  std::vector<JsonField> fields{{"nodeSelector"}};
  for (const ConfigField& field : felix_configuration_fields()) {
    fields.push_back(felix_field(field));
  }
  return fields;
}

}  // namespace

std::span<const JsonField> felix_configuration_shape() {
  static const std::vector<JsonField> spec = felix_spec();
  static const std::array shape{JsonField{"spec", object, always, false, spec}};
  return shape;
}

}  // namespace felixsim
