// SPDX-License-Identifier: Apache-2.0
// One JSON object of a capture, checked to the last byte: syntax, UTF-8, nesting, numbers that fit,
// no name twice. Members keep the bytes they were written with. Wraps simdjson.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "felixsim/result.h"
#include "felixsim/time.h"
#include "replay/capture/record_reader.h"

namespace felixsim {

struct JsonMember {
  enum class Kind : uint8_t { null, boolean, number, string, list, object };
  std::string_view name;  // without escapes
  Kind kind = Kind::null;
  std::string_view text;  // string: without escapes; else as `raw`
  std::string_view raw;   // as written
};

// Keeps its buffers from one record to the next; a parsed record dies with the next one.
class JsonRecords {
 public:
  JsonRecords();
  ~JsonRecords();
  JsonRecords(JsonRecords&&) noexcept;

  // The members of the object `record`, in order.
  Result<std::vector<JsonMember>*> parse(const Record& record, const std::string& file);

  // An error that begins with the place of `raw`, a view into the last record.
  Error error_at(std::string_view raw, const std::string& fact, const std::string& help = {}) const;

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};

// Whether `text` is one object that a capture may hold: not nested too deeply (who copies or prints
// it may recurse), no name twice, UTF-8. The error tells the place.
Status check_json_object(const std::string& text, const std::string& file);

// Without the white space between tokens; every token as written.
std::string compact_json(std::string_view json);

// True for an object or list that stream_jsonl would take as it is: compact and in order.
bool is_compact_json(std::string_view text);

// `text` as a JSON string, quotes included. Must be UTF-8.
std::string json_string(std::string_view text);

// A whole number, written without fraction and exponent, in quotes or not; unset otherwise.
std::optional<int64_t> integer_of(const JsonMember& member);

// Seconds as a decimal number -> nanoseconds, exact to the ninth digit; unset when negative, more
// than 292 years, or no number.
std::optional<SimTime> time_of(std::string_view number);
std::string seconds_text(SimTime time);  // the inverse: "0.896"

}  // namespace felixsim
