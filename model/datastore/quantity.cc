// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/quantity.h"

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

}  // namespace

std::optional<int64_t> parse_quantity(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
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
  if (power > 40 || power < -400) return power > 0 && mantissa > 0 ? INT64_MAX : int64_t{0};
  const long double factor = std::pow(10.0L, std::abs(power));
  long double value = std::ldexp(mantissa, suffix->binary);
  value = power < 0 ? value / factor : value * factor;
  value = negative ? -std::ceil(value) : std::ceil(value);
  if (value >= 9.2e18L) return INT64_MAX;
  if (value <= -9.2e18L) return INT64_MIN;
  return static_cast<int64_t>(value);
}

}  // namespace felixsim
