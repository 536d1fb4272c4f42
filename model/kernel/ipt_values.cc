// SPDX-License-Identifier: Apache-2.0
// See ipt_values.h. Mirrors libxt_limit.c, libxt_mark.c, libxt_DSCP.c and libxt_statistic.c of
// iptables 1.8.9.
#include "model/kernel/ipt_values.h"

#include <charconv>
#include <cmath>

#include "model/kernel/words.h"

namespace felixsim {
namespace {

constexpr uint32_t ticks_per_second = 10000;  // XT_LIMIT_SCALE

struct Unit {
  std::string_view name, full;
  uint32_t ticks;
};
constexpr Unit units[] = {{"day", "day", 24 * 60 * 60 * ticks_per_second},
                          {"hour", "hour", 60 * 60 * ticks_per_second},
                          {"min", "minute", 60 * ticks_per_second},
                          {"sec", "second", ticks_per_second}};

}  // namespace

std::optional<MarkValue> parse_mark(std::string_view text) {
  const size_t slash = text.find('/');
  const auto value = parse_number(text.substr(0, slash), ~uint32_t{0});
  if (!value) return std::nullopt;
  MarkValue mark{static_cast<uint32_t>(*value)};
  if (slash != std::string_view::npos) {
    const auto mask = parse_number(text.substr(slash + 1), ~uint32_t{0});
    if (!mask) return std::nullopt;
    mark.mask = static_cast<uint32_t>(*mask);
  }
  return mark;
}

std::optional<uint16_t> parse_port_number(std::string_view text) {
  static constexpr std::pair<std::string_view, uint16_t> services[] = {
      {"ssh", 22},    {"domain", 53},    {"bootps", 67}, {"bootpc", 68},
      {"http", 80},   {"ntp", 123},      {"snmp", 161},  {"bgp", 179},
      {"https", 443}, {"domain-s", 853}, {"mysql", 3306}};
  if (const auto number = parse_number(text, 65535)) return static_cast<uint16_t>(*number);
  for (const auto& [name, port] : services)
    if (name == text) return port;
  return std::nullopt;
}

Result<uint32_t> parse_rate(std::string_view text) {
  const size_t slash = text.find('/');
  uint32_t ticks = ticks_per_second;
  if (slash != std::string_view::npos) {
    const auto name = text.substr(slash + 1);
    const auto* unit = std::find_if(std::begin(units), std::end(units), [&](const Unit& u) {
      return !name.empty() && u.full.substr(0, name.size()) == name;
    });
    if (unit == std::end(units)) return invalid(fmt::format("bad rate \"{}\"'", text));
    ticks = unit->ticks;
  }
  const auto count = parse_number(text.substr(0, slash), ~uint32_t{0});
  if (!count || *count == 0) return invalid(fmt::format("bad rate \"{}\"'", text));
  const auto period = static_cast<uint32_t>(ticks / *count);
  if (period == 0) return invalid(fmt::format("Rate too fast \"{}\"", text));
  return period;
}

std::string rate_text(uint32_t period) {
  size_t i = 1;
  while (i < std::size(units) && period <= units[i].ticks &&
         units[i].ticks / period >= units[i].ticks % period)
    ++i;
  return fmt::format("{}/{}", units[i - 1].ticks / period, units[i - 1].name);
}

std::optional<uint32_t> parse_probability(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !(value >= 0 && value <= 1))
    return std::nullopt;
  return static_cast<uint32_t>(std::lround(value * 0x80000000));
}

std::optional<uint64_t> dscp_class(std::string_view name) {
  std::string upper(name);
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  if (upper == "EF") return 46;
  if (upper == "BE") return 0;
  const auto digit = [&](size_t i) { return static_cast<uint64_t>(upper[i] - '0'); };
  if (upper.size() == 3 && upper.starts_with("CS") && digit(2) < 8) return digit(2) * 8;
  if (upper.size() == 4 && upper.starts_with("AF") && digit(2) - 1 < 4 && digit(3) - 1 < 3)
    return digit(2) * 8 + digit(3) * 2;
  return std::nullopt;
}

void append_decimal(std::string& out, uint64_t value) {
  std::array<char, 24> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  out.append(buffer.data(), end);
}

std::optional<MarkValue> parse_tos(std::string_view text) {
  static constexpr std::pair<std::string_view, uint32_t> names[] = {{"Minimize-Delay", 0x10},
                                                                    {"Maximize-Throughput", 8},
                                                                    {"Maximize-Reliability", 4},
                                                                    {"Minimize-Cost", 2},
                                                                    {"Normal-Service", 0}};
  for (const auto& [name, value] : names)
    if (name == text) return MarkValue{value, 0x3f};
  const size_t slash = text.find('/');
  const auto value = parse_number(text.substr(0, slash), 255);
  const auto mask =
      slash == std::string_view::npos ? uint64_t{255} : parse_number(text.substr(slash + 1), 255);
  if (!value || !mask) return std::nullopt;
  return MarkValue{static_cast<uint32_t>(*value), static_cast<uint32_t>(*mask)};
}

void append_hex(std::string& out, uint64_t value) {
  std::array<char, 24> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, 16).ptr;
  out += "0x";
  out.append(buffer.data(), end);
}

tl::unexpected<Error> bad_value(std::string_view extension, std::string_view option) {
  return invalid(
      fmt::format("{}: bad value for option \"{}\", or out of range.", extension, option));
}

}  // namespace felixsim
