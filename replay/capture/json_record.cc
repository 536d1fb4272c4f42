// SPDX-License-Identifier: Apache-2.0
// simdjson's DOM checks and unescapes, its on-demand half finds the bytes of each member.
#include "replay/capture/json_record.h"

#include <fmt/format.h>

#include <charconv>

#include "felixsim/check.h"
#include "replay/capture/capture.h"
#include "replay/capture/json_dom.h"

namespace felixsim {
namespace {

namespace dom = simdjson::dom;
namespace ondemand = simdjson::ondemand;

JsonMember::Kind kind_of(dom::element element) {
  switch (element.type()) {
    case dom::element_type::ARRAY:
      return JsonMember::Kind::list;
    case dom::element_type::OBJECT:
      return JsonMember::Kind::object;
    case dom::element_type::INT64:
    case dom::element_type::UINT64:
    case dom::element_type::DOUBLE:
      return JsonMember::Kind::number;
    case dom::element_type::STRING:
      return JsonMember::Kind::string;
    case dom::element_type::BOOL:
      return JsonMember::Kind::boolean;
    case dom::element_type::NULL_VALUE:
      return JsonMember::Kind::null;
  }
  return JsonMember::Kind::null;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::string_view(" \t\r\n").find(text.back()) != std::string_view::npos)
    text.remove_suffix(1);
  return text;
}

// The bytes of each member's value, in order. The text has passed the DOM parser.
void find_raw(ondemand::parser& parser, std::string_view text, std::vector<JsonMember>& members) {
  ondemand::document document;
  auto opened = parser.iterate(text.data(), text.size(), text.size() + simdjson::SIMDJSON_PADDING);
  FELIXSIM_CHECK(std::move(opened).get(document) == simdjson::SUCCESS);
  ondemand::object object;
  FELIXSIM_CHECK(document.get_object().get(object) == simdjson::SUCCESS);
  size_t index = 0;
  for (auto field : object) {
    ondemand::value value;
    FELIXSIM_CHECK(field.value().get(value) == simdjson::SUCCESS && index < members.size());
    JsonMember& member = members[index++];
    if (member.kind == JsonMember::Kind::object || member.kind == JsonMember::Kind::list) {
      std::string_view raw;
      if (member.kind == JsonMember::Kind::object) {
        ondemand::object inner;
        FELIXSIM_CHECK(value.get_object().get(inner) == simdjson::SUCCESS);
        FELIXSIM_CHECK(inner.raw_json().get(raw) == simdjson::SUCCESS);
      } else {
        ondemand::array inner;
        FELIXSIM_CHECK(value.get_array().get(inner) == simdjson::SUCCESS);
        FELIXSIM_CHECK(inner.raw_json().get(raw) == simdjson::SUCCESS);
      }
      member.raw = trimmed(raw);
    } else {
      member.raw = trimmed(value.raw_json_token());
    }
  }
  FELIXSIM_CHECK(index == members.size());
}

}  // namespace

struct JsonRecords::Buffers {
  CheckedJson checked;
  ondemand::parser raw_parser{max_capture_record_bytes * 2};
  std::vector<JsonMember> members;
};

JsonRecords::JsonRecords() : buffers_(std::make_unique<Buffers>()) {}
JsonRecords::~JsonRecords() = default;
JsonRecords::JsonRecords(JsonRecords&&) noexcept = default;

Error JsonRecords::error_at(std::string_view raw, const std::string& fact,
                            const std::string& help) const {
  return buffers_->checked.error_at(raw, fact, help);
}

Result<std::vector<JsonMember>*> JsonRecords::parse(const Record& record, const std::string& file) {
  Buffers& buffers = *buffers_;
  buffers.members.clear();
  auto object = buffers.checked.parse(record, file);
  if (!object) return forward(object);
  for (const auto& [name, value] : *object) {
    JsonMember member{name, kind_of(value), {}, {}};
    if (member.kind == JsonMember::Kind::string)
      FELIXSIM_CHECK(value.get(member.text) == simdjson::SUCCESS);
    buffers.members.push_back(member);
  }
  find_raw(buffers.raw_parser, record.text, buffers.members);
  for (auto& member : buffers.members)
    if (member.kind != JsonMember::Kind::string) member.text = member.raw;
  return &buffers.members;
}

Status check_json_object(const std::string& text, const std::string& file) {
  std::string padded;
  padded.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  padded = text;
  JsonRecords records;
  auto members = records.parse({padded, 1, 1}, file);
  if (!members) return forward(members);
  return {};
}

std::string compact_json(std::string_view json) {
  std::string out(json.size() + simdjson::SIMDJSON_PADDING, '\0');
  size_t length = 0;
  FELIXSIM_CHECK(simdjson::minify(json.data(), json.size(), out.data(), length) ==
                 simdjson::SUCCESS);
  out.resize(length);
  return out;
}

bool is_compact_json(std::string_view text) {
  if (text.empty() || (text.front() != '{' && text.front() != '[')) return false;
  // One level less than the limit: it will stand inside of a record.
  dom::parser parser(max_capture_record_bytes);
  if (parser.allocate(text.size() + 1, max_capture_nesting - 1) != simdjson::SUCCESS) return false;
  dom::element root;
  if (parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS) return false;
  return !repeated_json_name(root) && compact_json(text) == text;
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::optional<int64_t> integer_of(const JsonMember& member) {
  if (member.kind != JsonMember::Kind::number && member.kind != JsonMember::Kind::string)
    return std::nullopt;
  int64_t value = 0;
  const char* const end = member.text.data() + member.text.size();
  const auto [stop, error] = std::from_chars(member.text.data(), end, value);
  if (error != std::errc() || stop != end || member.text.empty()) return std::nullopt;
  return value;
}

std::optional<SimTime> time_of(std::string_view number) {
  constexpr int64_t max_seconds = INT64_MAX / second - 1;
  int64_t whole = 0, fraction = 0;
  const char* const end = number.data() + number.size();
  auto [stop, error] = std::from_chars(number.data(), end, whole);
  if (error != std::errc() || whole < 0 || whole > max_seconds || number.front() == '-')
    return std::nullopt;
  if (stop != end && *stop == '.') {
    int64_t unit = second / 10;
    for (++stop; stop != end && *stop >= '0' && *stop <= '9'; ++stop, unit /= 10)
      fraction += (*stop - '0') * unit;
  }
  if (stop == end) return whole * second + fraction;
  double value = 0;  // with an exponent: nobody writes exact times like that
  const auto [tail, bad] = std::from_chars(number.data(), end, value);
  if (bad != std::errc() || tail != end || value < 0 || value > static_cast<double>(max_seconds))
    return std::nullopt;
  return static_cast<SimTime>(value * static_cast<double>(second));
}

std::string seconds_text(SimTime time) {
  std::string text = fmt::format("{}.{:09}", time / second, time % second);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace felixsim
