// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/go_duration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace felixsim {
namespace {

struct Unit {
  std::string_view name;
  int64_t nanoseconds;
};
constexpr std::array units{Unit{"ns", 1},
                           Unit{"us", 1000},
                           Unit{"\xC2\xB5s", 1000},
                           Unit{"\xCE\xBCs", 1000},
                           Unit{"ms", 1000 * 1000},
                           Unit{"s", 1000 * 1000 * 1000},
                           Unit{"m", int64_t{60} * 1000 * 1000 * 1000},
                           Unit{"h", int64_t{3600} * 1000 * 1000 * 1000}};

size_t take_digits(std::string_view& text, std::string_view& digits) {
  const size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
  digits = text.substr(0, count);
  text.remove_prefix(count);
  return count;
}

constexpr uint64_t most = uint64_t{1} << 63;

// Of a fraction's digits as many count as fit; as a part of one.
uint64_t fraction_of(std::string_view digits, int64_t unit) {
  uint64_t value = 0;
  double scale = 1;
  for (const char c : digits) {
    if (value > (most - 1) / 10) break;
    const uint64_t next = value * 10 + static_cast<uint64_t>(c - '0');
    if (next > most) break;
    value = next;
    scale *= 10;
  }
  return static_cast<uint64_t>(static_cast<double>(value) * (static_cast<double>(unit) / scale));
}

std::optional<uint64_t> whole_of(std::string_view digits) {
  uint64_t value = 0;
  for (const char c : digits) {
    if (value > most / 10) return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(c - '0');
    if (value > most) return std::nullopt;
  }
  return value;
}

// Takes one "<digits>[.<digits>]<unit>" off the front; its nanoseconds, at most 2^63.
std::optional<uint64_t> take_term(std::string_view& text) {
  std::string_view before, after;
  size_t count = take_digits(text, before);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    count += take_digits(text, after);
  }
  const auto whole = whole_of(before);
  if (count == 0 || !whole) return std::nullopt;
  const size_t length = std::min(text.find_first_of(".0123456789"), text.size());
  const std::string_view name = text.substr(0, length);
  text.remove_prefix(length);
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    const auto scale = static_cast<uint64_t>(unit.nanoseconds);
    if (*whole > most / scale) return std::nullopt;
    const uint64_t value = *whole * scale + fraction_of(after, unit.nanoseconds);
    return value > most ? std::nullopt : std::optional(value);
  }
  return std::nullopt;
}

// "1.5" from 1500 thousandths.
std::string with_fraction(uint64_t value, uint64_t unit) {
  std::string text = fmt::format("{}", value / unit);
  uint64_t rest = value % unit;
  if (rest == 0) return text;
  text.push_back('.');
  for (uint64_t scale = unit / 10; rest != 0; scale /= 10) {
    text.push_back(static_cast<char>('0' + rest / scale));
    rest %= scale;
  }
  return text;
}

}  // namespace

std::optional<int64_t> parse_go_duration(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return 0;
  if (text.empty()) return std::nullopt;
  uint64_t total = 0;
  while (!text.empty()) {
    const auto term = take_term(text);
    if (!term || total + *term > most) return std::nullopt;
    total += *term;
  }
  if (negative) return static_cast<int64_t>(0 - total);
  return total == most ? std::nullopt : std::optional(static_cast<int64_t>(total));
}

std::string go_duration_text(int64_t nanoseconds) {
  if (nanoseconds == 0) return "0s";
  constexpr uint64_t second = 1000 * 1000 * 1000;
  const std::string sign = nanoseconds < 0 ? "-" : "";
  const uint64_t value = nanoseconds < 0 ? uint64_t{0} - static_cast<uint64_t>(nanoseconds)
                                         : static_cast<uint64_t>(nanoseconds);
  if (value < 1000) return fmt::format("{}{}ns", sign, value);
  if (value < 1000 * 1000) return sign + with_fraction(value, 1000) + "\xC2\xB5s";
  if (value < second) return sign + with_fraction(value, 1000 * 1000) + "ms";
  const uint64_t minutes = value / second / 60;
  std::string text = with_fraction(value % (60 * second), second) + "s";
  if (minutes > 0) text = fmt::format("{}m{}", minutes % 60, text);
  if (minutes >= 60) text = fmt::format("{}h{}", minutes / 60, text);
  return sign + text;
}

std::string go_real_text(double value) {
  std::array<char, 40> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                          std::chars_format::scientific);
  const std::string_view text(buffer.data(), static_cast<size_t>(end - buffer.data()));
  const double size = std::fabs(value);
  const bool scientific = error == std::errc{} && size != 0 && (size < 1e-4 || size >= 1e6);
  return scientific ? std::string(text) : fmt::format("{}", value);
}

}  // namespace felixsim
