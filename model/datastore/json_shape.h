// SPDX-License-Identifier: Apache-2.0
// The shape that Go's types give to JSON: which members there are, of what type, and which of them
// are printed when they are zero. JSON read into such a type and printed again is in one spelling:
// unknown members are gone, names are in their proper case, durations, times, ports, protocols and
// AS numbers in one form.
#pragma once

#include <span>
#include <string_view>

#include "model/datastore/json_reader.h"
#include "model/datastore/json_writer.h"

namespace felixsim {

enum class JsonKind : uint8_t {
  text,
  flag,
  int64,
  int32,
  uint32,
  uint16,
  uint8,
  real,
  time,         // metav1.Time
  duration,     // metav1.Duration
  port,         // numorstring.Port
  protocol,     // numorstring.Protocol and DSCP: a byte or text
  as_number,    // numorstring.ASNumber
  int_or_text,  // intstr.IntOrString
  text_map,
  object,
  anything,  // printed as it is
};

enum class Presence : uint8_t {
  nonzero,  // left out if zero ("omitempty" of a value)
  given,    // left out if absent or null ("omitempty" of a pointer)
  always,
};

struct JsonField {
  std::string_view name;
  JsonKind kind = JsonKind::text;
  Presence presence = Presence::nonzero;
  bool is_list = false;
  std::span<const JsonField> members = {};  // of an object
};

// Writes the members of `object`, without braces, in the order of `fields`. What is of the wrong
// type fails `in`. O(members × fields).
void write_shaped_members(JsonReader& in, JsonWriter& out, JsonView object,
                          std::span<const JsonField> fields);

}  // namespace felixsim
