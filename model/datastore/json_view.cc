// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/json_view.h"

#include <simdjson.h>

#include <bit>

namespace felixsim {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

static_assert(sizeof(element) == sizeof(std::array<uint64_t, 2>));
static_assert(std::is_trivially_copyable_v<element>);

constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

// Length of the well-formed UTF-8 sequence at `at`, 0 if there is none.
size_t utf8_length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0};
  };
  const auto tail = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const uint8_t first = byte(at);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(at + 1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!tail(at + 1) || !tail(at + 2)) return 0;
    if (first == 0xE0 && byte(at + 1) < 0xA0) return 0;
    return first == 0xED && byte(at + 1) > 0x9F ? 0 : 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!tail(at + 1) || !tail(at + 2) || !tail(at + 3)) return 0;
    if (first == 0xF0 && byte(at + 1) < 0x90) return 0;
    return first == 0xF4 && byte(at + 1) > 0x8F ? 0 : 4;
  }
  return 0;
}

// The code unit of "\uXXXX" at `at`, or -1.
int unicode_escape(std::string_view text, size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return -1;
  int unit = 0;
  for (size_t i = at + 2; i < at + 6; ++i) {
    const char c = text[i];
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

// Copies one escape sequence; returns how many characters it took.
size_t copy_escape(std::string_view text, size_t at, std::string& out) {
  const int unit = unicode_escape(text, at);
  if (unit < 0xD800 || unit > 0xDFFF) {
    const size_t length = unit >= 0 ? 6 : 2;
    out.append(text.substr(at, length));
    return std::min(length, text.size() - at);
  }
  const int second = unicode_escape(text, at + 6);
  if (unit < 0xDC00 && second >= 0xDC00 && second <= 0xDFFF) {
    out.append(text.substr(at, 12));
    return 12;
  }
  out.append("\\ufffd");
  return 6;
}

bool fits_no_64_bits(std::string_view token) {
  const bool negative = !token.empty() && token.front() == '-';
  const std::string_view digits = token.substr(negative ? 1 : 0);
  if (digits.find_first_not_of("0123456789") != std::string_view::npos) return false;
  const std::string_view limit = negative ? "9223372036854775808" : "18446744073709551615";
  return digits.size() > limit.size() || (digits.size() == limit.size() && digits > limit);
}

// Copies a string literal from its opening to its closing quote, repaired.
size_t copy_string(std::string_view text, size_t at, std::string& out) {
  const size_t start = at;
  out.push_back(text[at++]);
  while (at < text.size() && text[at] != '"') {
    if (text[at] == '\\') {
      at += copy_escape(text, at, out);
      continue;
    }
    const size_t length = utf8_length(text, at);
    if (length == 0) {
      out.append(replacement_character);
      ++at;
      continue;
    }
    out.append(text.substr(at, length));
    at += length;
  }
  if (at < text.size()) out.push_back(text[at++]);
  return at - start;
}

// What simdjson refuses and Go accepts, rewritten: see the header.
std::string repaired(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  for (size_t at = 0; at < text.size();) {
    if (text[at] == '"') {
      at += copy_string(text, at, out);
      continue;
    }
    if (text[at] == '-' || (text[at] >= '0' && text[at] <= '9')) {
      const size_t end = std::min(text.find_first_not_of("+-.0123456789eE", at), text.size());
      const std::string_view token = text.substr(at, end - at);
      out.append(token);
      if (fits_no_64_bits(token)) out.append("e0");
      at = end;
      continue;
    }
    out.push_back(text[at++]);
  }
  return out;
}

bool worth_repair(simdjson::error_code code) {
  return code == simdjson::UTF8_ERROR || code == simdjson::STRING_ERROR ||
         code == simdjson::NUMBER_ERROR;
}

element as_element(const std::array<uint64_t, 2>& storage) {
  return std::bit_cast<element>(storage);
}

template <class T>
std::optional<T> get(const element& value) {
  T out;
  if (value.get(out) != simdjson::SUCCESS) return std::nullopt;
  return out;
}

}  // namespace

JsonView::Type JsonView::type() const {
  switch (as_element(storage_).type()) {
    case element_type::ARRAY:
      return Type::list;
    case element_type::OBJECT:
      return Type::object;
    case element_type::INT64:
    case element_type::UINT64:
    case element_type::DOUBLE:
      return Type::number;
    case element_type::STRING:
      return Type::text;
    case element_type::BOOL:
      return Type::boolean;
    case element_type::NULL_VALUE:
      return Type::null;
  }
  return Type::null;
}

std::optional<bool> JsonView::boolean() const { return get<bool>(as_element(storage_)); }

std::optional<int64_t> JsonView::integer() const {
  const element value = as_element(storage_);
  if (value.type() == element_type::DOUBLE) return std::nullopt;
  return get<int64_t>(value);
}

std::optional<uint64_t> JsonView::natural() const {
  const element value = as_element(storage_);
  if (value.type() == element_type::DOUBLE) return std::nullopt;
  return get<uint64_t>(value);
}

std::optional<double> JsonView::real() const { return get<double>(as_element(storage_)); }

std::optional<std::string_view> JsonView::text() const {
  return get<std::string_view>(as_element(storage_));
}

void JsonView::walk_object(bool (*each)(void*, std::string_view, JsonView), void* context) const {
  simdjson::dom::object object;
  if (as_element(storage_).get(object) != simdjson::SUCCESS) return;
  for (const auto& member : object) {
    if (!each(context, member.key, JsonView(std::bit_cast<Storage>(member.value)))) return;
  }
}

bool JsonView::is_empty_list() const {
  bool empty = type() == Type::list;
  for_each_element([&](JsonView) { return empty = false; });
  return empty;
}

bool JsonView::is_empty_object() const {
  bool empty = type() == Type::object;
  for_each_member([&](std::string_view, JsonView) { return empty = false; });
  return empty;
}

void JsonView::walk_list(bool (*each)(void*, JsonView), void* context) const {
  simdjson::dom::array list;
  if (as_element(storage_).get(list) != simdjson::SUCCESS) return;
  for (const element value : list) {
    if (!each(context, JsonView(std::bit_cast<Storage>(value)))) return;
  }
}

struct JsonParser::Buffers {
  simdjson::dom::parser parser;
};

JsonParser::JsonParser() : buffers_(std::make_unique<Buffers>()) {}
JsonParser::~JsonParser() = default;
JsonParser::JsonParser(JsonParser&&) noexcept = default;
JsonParser& JsonParser::operator=(JsonParser&&) noexcept = default;

Result<JsonView> JsonParser::parse(std::string_view json) {
  element root;
  auto code = buffers_->parser.parse(json.data(), json.size()).get(root);
  if (worth_repair(code)) {
    const std::string again = repaired(json);
    code = buffers_->parser.parse(again).get(root);
  }
  if (code != simdjson::SUCCESS) {
    return invalid(std::string("not JSON: ") + simdjson::error_message(code));
  }
  return JsonView(std::bit_cast<JsonView::Storage>(root));
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  out.push_back('"');
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    const auto byte = static_cast<uint8_t>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '\n' || c == '\r' || c == '\t') {
      out.push_back('\\');
      out.push_back(c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
    } else if (byte < 0x20 || c == '<' || c == '>' || c == '&') {
      out.append("\\u00");
      out.push_back(hex[byte >> 4]);
      out.push_back(hex[byte & 15]);
    } else if (byte < 0x80) {
      out.push_back(c);
    } else if (const size_t length = utf8_length(text, at); length == 0) {
      out.append(replacement_character);
    } else {
      out.append(text.substr(at, length));
      at += length;
      continue;
    }
    ++at;
  }
  out.push_back('"');
}

}  // namespace felixsim
