// SPDX-License-Identifier: Apache-2.0
// Parameters that hold lists, ranges and maps. Mirrors felix/config/param_types.go v3.32.1, and
// felix/stringutils (ParseKeyValueList, ParseKeyDurationList) and numorstring.PortFromString.
#include "model/config/go_text.h"
#include "model/config/parameters.h"

namespace felixsim {

Result<ConfigValue> parse_list(ParameterKind kind, std::string_view arguments,
                               std::string_view raw);

namespace {

using Parsed = Result<ConfigValue>;

bool word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Arguments "v4": no others.
Parsed parse_cidrs(std::string_view raw, std::string_view arguments) {
  std::vector<std::string> result;
  for (const auto part : go::split(raw, ',')) {
    const auto text = go::trim_blanks(part);
    if (text.empty()) continue;
    const auto cidr = Cidr::parse_cidr_or_ip(text);
    if (!cidr || (arguments == "v4" && !cidr->address.is_v4()))
      return invalid("invalid CIDR or address", "use 10.0.0.0/8 or 10.0.0.1");
    result.push_back(cidr->str());
  }
  return ConfigValue(Nullable<std::vector<std::string>>(std::move(result)));
}

Parsed parse_endpoints(std::string_view raw) {
  std::vector<std::string> result;
  for (const auto part : go::split(raw, ',')) {
    const auto text = go::trim_blanks(part);
    if (text.empty()) continue;
    auto endpoint = go::canonical_endpoint(text);
    if (!endpoint) return invalid("invalid endpoint", "use http://HOST:PORT or https://HOST:PORT");
    result.push_back(std::move(*endpoint));
  }
  return ConfigValue(Nullable<std::vector<std::string>>(std::move(result)));
}

Parsed parse_interfaces(std::string_view raw) {
  std::vector<std::string> result;
  for (const auto part : go::split(raw, ',')) {
    const auto text = go::trim_blanks(part);
    if (text.empty()) continue;
    const bool ok =
        text.size() <= 15 && std::all_of(text.begin(), text.end(), [](char c) {
          return word_char(c) || std::string_view(":.+-").find(c) != std::string_view::npos;
        });
    if (!ok) return invalid("invalid interface", "use up to 15 characters");
    result.emplace_back(text);
  }
  return ConfigValue(Nullable<std::vector<std::string>>(std::move(result)));
}

// PROTOCOL:NET:PORT, PROTOCOL:PORT or PORT; an IPv6 net stands in brackets.
Result<ProtoPort> parse_proto_port(std::string port_text) {
  std::string net;
  if (port_text.find('[') != std::string::npos && port_text.find(']') != std::string::npos) {
    const size_t start = port_text.find('['), end = port_text.find("]:");
    if (end == std::string::npos || end < start) return invalid("invalid IPv6 net in a port");
    net = port_text.substr(start + 1, end - start - 1);
    port_text.erase(start, end + 2 - start);
  }
  const auto parts = go::split(port_text, ':');
  if (parts.size() > 3) return invalid("too many colons in a port");
  if (parts.size() == 3) net = parts[1];
  ProtoPort result;
  result.protocol = parts.size() > 1 ? go::lower(parts[0]) : "tcp";
  if (result.protocol != "tcp" && result.protocol != "udp") return invalid("unknown protocol");
  const auto number = go::parse_int(parts.back(), 10);
  if (!number || *number < 0 || *number > 65535) return invalid("invalid port number");
  result.port = static_cast<uint16_t>(*number);
  if (!net.empty()) {
    const auto cidr = Cidr::parse_cidr_or_ip(net);
    if (!cidr) return invalid("invalid CIDR or address in a port");
    result.net = cidr->str();
  }
  return result;
}

Parsed parse_proto_ports(std::string_view raw) {
  Nullable<std::vector<ProtoPort>> result;
  for (const auto part : go::split(raw, ',')) {
    const auto text = go::trim_blanks(part);
    if (text.empty()) continue;
    auto port = parse_proto_port(std::string(text));
    if (!port) {
      port.error().help = "use PORT, PROTOCOL:PORT or PROTOCOL:NET:PORT with tcp or udp";
      return forward(port);
    }
    if (!result) result.emplace();
    result->push_back(std::move(*port));
  }
  return ConfigValue(std::move(result));
}

Result<Port> parse_port_range(std::string_view text) {
  const auto ends = go::split(text, ':');
  const auto fail_range = [] {
    return invalid("invalid port range", "use PORT or FIRST:LAST, up to 65535");
  };
  if (ends.size() > 2 || !digits(ends.front()) || !digits(ends.back())) return fail_range();
  const auto first = go::parse_uint(ends.front(), 10, 16);
  const auto last = go::parse_uint(ends.back(), 10, 16);
  if (!first || !last || *first > *last) return fail_range();
  return Port{static_cast<uint16_t>(*first), static_cast<uint16_t>(*last), {}};
}

Parsed parse_port_ranges(std::string_view raw) {
  std::vector<Port> result;
  for (const auto part : go::split(raw, ',')) {
    auto range = parse_port_range(part);
    if (!range) return forward(range);
    result.push_back(*range);
  }
  return ConfigValue(Nullable<std::vector<Port>>(std::move(result)));
}

Parsed parse_table_range(std::string_view raw) {
  const auto ends = go::split(raw, '-');
  if (ends.size() == 2 && digits(ends[0]) && digits(ends[1])) {
    const auto first = go::parse_int(ends[0], 10), last = go::parse_int(ends[1], 10);
    if (first && last && *first >= 1 && *last >= *first && *last <= 250)
      return ConfigValue(IndexRange{*first, *last});
  }
  return invalid("invalid range of routing tables", "use FIRST-LAST within 1-250");
}

// The next "DIGITS-DIGITS" anywhere in `text`, as a regular expression finds it.
bool take_table_range(std::string_view& text, std::string_view& first, std::string_view& last) {
  for (size_t dash = text.find('-'); dash != std::string_view::npos;
       dash = text.find('-', dash + 1)) {
    size_t start = dash, end = dash + 1;
    while (start > 0 && digits(text.substr(start - 1, 1))) --start;
    while (end < text.size() && digits(text.substr(end, 1))) ++end;
    if (start == dash || end == dash + 1) continue;
    first = text.substr(start, dash - start);
    last = text.substr(dash + 1, end - dash - 1);
    text.remove_prefix(end);
    return true;
  }
  return false;
}

Parsed parse_table_ranges(std::string_view raw) {
  constexpr int64_t highest_table = 0xffffffff, most_tables = 0xffff;
  std::vector<IndexRange> result;
  int64_t tables = 0;
  std::string_view first_text, last_text;
  while (take_table_range(raw, first_text, last_text)) {
    const auto first = go::parse_int(first_text, 10), last = go::parse_int(last_text, 10);
    if (!first || !last || *first <= 0 || *first > *last || *last > highest_table)
      return invalid("invalid range of routing tables", "use FIRST-LAST");
    tables += *last - *first + 1;
    if (tables > most_tables) return invalid("too many routing tables", "use 65535 at most");
    result.push_back({*first, *last});
  }
  if (result.empty()) return invalid("no range of routing tables", "use FIRST-LAST,FIRST-LAST");
  return ConfigValue(Nullable<std::vector<IndexRange>>(std::move(result)));
}

// One item as the regular expression `\s*(\w+)=(.*)` finds it anywhere in the text: the first run
// of word characters that a "=" follows, and the rest of that line.
bool find_key_value(std::string_view item, std::string_view& key, std::string_view& value) {
  for (size_t equals = item.find('='); equals != std::string_view::npos;
       equals = item.find('=', equals + 1)) {
    size_t start = equals;
    while (start > 0 && word_char(item[start - 1])) --start;
    if (start == equals) continue;
    key = item.substr(start, equals - start);
    value = item.substr(equals + 1);
    value = value.substr(0, value.find('\n'));
    return true;
  }
  return false;
}

Result<StringMap> parse_key_values(std::string_view raw) {
  StringMap result;
  if (go::trim_space(raw).empty()) return result;
  for (const auto item : go::split(raw, ',')) {
    if (item.empty()) continue;
    std::string_view key, value;
    if (!find_key_value(item, key, value))
      return invalid("invalid item", "use KEY=VALUE,KEY=VALUE");
    result[std::string(key)] = value;
  }
  return result;
}

Parsed parse_key_durations(std::string_view raw) {
  auto pairs = parse_key_values(raw);
  if (!pairs) return forward(pairs);
  std::map<std::string, Nanoseconds> result;
  for (const auto& [key, value] : *pairs) {
    const auto duration = go::parse_duration(go::trim_space(value));
    if (!duration) return invalid("invalid duration", "use KEY=1h2m3s");
    result[key] = {*duration};
  }
  return ConfigValue(Nullable<std::map<std::string, Nanoseconds>>(std::move(result)));
}

}  // namespace

Result<ConfigValue> parse_list(ParameterKind kind, std::string_view arguments,
                               std::string_view raw) {
  using K = ParameterKind;
  if (kind == K::cidr_list) return parse_cidrs(raw, arguments);
  if (kind == K::endpoint_list) return parse_endpoints(raw);
  if (kind == K::iface_filter_slice) return parse_interfaces(raw);
  if (kind == K::port_list) return parse_proto_ports(raw);
  if (kind == K::portrange_list) return parse_port_ranges(raw);
  if (kind == K::route_table_range) return parse_table_range(raw);
  if (kind == K::route_table_ranges) return parse_table_ranges(raw);
  if (kind == K::key_duration_list) return parse_key_durations(raw);
  if (kind == K::portrange) {
    auto range = parse_port_range(raw);
    if (!range) return forward(range);
    return ConfigValue(*range);
  }
  auto pairs = parse_key_values(raw);
  if (!pairs) return forward(pairs);
  return ConfigValue(Nullable<StringMap>(std::move(*pairs)));
}

}  // namespace felixsim
