// SPDX-License-Identifier: Apache-2.0
// A JSON object checked to the last byte, as simdjson's DOM. For the .cc files of this folder: the
// header pulls simdjson in.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

#include "felixsim/result.h"
#include "replay/capture/record_reader.h"

namespace felixsim {

// The first name that an object has twice, in `element` or below it. The parser limits nesting.
std::optional<std::string_view> repeated_json_name(simdjson::dom::element element);

class CheckedJson {
 public:
  // Valid until the next call, as is the record's text.
  Result<simdjson::dom::object> parse(const Record& record, const std::string& file);

  // An error that begins with the place of `raw`, a view into the last record.
  Error error_at(std::string_view raw, const std::string& fact, const std::string& help = {}) const;
  std::string_view text() const { return record_.text; }

 private:
  static constexpr size_t first_capacity = 1 << 16;
  simdjson::dom::parser parser_;
  Record record_;
  std::string file_;
};

}  // namespace felixsim
