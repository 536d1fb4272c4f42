// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace felixsim {
namespace {

struct Suffix {
  std::string_view text;
  int decimal, binary;  // powers of 10 and 2
};
constexpr std::array suffixes{
    Suffix{"", 0, 0},    Suffix{"n", -9, 0},  Suffix{"u", -6, 0},  Suffix{"m", -3, 0},
    Suffix{"k", 3, 0},   Suffix{"M", 6, 0},   Suffix{"G", 9, 0},   Suffix{"T", 12, 0},
    Suffix{"P", 15, 0},  Suffix{"E", 18, 0},  Suffix{"Ki", 0, 10}, Suffix{"Mi", 0, 20},
    Suffix{"Gi", 0, 30}, Suffix{"Ti", 0, 40}, Suffix{"Pi", 0, 50}, Suffix{"Ei", 0, 60}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Scale {
  int decimal = 0, binary = 0;
};

std::optional<Scale> parse_suffix(std::string_view text) {
  for (const Suffix& suffix : suffixes) {
    if (suffix.text == text) return Scale{suffix.decimal, suffix.binary};
  }
  if (text.size() < 2 || (text[0] != 'e' && text[0] != 'E')) return std::nullopt;
  text.remove_prefix(text[1] == '+' ? 2 : 1);
  int exponent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return Scale{exponent, 0};
}

// digits × 10^power in 64 bits, of which the lowest stay.
int64_t wrapped(std::string_view number, int power, bool negative) {
  uint64_t value = 0;
  for (const char c : number) {
    if (is_digit(c)) value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  for (int i = 0; i < std::min(power, 64); ++i) value *= 10;
  return static_cast<int64_t>(negative ? 0 - value : value);
}

}  // namespace

std::optional<int64_t> parse_quantity(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const std::string_view number = text;
  long double mantissa = 0;
  int scale = 0;
  size_t digits = 0;
  bool point = false;
  while (!text.empty() && (is_digit(text[0]) || (text[0] == '.' && !point))) {
    if (text[0] == '.') {
      point = true;
    } else {
      mantissa = mantissa * 10 + (text[0] - '0');
      scale -= point ? 1 : 0;
      ++digits;
    }
    text.remove_prefix(1);
  }
  const auto suffix = parse_suffix(text);
  if (digits == 0 || !suffix) return std::nullopt;
  // Powers are combined first, so that 0.1k is exact.
  const int power = scale + suffix->decimal;
  // Go holds few digits in 64 bits, and takes what does not fit for 0 when it asks for the value.
  const bool in_64_bits = suffix->binary == 0 && digits <= 18 && scale + suffix->decimal >= -9;
  if (suffix->binary == 0 && !in_64_bits && power >= 0) {
    return wrapped(number.substr(0, number.size() - text.size()), power, negative);
  }
  if (power > 40 || power < -400) return 0;
  const long double factor = std::pow(10.0L, std::abs(power));
  long double value = std::ldexp(mantissa, suffix->binary);
  value = power < 0 ? value / factor : value * factor;
  value = negative ? -std::ceil(value) : std::ceil(value);
  if (in_64_bits && std::fabs(value) >= 0x1p63L) return 0;
  if (value >= 0x1p63L) return INT64_MAX;
  if (value <= -0x1p63L) return INT64_MIN;
  return static_cast<int64_t>(value);
}

}  // namespace felixsim
