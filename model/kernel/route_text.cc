// SPDX-License-Identifier: Apache-2.0
// See route_text.h. Mirrors iproute2 6.1 iproute.c print_route and iprule.c print_rule.
#include "model/kernel/route_text.h"

#include "model/kernel/words.h"

namespace felixsim {
namespace {

constexpr std::pair<int, std::string_view> protocol_names[] = {
    {0, "unspec"},    {1, "redirect"}, {2, "kernel"}, {3, "boot"},   {4, "static"},
    {8, "gated"},     {9, "ra"},       {10, "mrt"},   {11, "zebra"}, {12, "bird"},
    {13, "dnrouted"}, {14, "xorp"},    {15, "ntk"},   {16, "dhcp"},  {18, "keepalived"},
    {42, "babel"},    {99, "openr"},   {186, "bgp"},  {187, "isis"}, {188, "ospf"},
    {189, "rip"},     {192, "eigrp"}};
constexpr std::pair<int, std::string_view> table_names[] = {
    {0, "unspec"}, {253, "default"}, {254, "main"}, {255, "local"}};
constexpr std::pair<Route::Type, std::string_view> type_names[] = {
    {Route::Type::unicast, "unicast"},
    {Route::Type::local, "local"},
    {Route::Type::broadcast, "broadcast"},
    {Route::Type::blackhole, "blackhole"},
    {Route::Type::unreachable, "unreachable"},
    {Route::Type::prohibit, "prohibit"},
    {Route::Type::throw_, "throw"}};

std::string table_text(int table) {
  for (const auto& [number, name] : table_names)
    if (number == table) return std::string(name);
  return std::to_string(table);
}

std::optional<int> table_number(std::string_view text) {
  for (const auto& [number, name] : table_names)
    if (name == text) return number;
  if (const auto number = parse_number(text, 0x7fffffff)) return static_cast<int>(*number);
  return std::nullopt;
}

std::string net_text(const Cidr& net) {
  return net.length == net.address.max_prefix() ? net.address.str() : net.str();
}

std::optional<Cidr> parse_net(std::string_view text, IpFamily family) {
  if (text == "default" || text == "all")
    return family == IpFamily::v4 ? Cidr{} : Cidr{Ip{IpFamily::v6, {}}, 0};
  auto net = Cidr::parse_cidr_or_ip(text);
  return net && net->address.family == family ? net : std::nullopt;
}

std::optional<uint32_t> number32(std::string_view text) {
  const auto number = parse_number(text, ~uint32_t{0});
  return number ? std::optional(static_cast<uint32_t>(*number)) : std::nullopt;
}

// One "key value" pair of a route line; false: the value does not fit.
bool take_route_value(Route& route, std::string_view key, std::string_view value) {
  const auto number = number32(value);
  if (key == "dev") {
    route.device = value;
    return !value.empty();
  }
  if (key == "via") return (route.gateway = Ip::parse(value)).has_value();
  if (key == "src") return (route.source = Ip::parse(value)).has_value();
  if (key == "scope") {
    route.scope = value == "global" ? "" : value;
    return !value.empty();
  }
  if (key == "pref") return true;
  if (key == "table" || key == "proto" || key == "protocol") {
    const auto found = key == "table" ? table_number(value) : protocol_number(value);
    if (found) (key == "table" ? route.table : route.protocol) = *found;
    return found.has_value();
  }
  if (!number) return false;
  if (key == "metric" || key == "priority" || key == "preference") route.metric = *number;
  if (key == "mtu") route.mtu_bytes = static_cast<int>(*number);
  return true;
}

bool is_route_key(std::string_view word) {
  static constexpr std::string_view keys[] = {"dev",    "via",      "src",        "scope",
                                              "pref",   "table",    "proto",      "protocol",
                                              "metric", "priority", "preference", "mtu"};
  return std::find(std::begin(keys), std::end(keys), word) != std::end(keys);
}

}  // namespace

std::string protocol_name(int protocol) {
  for (const auto& [number, name] : protocol_names)
    if (number == protocol) return std::string(name);
  return std::to_string(protocol);
}

std::optional<int> protocol_number(std::string_view text) {
  for (const auto& [number, name] : protocol_names)
    if (name == text) return number;
  if (const auto number = parse_number(text, 255)) return static_cast<int>(*number);
  return std::nullopt;
}

std::string print_route(const Route& route) {
  const bool v4 = route.dst.address.is_v4();
  std::string out;
  if (route.type != Route::Type::unicast)
    for (const auto& [type, name] : type_names)
      if (type == route.type) out = std::string(name) + " ";
  out += route.dst.length == 0 ? "default" : net_text(route.dst);
  out += ' ';
  if (route.gateway) out += "via " + route.gateway->str() + " ";
  if (!route.device.empty()) out += "dev " + route.device + " ";
  if (route.table != 254) out += "table " + table_text(route.table) + " ";
  if (route.protocol != 3) out += "proto " + protocol_name(route.protocol) + " ";
  if (v4 && !route.scope.empty()) out += "scope " + route.scope + " ";
  if (route.source) out += "src " + route.source->str() + " ";
  if (!v4 || route.metric != 0) out += "metric " + std::to_string(route.metric) + " ";
  if (route.onlink) out += "onlink ";
  if (route.mtu_bytes) out += "mtu " + std::to_string(*route.mtu_bytes) + " ";
  if (!v4) out += "pref medium";
  return out;
}

Result<Route> parse_route(std::string_view line, IpFamily family) {
  Route route;
  std::string_view rest = line;
  auto word = take_word(rest);
  for (const auto& [type, name] : type_names)
    if (name == word) {
      route.type = type;
      word = take_word(rest);
      break;
    }
  const auto dst = parse_net(word, family);
  if (!dst) return invalid(fmt::format("a route needs a destination, not '{}'", word));
  route.dst = *dst;
  while (!(word = take_word(rest)).empty()) {
    if (word == "onlink")
      route.onlink = true;
    else if (word == "linkdown" || word == "dead")
      continue;
    else if (!is_route_key(word))
      return invalid(fmt::format("'{}' of a route is not known", word));
    else if (const auto value = take_word(rest); !take_route_value(route, word, value))
      return invalid(fmt::format("'{} {}' of a route cannot be read", word, value));
  }
  return route;
}

std::string print_routes(const std::set<Route>& routes, IpFamily family) {
  std::vector<const Route*> ordered;
  for (const auto& route : routes)
    if (route.dst.address.family == family) ordered.push_back(&route);
  // The trie of IPv6 is walked children first.
  if (family == IpFamily::v6)
    std::stable_sort(ordered.begin(), ordered.end(), [](const Route* a, const Route* b) {
      if (a->dst == b->dst) return false;
      if (b->dst.contains(a->dst)) return true;
      return !a->dst.contains(b->dst) && a->dst < b->dst;
    });
  std::map<int, std::string> tables;
  for (const auto* route : ordered) tables[route->table] += print_route(*route) + "\n";
  std::string out = tables[254];
  for (const auto& [table, text] : tables)
    if (table != 254) out += text;
  return out;
}

Result<std::set<Route>> parse_routes(std::string_view text, IpFamily family) {
  std::set<Route> routes;
  for (int number = 1; !text.empty(); ++number) {
    const auto line = take_line(text);
    if (trim(line).empty()) continue;
    auto route = parse_route(line, family);
    if (!route) return invalid(fmt::format("line {}: {}", number, route.error().message));
    routes.insert(std::move(*route));
  }
  return routes;
}

std::string print_rule(const RoutingRule& rule) {
  std::string out = fmt::format("{}:\t", rule.priority);
  if (rule.invert) out += "not ";
  out += "from " + (rule.from && rule.from->length > 0 ? net_text(*rule.from) : "all");
  if (rule.to) out += " to " + net_text(*rule.to);
  if (rule.mark) {
    out += fmt::format(" fwmark {:#x}", *rule.mark);
    if (rule.mask && *rule.mask != ~uint32_t{0}) out += fmt::format("/{:#x}", *rule.mask);
  }
  return out + " lookup " + table_text(rule.table);
}

Result<RoutingRule> parse_rule(std::string_view line, IpFamily family) {
  RoutingRule rule;
  rule.family = family;
  std::string_view rest = line;
  auto word = take_word(rest);
  const auto cannot = [&] { return invalid(fmt::format("rule cannot be read: {}", line)); };
  if (word.ends_with(':')) {
    const auto priority = number32(word.substr(0, word.size() - 1));
    if (!priority) return cannot();
    rule.priority = *priority;
    word = take_word(rest);
  }
  for (; !word.empty(); word = take_word(rest)) {
    if (word == "not") {
      rule.invert = true;
      continue;
    }
    const auto value = take_word(rest);
    if (word == "from" || word == "to") {
      const auto net = parse_net(value, family);
      if (!net) return cannot();
      if (net->length > 0) (word == "from" ? rule.from : rule.to) = net;
    } else if (word == "fwmark") {
      const size_t slash = value.find('/');
      rule.mark = number32(value.substr(0, slash));
      if (slash != std::string_view::npos) rule.mask = number32(value.substr(slash + 1));
      if (!rule.mark || (slash != std::string_view::npos && !rule.mask)) return cannot();
    } else if (word == "lookup" || word == "table") {
      const auto table = table_number(value);
      if (!table) return cannot();
      rule.table = *table;
    } else if (word == "pref" || word == "priority" || word == "preference") {
      const auto priority = number32(value);
      if (!priority) return cannot();
      rule.priority = *priority;
    } else {
      return cannot();
    }
  }
  return rule;
}

std::string print_rules(const std::set<RoutingRule>& rules, IpFamily family) {
  std::string out;
  for (const auto& rule : rules)
    if (rule.family == family) out += print_rule(rule) + "\n";
  return out;
}

Result<std::set<RoutingRule>> parse_rules(std::string_view text, IpFamily family) {
  std::set<RoutingRule> rules;
  while (!text.empty()) {
    const auto line = take_line(text);
    if (trim(line).empty()) continue;
    auto rule = parse_rule(line, family);
    if (!rule) return forward(rule);
    rules.insert(*rule);
  }
  return rules;
}

}  // namespace felixsim
