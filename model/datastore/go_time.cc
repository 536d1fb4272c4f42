// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/go_time.h"

#include <fmt/format.h>

#include <chrono>

namespace felixsim {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Eats a text from its start; the first thing that does not fit sticks.
struct Scanner {
  std::string_view rest;
  bool ok = true;

  bool eat(char wanted) {
    if (rest.empty() || rest.front() != wanted) return false;
    rest.remove_prefix(1);
    return true;
  }
  void expect(char wanted) { ok = eat(wanted) && ok; }
  int digits(size_t count, int low, int high) {
    int value = 0;
    for (; count > 0 && !rest.empty() && is_digit(rest.front()); --count) {
      value = value * 10 + (rest.front() - '0');
      rest.remove_prefix(1);
    }
    ok = ok && count == 0 && value >= low && value <= high;
    return value;
  }
};

// The fraction of a second, where there is one.
std::chrono::nanoseconds fraction(Scanner& in) {
  const bool there =
      in.rest.size() >= 2 && (in.rest[0] == '.' || in.rest[0] == ',') && is_digit(in.rest[1]);
  if (!there) return {};
  in.rest.remove_prefix(1);
  int64_t value = 0;
  for (int64_t unit = 100'000'000; !in.rest.empty() && is_digit(in.rest.front()); unit /= 10) {
    value += (in.rest.front() - '0') * unit;
    in.rest.remove_prefix(1);
  }
  return std::chrono::nanoseconds(value);
}

std::chrono::minutes zone_offset(Scanner& in) {
  if (in.eat('Z')) return std::chrono::minutes(0);
  const bool east = in.eat('+');
  if (!east) in.expect('-');
  const int hours = in.digits(2, 0, 24);
  in.expect(':');
  const int minutes = hours * 60 + in.digits(2, 0, 60);
  return std::chrono::minutes(east ? minutes : -minutes);
}

}  // namespace

std::optional<Instant> rfc3339_instant(std::string_view text) {
  using namespace std::chrono;
  Scanner in{text};
  const year the_year(in.digits(4, 0, 9999));
  in.expect('-');
  const month the_month(static_cast<unsigned>(in.digits(2, 1, 12)));
  in.expect('-');
  const year_month_day date(the_year, the_month, day(static_cast<unsigned>(in.digits(2, 1, 31))));
  in.expect('T');
  const bool one_digit = in.rest.size() >= 2 && !is_digit(in.rest[1]);  // Go takes "3:04:05"
  const int hour = in.digits(one_digit ? 1 : 2, 0, 23);
  in.expect(':');
  const int minute = in.digits(2, 0, 59);
  in.expect(':');
  const int second = in.digits(2, 0, 59);
  const nanoseconds behind = fraction(in);
  const auto offset = zone_offset(in);
  if (!in.ok || !in.rest.empty() || !date.ok()) return std::nullopt;
  return Instant{sys_days(date) + hours(hour) + minutes(minute) + seconds(second) - offset, behind};
}

std::optional<std::string> rfc3339_utc(std::string_view text) {
  const auto instant = rfc3339_instant(text);
  if (!instant) return std::nullopt;
  return rfc3339_text(instant->second);
}

std::string rfc3339_text(std::chrono::sys_seconds time) {
  using namespace std::chrono;
  const auto midnight = floor<days>(time);
  const year_month_day utc(midnight);
  const hh_mm_ss clock(time - midnight);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(utc.year()),
                     static_cast<unsigned>(utc.month()), static_cast<unsigned>(utc.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace felixsim
