// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/moment_text.h"

#include <charconv>
#include <cmath>

#include "model/datastore/go_time.h"

namespace felixsim::cli {
namespace {

constexpr int64_t max_seconds = 9'000'000'000;  // of which nanoseconds fit 64 bits

std::optional<int64_t> parse_number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value < 0)
    return std::nullopt;
  return value;
}

Result<Moment> bad(const std::string& text) {
  return invalid(
      fmt::format("'{}' is no moment", text),
      "use rev:N, seq:N, step:N, step:NAME, seconds such as 14.5 or 14.5s, or, where the "
      "times of the input count from 1970, a time such as 2024-01-02T14:03:00Z");
}

Result<Moment> parse_seconds(const std::string& text) {
  std::string_view number = text;
  if (number.ends_with('s')) number.remove_suffix(1);
  double seconds = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), seconds);
  if (number.empty() || error != std::errc{} || end != number.data() + number.size() ||
      !(seconds >= 0 && seconds < static_cast<double>(max_seconds)))
    return bad(text);
  return Moment{Moment::Kind::time, std::llround(seconds * static_cast<double>(second)), {}};
}

// A time of day, in whole seconds from 1970 and what is behind them.
std::optional<Moment> parse_instant(const std::string& text) {
  const auto instant = rfc3339_instant(text);
  if (!instant) return std::nullopt;
  const int64_t seconds = instant->second.time_since_epoch().count();
  if (seconds < 0 || seconds >= max_seconds) return std::nullopt;
  return Moment{Moment::Kind::time, seconds * second + instant->behind.count(), {}};
}

}  // namespace

Result<Moment> parse_moment(const std::string& text) {
  if (text.empty()) return Moment{};
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return parse_seconds(text);
  if (const auto instant = parse_instant(text)) return *instant;
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

std::string time_text(SimTime time) {
  constexpr SimTime in_2001 = 1'000'000'000 * second;
  if (time < in_2001) return fmt::format("{:.3f} s", static_cast<double>(time) / second);
  const std::string text =
      rfc3339_text(std::chrono::sys_seconds(std::chrono::seconds(time / second)));
  return fmt::format("{}.{:03}Z", text.substr(0, text.size() - 1), time % second / 1'000'000);
}

}  // namespace felixsim::cli
