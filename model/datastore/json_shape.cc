// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/json_shape.h"

#include <fmt/format.h>

#include "model/datastore/go_duration.h"
#include "model/datastore/go_time.h"
#include "model/datastore/v1_fields.h"
#include "model/datastore/v3_json.h"
#include "model/datastore/v3_values.h"

namespace felixsim {
namespace {

using MaybeView = std::optional<JsonView>;  // nothing: the member is absent or null

template <class T>
T read(JsonReader& in, const MaybeView& view) {
  T value{};
  if (view) in.read(*view, value);
  return value;
}

template <class T>
bool write_integer(JsonReader& in, JsonWriter& out, const MaybeView& view, bool even_zero) {
  const T value = read<T>(in, view);
  if (value == 0 && !even_zero) return false;
  out.integer(static_cast<int64_t>(value));
  return true;
}

bool write_text(JsonWriter& out, std::string_view text, bool even_empty) {
  if (text.empty() && !even_empty) return false;
  out.text(text);
  return true;
}

bool write_flag(JsonReader& in, JsonWriter& out, const MaybeView& view, bool even_zero) {
  const bool value = read<bool>(in, view);
  if (value || even_zero) out.boolean(value);
  return value || even_zero;
}

bool write_real(JsonReader& in, JsonWriter& out, const MaybeView& view, bool even_zero) {
  const double value = read<double>(in, view);
  if (value == 0 && !even_zero) return false;
  out.real(value);
  return true;
}

bool write_time(JsonReader& in, JsonWriter& out, const MaybeView& view, bool even_zero) {
  if (!view) {
    if (even_zero) out.null();
    return even_zero;
  }
  const auto text = read<std::string>(in, view);
  const auto time = rfc3339_utc(text);
  if (in.ok() && !time) in.fail(fmt::format("'{}' is no time", text));
  return write_text(out, time.value_or(""), true);
}

bool write_duration(JsonReader& in, JsonWriter& out, const MaybeView& view, bool even_zero) {
  int64_t duration = 0;
  if (view) {
    const auto text = read<std::string>(in, view);
    const auto parsed = parse_go_duration(text);
    if (in.ok() && !parsed) in.fail(fmt::format("'{}' is no duration", text));
    duration = parsed.value_or(0);
  }
  return (duration != 0 || even_zero) && write_text(out, go_duration_text(duration), true);
}

bool write_as_number(JsonReader& in, JsonWriter& out, const MaybeView& view, bool even_zero) {
  std::optional<std::string> text;
  if (view) read_as_number(in, *view, text);
  const uint32_t number = parse_as_number(text.value_or("0")).value_or(0);
  if (number == 0 && !even_zero) return false;
  out.natural(number);
  return true;
}

bool write_int_or_text(JsonReader& in, JsonWriter& out, const MaybeView& view) {
  if (view && view->text()) return write_text(out, *view->text(), true);
  return write_integer<int32_t>(in, out, view, true);
}

bool write_port_value(JsonReader& in, JsonWriter& out, const MaybeView& view) {
  Port port;
  if (view) read_port(in, *view, port);
  write_port(out, port);
  return true;
}

bool write_protocol_value(JsonReader& in, JsonWriter& out, const MaybeView& view) {
  Protocol protocol;
  if (view) read_protocol(in, *view, protocol);
  write_protocol(out, protocol);
  return true;
}

bool write_text_map(JsonReader& in, JsonWriter& out, const MaybeView& view, bool even_empty) {
  const auto map = read<StringMap>(in, view);
  if (map.empty() && !even_empty) return false;
  out.object([&] {
    for (const auto& [name, text] : map) out.member(name, text);
  });
  return true;
}

void write_object(JsonReader& in, JsonWriter& out, const MaybeView& view,
                  std::span<const JsonField> fields);

// One value; false if nothing was written, since it is zero and zero is left out.
bool write_value(JsonReader& in, JsonWriter& out, const MaybeView& view, const JsonField& field,
                 bool even_zero) {
  switch (field.kind) {
    case JsonKind::text:
      return write_text(out, read<std::string>(in, view), even_zero);
    case JsonKind::flag:
      return write_flag(in, out, view, even_zero);
    case JsonKind::int64:
      return write_integer<int64_t>(in, out, view, even_zero);
    case JsonKind::int32:
      return write_integer<int32_t>(in, out, view, even_zero);
    case JsonKind::uint32:
      return write_integer<uint32_t>(in, out, view, even_zero);
    case JsonKind::uint16:
      return write_integer<uint16_t>(in, out, view, even_zero);
    case JsonKind::uint8:
      return write_integer<uint8_t>(in, out, view, even_zero);
    case JsonKind::real:
      return write_real(in, out, view, even_zero);
    case JsonKind::time:
      return write_time(in, out, view, even_zero);
    case JsonKind::duration:
      return write_duration(in, out, view, even_zero);
    case JsonKind::port:
      return write_port_value(in, out, view);
    case JsonKind::protocol:
      return write_protocol_value(in, out, view);
    case JsonKind::as_number:
      return write_as_number(in, out, view, even_zero);
    case JsonKind::int_or_text:
      return write_int_or_text(in, out, view);
    case JsonKind::text_map:
      return write_text_map(in, out, view, even_zero);
    case JsonKind::object:
      write_object(in, out, view, field.members);
      return true;
    case JsonKind::anything:
      if (view) copy_json(out, *view);
      return view.has_value();
  }
  return false;
}

void write_list(JsonReader& in, JsonWriter& out, JsonView view, const JsonField& field) {
  const auto write_element = [&](JsonView element) {
    write_value(in, out, element.is_null() ? MaybeView() : MaybeView(element), field, true);
  };
  out.list([&] { in.list(view, write_element, [] {}); });
}

void write_member(JsonReader& in, JsonWriter& out, const MaybeView& view, const JsonField& field) {
  if (!view && field.presence == Presence::given) return;
  const bool even_zero = field.presence != Presence::nonzero;
  if (field.is_list) {
    if (!even_zero && (!view || view->is_empty_list())) return;
    out.name(field.name);
    if (view) return write_list(in, out, *view, field);
    return out.null();
  }
  if (field.kind == JsonKind::object && !even_zero) {
    if (view) {
      out.optional_object(field.name, [&] { write_shaped_members(in, out, *view, field.members); });
    }
    return;
  }
  out.optional_value(field.name, [&] { return write_value(in, out, view, field, even_zero); });
}

// Of members with one name the last one holds.
MaybeView find_member(JsonView object, std::string_view wanted) {
  MaybeView found;
  object.for_each_member([&](std::string_view name, JsonView value) {
    if (FieldName(name).is(wanted)) found = value.is_null() ? MaybeView() : MaybeView(value);
    return true;
  });
  return found;
}

void write_object(JsonReader& in, JsonWriter& out, const MaybeView& view,
                  std::span<const JsonField> fields) {
  out.object([&] {
    if (view) return write_shaped_members(in, out, *view, fields);
    for (const JsonField& field : fields) write_member(in, out, std::nullopt, field);
  });
}

}  // namespace

void write_shaped_members(JsonReader& in, JsonWriter& out, JsonView object,
                          std::span<const JsonField> fields) {
  in.object(object, [](FieldName, JsonView) {});
  for (const JsonField& field : fields) {
    if (!in.ok()) return;
    write_member(in, out, find_member(object, field.name), field);
    if (!in.ok()) in.step_out(field.name);
  }
}

}  // namespace felixsim
