// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/canonical_json.h"

#include <algorithm>
#include <array>

#include "model/datastore/felix_configuration.h"
#include "model/datastore/go_duration.h"
#include "model/datastore/v1_fields.h"
#include "model/datastore/v3_json.h"
#include "model/datastore/v3_values.h"

namespace felixsim {
namespace {

using Names = std::initializer_list<std::string_view>;

bool is_one_of(std::string_view name, Names names) {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view known) { return FieldName(name).is(known); });
}

// Maps from text to text, where names are the user's.
bool is_text_map(std::string_view name) {
  return is_one_of(
      name, {"labels", "annotations", "labelsToApply", "matchLabels", "selector", "bpfLogFilters"});
}

bool is_duration(std::string_view name) {
  if (is_one_of(name, {"timeout", "nodeMeshMaxRestartTime", "maxRestartTime"})) return true;
  for (const ConfigField& field : felix_configuration_fields()) {
    const bool duration =
        field.kind == ConfigField::Kind::duration || field.kind == ConfigField::Kind::milliseconds;
    if (duration && FieldName(name).is(field.json_name)) return true;
  }
  return false;
}

// Left out by Go's "omitempty".
bool is_omitted(std::string_view name, JsonView value) {
  if (value.boolean() == false) {
    return is_one_of(name, {"natOutgoing", "disabled", "disableBGPExport", "doNotTrack", "preDNAT",
                            "applyOnForward", "publishNotReadyAddresses", "keepOriginalNextHop"});
  }
  return value.integer() == 0 && is_one_of(name, {"blockSize", "nodePort", "listenPort"});
}

bool write_port_text(JsonWriter& out, JsonView value) {
  const auto text = value.text();
  const auto port = text ? parse_port(*text) : std::nullopt;
  if (port) write_port(out, *port);
  return port.has_value();
}

// Texts that Go prints in another spelling; false for everything else.
bool write_respelled(JsonWriter& out, std::string_view name, JsonView value) {
  const auto text = value.text();
  if (!text) return false;
  if (is_one_of(name, {"protocol", "notProtocol", "dscp"})) {
    write_protocol(out, parse_protocol(*text));
    return true;
  }
  if (is_one_of(name, {"natPortRange", "bpfPSNATPorts"})) return write_port_text(out, value);
  if (is_one_of(name, {"asNumber"})) {
    const auto number = parse_as_number(*text);
    if (number) out.natural(*number);
    return number.has_value();
  }
  const auto duration = is_duration(name) ? parse_go_duration(*text) : std::nullopt;
  if (duration) out.text(go_duration_text(*duration));
  return duration.has_value();
}

void write_ports(JsonWriter& out, JsonView ports) {
  out.list([&] {
    ports.for_each_element([&](JsonView port) {
      if (!write_port_text(out, port)) write_canonical(out, port);
      return true;
    });
  });
}

void write_member(JsonWriter& out, std::string_view name, JsonView value) {
  if (is_omitted(name, value)) return;
  out.name(name);
  if (is_text_map(name)) {
    copy_json(out, value);
  } else if (is_one_of(name, {"ports", "notPorts"}) && value.type() == JsonView::Type::list) {
    write_ports(out, value);
  } else if (!write_respelled(out, name, value)) {
    write_canonical(out, value);
  }
}

}  // namespace

void write_canonical_members(JsonWriter& out, JsonView object) {
  object.for_each_member([&](std::string_view name, JsonView value) {
    write_member(out, name, value);
    return true;
  });
}

void write_canonical(JsonWriter& out, JsonView value) {
  if (value.type() == JsonView::Type::object) {
    out.object([&] { write_canonical_members(out, value); });
  } else if (value.type() == JsonView::Type::list) {
    out.list([&] {
      value.for_each_element([&](JsonView element) {
        write_canonical(out, element);
        return true;
      });
    });
  } else {
    copy_json(out, value);
  }
}

}  // namespace felixsim
