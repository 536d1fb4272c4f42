// SPDX-License-Identifier: Apache-2.0
// From raw text to values, one function a kind. Mirrors felix/config/param_types.go v3.32.1. Left
// out: server lists (no parameter has them); the search for executables beyond ConfigHost::files.
#include <bit>

#include "model/config/go_regexp.h"
#include "model/config/go_text.h"
#include "model/config/parameters.h"

namespace felixsim {
namespace {

using Parsed = Result<ConfigValue>;

bool in_set(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  });
}

bool word(std::string_view text, std::string_view others, size_t longest) {
  return !text.empty() && text.size() <= longest && in_set(text, others);
}

bool digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Parsed text_if(bool ok, std::string_view raw, const char* problem, const char* help) {
  if (!ok) return invalid(problem, help);
  return ConfigValue(std::string(raw));
}

std::optional<bool> parse_bool(std::string_view raw) {
  const std::string word_given = go::lower(raw);
  for (const char* yes : {"true", "1", "yes", "y", "t"})
    if (word_given == yes) return true;
  for (const char* no : {"false", "0", "no", "n", "f"})
    if (word_given == no) return false;
  return std::nullopt;
}

Parsed parse_boolean(std::string_view raw, bool pointer) {
  const auto value = parse_bool(raw);
  if (!value) return invalid("invalid boolean", "use true or false");
  if (pointer) return ConfigValue(Nullable<bool>(*value));
  return ConfigValue(*value);
}

// Arguments "LOW:HIGH", "LOW", or several of them separated by commas: one must hold.
Parsed parse_integer(std::string_view raw, std::string_view arguments) {
  const auto value = go::parse_int(raw, 0);
  if (!value) return invalid("invalid integer", "use a number");
  for (const auto range : go::split(arguments, ',')) {
    const auto ends = go::split(range, ':');
    const auto low = go::parse_int(ends[0], 10);
    const auto high = ends.size() > 1 ? go::parse_int(ends[1], 10) : std::nullopt;
    if ((!low || *value >= *low) && (!high || *value <= *high)) return ConfigValue(*value);
  }
  return invalid("integer out of range", fmt::format("use a number in {}", arguments));
}

Parsed parse_time(std::string_view raw, double unit) {
  const auto value = go::parse_float(raw);
  if (!value) return invalid("invalid number", "use a number without unit");
  return ConfigValue(Nanoseconds{go::to_duration(*value * unit)});
}

Parsed parse_mark(std::string_view raw) {
  const auto value = go::parse_uint(raw, 0, 32);
  if (!value) return invalid("invalid mark", "use a 32-bit number such as 0xffff0000");
  if (std::popcount(*value) < 2) return invalid("mark has too few bits", "set 2 bits at least");
  return ConfigValue(static_cast<uint32_t>(*value));
}

Parsed parse_oneof(std::string_view raw, std::string_view arguments) {
  const std::string wanted = go::lower(raw);
  for (const auto option : go::split(arguments, ','))
    if (go::lower(option) == wanted) return ConfigValue(std::string(option));
  return invalid("unknown option", fmt::format("use one of {}", arguments));
}

Parsed parse_address(std::string_view raw, IpFamily family) {
  const auto ip = Ip::parse(raw);
  if (!ip || ip->family != family)
    return invalid("invalid address",
                   family == IpFamily::v4 ? "use an IPv4 address" : "use an IPv6 address");
  return ConfigValue(Nullable<Ip>(*ip));
}

Parsed parse_regexp(std::string_view raw, std::string_view arguments) {
  std::string pattern(raw);
  if (pattern.empty() && arguments.find("nil-on-empty") != std::string_view::npos)
    return ConfigValue(Nullable<Regexp>());
  if (!go::is_regexp(pattern)) return invalid("invalid regular expression", "use RE2 syntax");
  return ConfigValue(Nullable<Regexp>(Regexp{std::move(pattern)}));
}

// Elements are interface names, or regular expressions between slashes and without white space.
Parsed parse_iface_regexps(std::string_view raw) {
  std::vector<Regexp> result;
  for (const auto element : go::split(raw, ',')) {
    const bool slashes = element.size() >= 3 && element.front() == '/' && element.back() == '/' &&
                         element.find_first_of(" \t\n\f\r") == std::string_view::npos;
    if (slashes)
      result.push_back({std::string(element.substr(1, element.size() - 2))});
    else if (word(element, "_-", 15))
      result.push_back({fmt::format("^{}$", element)});
    else
      return invalid("invalid interface name or regular expression", "use NAME or /REGEXP/");
    if (!go::is_regexp(result.back().pattern))
      return invalid("invalid regular expression", "use RE2 syntax");
  }
  return ConfigValue(std::move(result));
}

Parsed parse_iface_list(std::string_view raw) {
  for (const auto element : go::split(raw, ','))
    if (!word(element, "_-", 15))
      return invalid("invalid interface name", "use letters, digits, - and _, up to 15");
  return ConfigValue(std::string(raw));
}

Parsed parse_file(std::string_view raw, std::string_view arguments, const ConfigHost& host) {
  const bool must_exist = arguments.find("must-exist") != std::string_view::npos;
  const bool executable = arguments.find("executable") != std::string_view::npos;
  const bool exists = std::find(host.files.begin(), host.files.end(), raw) != host.files.end();
  if (must_exist && !exists && (executable || !raw.empty()))
    return invalid("file does not exist", "name a file of the host");
  return ConfigValue(std::string(raw));
}

Parsed parse_authority(std::string_view raw) {
  const size_t colon = raw.find(':');
  const bool ok = colon != std::string_view::npos && colon > 0 &&
                  raw.substr(0, colon).find('/') == std::string_view::npos &&
                  digits(raw.substr(colon + 1));
  return text_if(ok, raw, "invalid authority", "use HOST:PORT");
}

// ^([1-9]\d{0,3}/(?:second|minute|hour|day))?$
Parsed parse_log_rate(std::string_view raw) {
  const size_t slash = raw.find('/');
  bool ok = raw.empty();
  if (slash != std::string_view::npos) {
    const auto number = raw.substr(0, slash), unit = raw.substr(slash + 1);
    ok = digits(number) && number.size() <= 4 && number[0] != '0' &&
         (unit == "second" || unit == "minute" || unit == "hour" || unit == "day");
  }
  return text_if(ok, raw, "invalid log rate", "use NUMBER/second, /minute, /hour or /day");
}

// A DNS label that still fits into a namespace's name behind "openstack-region-".
Parsed parse_region(std::string_view raw) {
  constexpr size_t longest = 63 - std::string_view("openstack-region-").size();
  const auto inner = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  const bool ok = !raw.empty() && raw.size() <= longest &&
                  std::all_of(raw.begin(), raw.end(), inner) && raw.front() != '-' &&
                  raw.back() != '-';
  return text_if(ok, raw, "invalid region", "use a DNS label of lower-case letters");
}

constexpr std::pair<std::string_view, uint8_t> dscp_names[] = {
    {"DF", 0},    {"EF", 46},   {"AF11", 10}, {"AF12", 12}, {"AF13", 14}, {"AF21", 18},
    {"AF22", 20}, {"AF23", 22}, {"AF31", 26}, {"AF32", 28}, {"AF33", 30}, {"AF41", 34},
    {"AF42", 36}, {"AF43", 38}, {"CS0", 0},   {"CS1", 8},   {"CS2", 16},  {"CS3", 24},
    {"CS4", 32},  {"CS5", 40},  {"CS6", 48}};

// A number up to 63, or a name. A name with white space around it is kept as it was given.
Parsed parse_dscp(std::string_view raw) {
  if (const auto number = go::parse_uint(raw, 10, 6))
    return ConfigValue(Dscp{"", static_cast<uint8_t>(*number)});
  const std::string wanted = go::lower(go::trim_space(raw));
  for (const auto& [name, number] : dscp_names)
    if (go::lower(name) == wanted)
      return ConfigValue(
          Dscp{raw.size() == name.size() ? std::string(name) : std::string(raw), number});
  return invalid("invalid DSCP", "use a number up to 63, or a name such as EF");
}

}  // namespace

// In parse_lists.cc.
Result<ConfigValue> parse_list(ParameterKind kind, std::string_view arguments,
                               std::string_view raw);

Result<ConfigValue> parse_parameter(const Parameter& parameter, std::string_view raw,
                                    const ConfigHost& host) {
  using K = ParameterKind;
  switch (parameter.kind) {
    case K::boolean:
      return parse_boolean(raw, false);
    case K::boolean_pointer:
      return parse_boolean(raw, true);
    case K::integer:
      return parse_integer(raw, parameter.arguments);
    case K::seconds:
      return parse_time(raw, 1e9);
    case K::millis:
      return parse_time(raw, 1e6);
    case K::mark_bitmask:
      return parse_mark(raw);
    case K::oneof:
      return parse_oneof(raw, parameter.arguments);
    case K::ipv4:
      return parse_address(raw, IpFamily::v4);
    case K::ipv6:
      return parse_address(raw, IpFamily::v6);
    case K::regexp:
      return parse_regexp(raw, parameter.arguments);
    case K::iface_list_regexp:
      return parse_iface_regexps(raw);
    case K::iface_list:
      return parse_iface_list(raw);
    case K::iface_param:
      return text_if(word(raw, ":._+-", 15), raw, "invalid interface", "use up to 15 characters");
    case K::file:
      return parse_file(raw, parameter.arguments, host);
    case K::authority:
      return parse_authority(raw);
    case K::hostname:
      return text_if(word(raw, "_.-", raw.size()), raw, "invalid host name",
                     "use letters, digits, . - and _");
    case K::host_address:
      return text_if(word(raw, ":._+-", 64), raw, "invalid host address",
                     "use a name or an address");
    case K::log_rate:
      return parse_log_rate(raw);
    case K::region:
      return parse_region(raw);
    case K::string:
      return text_if(raw.find('\n') == std::string_view::npos, raw, "text of several lines",
                     "use one line");
    case K::dscp:
      return parse_dscp(raw);
    case K::cidr_list:
    case K::endpoint_list:
    case K::iface_filter_slice:
    case K::key_duration_list:
    case K::key_value_list:
    case K::port_list:
    case K::portrange:
    case K::portrange_list:
    case K::route_table_range:
    case K::route_table_ranges:
      return parse_list(parameter.kind, parameter.arguments, raw);
  }
  return invalid("unknown kind of parameter");
}

ConfigValue zero_value(ParameterKind kind) {
  using K = ParameterKind;
  switch (kind) {
    case K::boolean:
      return false;
    case K::boolean_pointer:
      return Nullable<bool>();
    case K::integer:
      return int64_t{0};
    case K::seconds:
    case K::millis:
      return Nanoseconds{};
    case K::mark_bitmask:
      return uint32_t{0};
    case K::ipv4:
    case K::ipv6:
      return Nullable<Ip>();
    case K::regexp:
      return Nullable<Regexp>();
    case K::iface_list_regexp:
      return std::vector<Regexp>();
    case K::dscp:
      return Dscp{};
    case K::portrange:
      return Port{};
    case K::route_table_range:
      return IndexRange{};
    case K::cidr_list:
    case K::endpoint_list:
    case K::iface_filter_slice:
      return Nullable<std::vector<std::string>>();
    case K::port_list:
      return Nullable<std::vector<ProtoPort>>();
    case K::portrange_list:
      return Nullable<std::vector<Port>>();
    case K::route_table_ranges:
      return Nullable<std::vector<IndexRange>>();
    case K::key_value_list:
      return Nullable<StringMap>();
    case K::key_duration_list:
      return Nullable<std::map<std::string, Nanoseconds>>();
    case K::authority:
    case K::file:
    case K::host_address:
    case K::hostname:
    case K::iface_list:
    case K::iface_param:
    case K::log_rate:
    case K::oneof:
    case K::region:
    case K::string:
      return std::string();
  }
  return std::string();
}

bool matches(const Regexp& regexp, const std::string& text) {
  return go::matches(regexp.pattern, text);
}

}  // namespace felixsim
