// SPDX-License-Identifier: Apache-2.0
// Mirrors Go 1.26 strconv (underscoreOK, ParseUint, readFloat) and time.ParseDuration. Left out:
// letters outside of ASCII in lower().
#include "model/config/go_text.h"

#include <charconv>
#include <cmath>
#include <limits>

namespace felixsim::go {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower_char(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

int digit_value(char c) {
  if (is_digit(c)) return c - '0';
  const char l = lower_char(c);
  return l >= 'a' && l <= 'z' ? l - 'a' + 10 : 99;
}

// An underscore stands between two digits, or between a base prefix and a digit.
bool underscores_ok(std::string_view text) {
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  char before = '^';  // ^ start, 0 digit or prefix, _ underscore, ! other
  bool hex = false;
  if (text.size() >= 2 && text[0] == '0') {
    const char mark = lower_char(text[1]);
    if (mark == 'b' || mark == 'o' || mark == 'x') {
      before = '0';
      hex = mark == 'x';
      text.remove_prefix(2);
    }
  }
  for (const char c : text) {
    const char l = lower_char(c);
    if (is_digit(c) || (hex && l >= 'a' && l <= 'f')) {
      before = '0';
    } else if (c == '_') {
      if (before != '0') return false;
      before = '_';
    } else {
      if (before == '_') return false;
      before = '!';
    }
  }
  return before != '_';
}

int take_base_prefix(std::string_view& text) {
  if (text.empty() || text[0] != '0') return 10;
  if (text.size() >= 3) {
    const char mark = lower_char(text[1]);
    const int base = mark == 'b' ? 2 : mark == 'o' ? 8 : mark == 'x' ? 16 : 0;
    if (base != 0) {
      text.remove_prefix(2);
      return base;
    }
  }
  text.remove_prefix(1);
  return 8;
}

// inf, infinity and nan, in any case and with a sign.
std::optional<double> special_float(std::string_view text) {
  double sign = 1;
  const bool has_sign = !text.empty() && (text[0] == '+' || text[0] == '-');
  if (has_sign) {
    if (text[0] == '-') sign = -1;
    text.remove_prefix(1);
  }
  const std::string word = lower(text);
  if (word == "inf" || word == "infinity") return sign * std::numeric_limits<double>::infinity();
  if (word == "nan" && !has_sign) return std::numeric_limits<double>::quiet_NaN();
  return std::nullopt;
}

// Checks Go's float syntax: digits with at most one point, and an exponent that hexadecimal needs.
bool float_syntax_ok(std::string_view text, bool& hex) {
  size_t i = 0;
  if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
  hex = text.size() >= i + 2 && text[i] == '0' && lower_char(text[i + 1]) == 'x';
  if (hex) i += 2;
  bool digits = false, point = false, exponent = false;
  for (; i < text.size(); ++i) {
    const char c = lower_char(text[i]);
    if (is_digit(c) || (hex && c >= 'a' && c <= 'f'))
      digits = true;
    else if (c == '.' && !point)
      point = true;
    else
      break;
  }
  if (!digits) return false;
  if (i < text.size() && lower_char(text[i]) == (hex ? 'p' : 'e')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    for (; i < text.size() && is_digit(text[i]); ++i) exponent = true;
    if (!exponent) return false;
  }
  return i == text.size() && (!hex || exponent);
}

}  // namespace

std::optional<uint64_t> parse_uint(std::string_view text, int base, int bits) {
  const std::string_view whole = text;
  if (text.empty()) return std::nullopt;
  const bool any_base = base == 0;
  if (any_base) base = take_base_prefix(text);
  const uint64_t most =
      bits == 64 ? std::numeric_limits<uint64_t>::max() : (uint64_t{1} << bits) - 1;
  uint64_t value = 0;
  bool underscores = false;
  for (const char c : text) {
    if (c == '_' && any_base) {
      underscores = true;
      continue;
    }
    const int digit = digit_value(c);
    if (digit >= base) return std::nullopt;
    if (value > (most - static_cast<uint64_t>(digit)) / static_cast<uint64_t>(base))
      return std::nullopt;
    value = value * static_cast<uint64_t>(base) + static_cast<uint64_t>(digit);
  }
  if (underscores && !underscores_ok(whole)) return std::nullopt;
  return value;
}

std::optional<int64_t> parse_int(std::string_view text, int base) {
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const auto magnitude = parse_uint(text, base, 64);
  constexpr uint64_t limit = uint64_t{1} << 63;
  if (!magnitude || *magnitude > limit || (*magnitude == limit && !negative)) return std::nullopt;
  if (*magnitude == limit) return std::numeric_limits<int64_t>::min();
  const auto value = static_cast<int64_t>(*magnitude);
  return negative ? -value : value;
}

std::optional<double> parse_float(std::string_view text) {
  if (const auto special = special_float(text)) return special;
  std::string plain(text);
  if (plain.find('_') != std::string::npos) {
    if (!underscores_ok(text)) return std::nullopt;
    std::erase(plain, '_');
  }
  bool hex = false;
  if (!float_syntax_ok(plain, hex)) return std::nullopt;
  const bool negative = plain[0] == '-';
  std::string_view digits = plain;
  if (negative || plain[0] == '+') digits.remove_prefix(1);
  if (hex) digits.remove_prefix(2);
  double value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value,
                      hex ? std::chars_format::hex : std::chars_format::general);
  if (error == std::errc::result_out_of_range) {
    // Too small is 0 in Go; too large is an error. from_chars does not tell which: the sign of the
    // exponent does.
    if (plain.find(hex ? "p-" : "e-") == std::string::npos &&
        plain.find(hex ? "P-" : "E-") == std::string::npos)
      return std::nullopt;
    value = 0;
  } else if (error != std::errc{} || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  return negative ? -value : value;
}

int64_t to_duration(double nanoseconds) {
  if (!(nanoseconds >= -0x1p63 && nanoseconds < 0x1p63)) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(nanoseconds);
}

namespace {

struct Unit {
  std::string_view name;
  uint64_t nanoseconds;
};
constexpr Unit units[] = {
    {"ns", 1},         {"us", 1'000},        {"µs", 1'000},  // U+00B5, micro sign
    {"μs", 1'000},                                           // U+03BC, Greek letter mu
    {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}};
constexpr uint64_t duration_limit = uint64_t{1} << 63;

// Leading digits of `text` as a number; nothing when it does not fit.
std::optional<uint64_t> take_digits(std::string_view& text) {
  uint64_t value = 0;
  while (!text.empty() && is_digit(text[0])) {
    if (value > duration_limit / 10) return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(text[0] - '0');
    if (value > duration_limit) return std::nullopt;
    text.remove_prefix(1);
  }
  return value;
}

// Leading digits as the fraction value/scale; digits that no longer fit are dropped.
void take_fraction(std::string_view& text, uint64_t& value, double& scale) {
  value = 0;
  scale = 1;
  bool full = false;
  for (; !text.empty() && is_digit(text[0]); text.remove_prefix(1)) {
    if (full) continue;
    const auto digit = static_cast<uint64_t>(text[0] - '0');
    if (value > (duration_limit - 1) / 10 || value * 10 + digit > duration_limit) {
      full = true;
      continue;
    }
    value = value * 10 + digit;
    scale *= 10;
  }
}

// One "number unit" group, in nanoseconds.
std::optional<uint64_t> take_group(std::string_view& text) {
  if (!(text[0] == '.' || is_digit(text[0]))) return std::nullopt;
  const size_t before = text.size();
  auto value = take_digits(text);
  if (!value) return std::nullopt;
  bool digits = text.size() != before;
  uint64_t fraction = 0;
  double scale = 1;
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    const size_t after_point = text.size();
    take_fraction(text, fraction, scale);
    digits = digits || text.size() != after_point;
  }
  if (!digits) return std::nullopt;
  size_t length = 0;
  while (length < text.size() && text[length] != '.' && !is_digit(text[length])) ++length;
  const std::string_view name = text.substr(0, length);
  text.remove_prefix(length);
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (*value > duration_limit / unit.nanoseconds) return std::nullopt;
    uint64_t total = *value * unit.nanoseconds;
    if (fraction > 0)
      total += static_cast<uint64_t>(static_cast<double>(fraction) *
                                     (static_cast<double>(unit.nanoseconds) / scale));
    if (total > duration_limit) return std::nullopt;
    return total;
  }
  return std::nullopt;
}

}  // namespace

std::optional<int64_t> parse_duration(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text == "0") return 0;
  if (text.empty()) return std::nullopt;
  uint64_t total = 0;
  while (!text.empty()) {
    const auto group = take_group(text);
    if (!group) return std::nullopt;
    total += *group;
    if (total > duration_limit) return std::nullopt;
  }
  if (total == duration_limit)
    return negative ? std::optional(std::numeric_limits<int64_t>::min()) : std::nullopt;
  const auto value = static_cast<int64_t>(total);
  return negative ? -value : value;
}

std::string_view trim_space(std::string_view text) {
  // unicode.IsSpace: ASCII white space, U+0085 and U+00A0; the rarer ones are left out.
  const auto ascii = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  const auto wide = [](std::string_view two) { return two == "\xC2\x85" || two == "\xC2\xA0"; };
  for (;;) {
    if (!text.empty() && ascii(text.front()))
      text.remove_prefix(1);
    else if (text.size() >= 2 && wide(text.substr(0, 2)))
      text.remove_prefix(2);
    else
      break;
  }
  for (;;) {
    if (!text.empty() && ascii(text.back()))
      text.remove_suffix(1);
    else if (text.size() >= 2 && wide(text.substr(text.size() - 2)))
      text.remove_suffix(2);
    else
      break;
  }
  return text;
}

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = lower_char(c);
  return result;
}

}  // namespace felixsim::go
