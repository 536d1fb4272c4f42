// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/moment_text.h"

#include <charconv>
#include <cmath>

namespace felixsim::cli {
namespace {

std::optional<int64_t> parse_number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value < 0)
    return std::nullopt;
  return value;
}

Result<Moment> bad(const std::string& text) {
  return invalid(fmt::format("'{}' is no moment", text),
                 "use rev:N, seq:N, step:N, step:NAME, or seconds such as 14.5 or 14.5s");
}

Result<Moment> parse_seconds(const std::string& text) {
  std::string_view number = text;
  if (number.ends_with('s')) number.remove_suffix(1);
  double seconds = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), seconds);
  if (number.empty() || error != std::errc{} || end != number.data() + number.size() ||
      !(seconds >= 0 && seconds < 9e9))
    return bad(text);
  return Moment{Moment::Kind::time, std::llround(seconds * static_cast<double>(second)), {}};
}

}  // namespace

Result<Moment> parse_moment(const std::string& text) {
  if (text.empty()) return Moment{};
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return parse_seconds(text);
  const std::string kind = text.substr(0, colon);
  const std::string rest = text.substr(colon + 1);
  const auto number = parse_number(rest);
  if (kind == "step" && !rest.empty())
    return number ? Moment{Moment::Kind::step_number, *number, {}}
                  : Moment{Moment::Kind::step_name, 0, rest};
  if (kind == "rev" && number) return Moment{Moment::Kind::revision, *number, {}};
  if (kind == "seq" && number) return Moment{Moment::Kind::sequence, *number, {}};
  return bad(text);
}

}  // namespace felixsim::cli
