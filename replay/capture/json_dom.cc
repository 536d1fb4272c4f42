// SPDX-License-Identifier: Apache-2.0
// What simdjson finds wrong is looked for again by nlohmann's parser, which knows the column.
#include "replay/capture/json_dom.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "felixsim/check.h"
#include "replay/capture/capture.h"

namespace felixsim {
namespace {

namespace dom = simdjson::dom;

// What nlohmann's parser says is wrong, and after how many bytes; 0 when it finds nothing.
struct SyntaxError {
  size_t byte = 0;
  std::string fact;
};

SyntaxError find_syntax_error(std::string_view text) {
  try {
    [[maybe_unused]] const auto parsed = nlohmann::json::parse(text.begin(), text.end());
  } catch (const nlohmann::json::parse_error& e) {
    const std::string what = e.what();
    const size_t detail = what.find(": ", what.find(" at "));
    return {e.byte, detail == what.npos ? what : what.substr(detail + 2)};
  } catch (const nlohmann::json::exception&) {
    return {};
  }
  return {};
}

std::string fact_of(simdjson::error_code code) {
  switch (code) {
    case simdjson::DEPTH_ERROR:
      return fmt::format("nested deeper than {}", max_capture_nesting);
    case simdjson::NUMBER_ERROR:
    case simdjson::NUMBER_OUT_OF_RANGE:
      return "a number that fits neither 64 bits nor a double";
    case simdjson::UTF8_ERROR:
      return "text that is not UTF-8";
    case simdjson::UNCLOSED_STRING:
      return "cut off inside of a string";
    default:
      return simdjson::error_message(code);
  }
}

// Most objects have a few members: comparing them all is faster than sorting.
std::optional<std::string_view> repeated_among(dom::object object) {
  constexpr size_t few = 16;
  std::array<std::string_view, few> seen;
  size_t count = 0;
  for (const auto& [name, value] : object) {
    if (count == few) break;
    for (size_t i = 0; i < count; ++i)
      if (seen[i] == name) return name;
    seen[count++] = name;
  }
  if (count < few) return std::nullopt;
  std::vector<std::string_view> names;
  for (const auto& [name, value] : object) names.push_back(name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return std::nullopt;
  return *twice;
}

}  // namespace

std::optional<std::string_view> repeated_json_name(dom::element element) {
  if (dom::array list; element.get(list) == simdjson::SUCCESS) {
    for (const auto item : list)
      if (const auto name = repeated_json_name(item)) return name;
    return std::nullopt;
  }
  dom::object object;
  if (element.get(object) != simdjson::SUCCESS) return std::nullopt;
  for (const auto& [name, value] : object)
    if (const auto repeated = repeated_json_name(value)) return repeated;
  return repeated_among(object);
}

Error CheckedJson::error_at(std::string_view raw, const std::string& fact,
                            const std::string& help) const {
  int64_t line = record_.line, column = record_.column;
  for (const char* c = record_.text.data(); c < raw.data(); ++c) {
    column = *c == '\n' ? 1 : column + 1;
    line += *c == '\n' ? 1 : 0;
  }
  return {ErrorCode::invalid_input, fmt::format("{}: {}", place_of(file_, line, column), fact),
          help};
}

Result<dom::object> CheckedJson::parse(const Record& record, const std::string& file) {
  record_ = record;
  if (file_ != file) file_ = file;
  if (parser_.capacity() < record.text.size() || parser_.max_depth() != max_capture_nesting)
    FELIXSIM_CHECK(parser_.allocate(std::max(record.text.size(), first_capacity),
                                    max_capture_nesting) == simdjson::SUCCESS);
  dom::element root;
  const auto code = parser_.parse(record.text.data(), record.text.size(), false).get(root);
  if (code != simdjson::SUCCESS) {
    const auto found = find_syntax_error(record.text);
    const auto at =
        record.text.substr(found.byte > 0 ? std::min(found.byte - 1, record.text.size()) : 0);
    return tl::unexpected<Error>(
        error_at(at, "bad JSON: " + (found.byte > 0 ? found.fact : fact_of(code))));
  }
  dom::object object;
  if (root.get(object) != simdjson::SUCCESS)
    return tl::unexpected<Error>(error_at(record.text, "not a JSON object"));
  if (const auto name = repeated_json_name(root))
    return tl::unexpected<Error>(
        error_at(record.text, fmt::format("bad JSON: an object has the name '{}' twice", *name),
                 "keep one of the two"));
  return object;
}

}  // namespace felixsim
