// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/go_duration.h"

#include <fmt/format.h>

#include <array>

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

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes one "<digits>[.<digits>]<unit>" off the front; its nanoseconds.
std::optional<int64_t> take_term(std::string_view& text) {
  constexpr int64_t limit = INT64_MAX / 10;
  int64_t whole = 0;
  double fraction = 0;
  size_t digits = 0;
  while (!text.empty() && is_digit(text.front())) {
    if (whole > limit) return std::nullopt;
    whole = whole * 10 + (text.front() - '0');
    text.remove_prefix(1);
    ++digits;
  }
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    for (double scale = 0.1; !text.empty() && is_digit(text.front()); scale /= 10) {
      fraction += (text.front() - '0') * scale;
      text.remove_prefix(1);
      ++digits;
    }
  }
  if (digits == 0) return std::nullopt;
  size_t length = 0;
  while (length < text.size() && text[length] != '.' && !is_digit(text[length])) ++length;
  const std::string_view name = text.substr(0, length);
  text.remove_prefix(length);
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (whole > INT64_MAX / 2 / unit.nanoseconds) return std::nullopt;
    return whole * unit.nanoseconds +
           static_cast<int64_t>(fraction * static_cast<double>(unit.nanoseconds) + 0.5);
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
  int64_t total = 0;
  while (!text.empty()) {
    const auto term = take_term(text);
    if (!term || total > INT64_MAX - *term) return std::nullopt;
    total += *term;
  }
  return negative ? -total : total;
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

}  // namespace felixsim
