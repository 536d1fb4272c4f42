// SPDX-License-Identifier: Apache-2.0
// See route_text.h. Mirrors iproute2 6.1 iproute.c print_route, print_rta_multipath,
// iproute_modify and parse_nexthops.
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
constexpr std::pair<int, std::string_view> scope_names[] = {
    {0, "global"}, {200, "site"}, {253, "link"}, {254, "host"}, {255, "nowhere"}};
constexpr std::pair<Route::Type, std::string_view> type_names[] = {
    {Route::Type::unicast, "unicast"},
    {Route::Type::local, "local"},
    {Route::Type::broadcast, "broadcast"},
    {Route::Type::blackhole, "blackhole"},
    {Route::Type::unreachable, "unreachable"},
    {Route::Type::prohibit, "prohibit"},
    {Route::Type::throw_, "throw"}};

// What iproute2 has room for in one message, which limits the number of next hops.
constexpr size_t max_message_bytes = 4096, head_bytes = 28;

// iproute2 takes these also abbreviated.
bool is_short_for(std::string_view word, std::string_view key) {
  return !word.empty() && key.starts_with(word);
}

std::string_view key_of(std::string_view word) {
  for (const std::string_view key :
       {"dev", "via", "scope", "pref", "mtu", "onlink", "nexthop", "weight", "linkdown", "dead"})
    if (word == key) return key;
  if (word == "oif") return "dev";
  for (const std::string_view key : {"src", "table", "protocol"})
    if (is_short_for(word, key)) return key;
  for (const std::string_view key : {"metric", "priority", "preference"})
    if (is_short_for(word, key)) return "metric";
  return {};
}

tl::unexpected<Error> wrong(std::string_view value, std::string_view why) {
  return invalid(fmt::format("argument \"{}\" is wrong: {}\n", value, why));
}

std::string_view family_word(IpFamily family) { return family == IpFamily::v4 ? "inet" : "inet6"; }

tl::unexpected<Error> not_expected(IpFamily family, std::string_view what, std::string_view word) {
  return invalid(
      fmt::format("{} {} is expected rather than \"{}\".", family_word(family), what, word));
}

std::optional<uint32_t> number32(std::string_view text) {
  const auto number = parse_number(text, ~uint32_t{0});
  return number ? std::optional(static_cast<uint32_t>(*number)) : std::nullopt;
}

std::optional<Cidr> parse_destination(std::string_view text, IpFamily family) {
  if (text == "default" || text == "all" || text == "any") return Cidr{Ip{family, {}}, 0};
  auto net = Cidr::parse_cidr_or_ip(text);
  return net && net->address.family == family ? net : std::nullopt;
}

// Reads the words of one route.
class RouteReader {
 public:
  RouteReader(std::string_view rest, IpFamily family) : rest_(rest), family_(family) {
    out_.route.dst.address.family = family;
  }

  Result<RouteWords> read() {
    auto word = take_word(rest_);
    for (const auto& [type, name] : type_names)
      if (name == word) {
        out_.route.type = type;
        out_.names_type = true;
        word = take_word(rest_);
        break;
      }
    for (; !word.empty(); word = take_word(rest_)) {
      const auto key = key_of(word);
      if (key == "nexthop") return read_next_hops();
      if (auto ok = key.empty() ? take_destination(word) : take(key); !ok) return forward(ok);
    }
    if (!has_any_) return invalid("a route needs a destination");
    return std::move(out_);
  }

 private:
  Status take_destination(std::string_view word) {
    if (word == "to") word = take_word(rest_);
    if (out_.names_destination)
      return invalid(fmt::format("either \"to\" is duplicate, or \"{}\" is a garbage.", word));
    const auto dst = parse_destination(word, family_);
    if (!dst) return not_expected(family_, "prefix", word);
    out_.route.dst = *dst;
    has_any_ = out_.names_destination = true;
    return {};
  }

  Result<std::string_view> take_value() {
    const auto value = take_word(rest_);
    if (value.empty()) return invalid("Command line is not complete. Try option \"help\"");
    return value;
  }

  Status take_address(std::string_view word, std::optional<Ip>& out) const {
    out = Ip::parse(word);
    if (out && out->family == family_) return {};
    return not_expected(family_, "address", word);
  }

  Status take(std::string_view key) {
    Route& route = out_.route;
    has_any_ = true;
    if (key == "onlink") route.onlink = true;
    if (key == "onlink" || key == "linkdown" || key == "dead") return {};
    auto value = take_value();
    if (!value) return forward(value);
    if (key == "dev") route.device = *value;
    if (key == "via") return take_address(*value, route.gateway);
    if (key == "src") return take_address(*value, route.source);
    if (key == "scope") return take_scope(*value);
    if (key == "table") {
      const auto table = table_number(*value);
      if (!table) return wrong(*value, "table value is invalid");
      route.table = *table == 0 ? 254 : *table;
    } else if (key == "protocol") {
      const auto protocol = protocol_number(*value);
      if (!protocol) return wrong(*value, "\"protocol\" value is invalid");
      route.protocol = *protocol;
      out_.names_protocol = true;
    } else if (key == "metric" || key == "mtu") {
      const auto number = number32(*value);
      if (!number) return wrong(*value, fmt::format("\"{}\" value is invalid", key));
      if (key == "metric")
        route.metric = *number;
      else
        route.mtu_bytes = static_cast<int>(*number);
    } else if (key == "weight") {
      return invalid("either \"to\" is duplicate, or \"weight\" is a garbage.");
    }
    return {};
  }

  Status take_scope(std::string_view value) {
    out_.names_scope = true;
    for (const auto& [number, name] : scope_names)
      if (name == value || std::to_string(number) == value) {
        out_.route.scope = number == 0 ? "" : name;
        return {};
      }
    const auto number = parse_number(value, 255);
    if (!number) return wrong(value, "invalid \"scope\" value");
    out_.route.scope = std::to_string(*number);
    return {};
  }

  // All that follows the first "nexthop".
  Result<RouteWords> read_next_hops() {
    std::vector<NextHop> hops;
    size_t bytes = 4;
    std::string_view word = "nexthop";
    while (!word.empty()) {
      if (word != "nexthop")
        return invalid(
            fmt::format("\"nexthop\" or end of line is expected instead of \"{}\"", word));
      NextHop& hop = hops.emplace_back();
      word = take_word(rest_);
      if (word.empty()) return invalid("unexpected end of line after \"nexthop\"");
      for (bool known = true; known && !word.empty() && word != "nexthop";) {
        auto taken = take_hop_word(word, hop);
        if (!taken) return forward(taken);
        known = *taken;
        if (known) word = take_word(rest_);
      }
      bytes += 8 + (hop.gateway ? 4 + address_bytes() : 0);
      if (bytes > max_message_bytes)
        return invalid("rta_addattr_l: Error! max allowed bound 4096 exceeded");
    }
    const size_t dst_bytes = out_.route.dst.length > 0 ? 4 + address_bytes() : 0;
    if (head_bytes + dst_bytes + bytes > max_message_bytes)
      return invalid("addattr_l ERROR: message exceeded bound of 4096");
    out_.route.next_hops = std::move(hops);
    return std::move(out_);
  }

  // False: the word is none of a next hop's.
  Result<bool> take_hop_word(std::string_view word, NextHop& hop) {
    if (word == "onlink") return hop.onlink = true;
    if (word == "dead") return hop.dead = true;
    if (word == "linkdown") return true;
    if (word != "via" && word != "dev" && word != "weight") return false;
    auto value = take_value();
    if (!value) return forward(value);
    if (word == "dev") hop.device = *value;
    if (word == "via")
      if (auto ok = take_address(*value, hop.gateway); !ok) return forward(ok);
    if (word == "weight") {
      const auto weight = parse_number(*value, 256);
      if (!weight || *weight == 0) return wrong(*value, "\"weight\" is invalid");
      hop.weight = static_cast<int>(*weight);
    }
    return true;
  }

  size_t address_bytes() const { return family_ == IpFamily::v4 ? 4 : 16; }

  std::string_view rest_;
  IpFamily family_;
  RouteWords out_;
  bool has_any_ = false;
};

std::string net_text(const Cidr& net) {
  return net.length == net.address.max_prefix() ? net.address.str() : net.str();
}

std::string hop_text(const NextHop& hop) {
  std::string out = "\n\tnexthop ";
  if (hop.gateway) out += "via " + hop.gateway->str() + " ";
  if (!hop.device.empty()) out += "dev " + hop.device + " ";
  out += fmt::format("weight {} ", hop.weight);
  if (hop.dead) out += "dead ";
  if (hop.onlink) out += "onlink ";
  if (hop.dead) out += "linkdown ";
  return out;
}

// The order of the kernel's tries: IPv4 by address, the longest prefix first; IPv6 what is inside a
// prefix before it. Within a destination as they are.
bool is_printed_before(const Route& a, const Route& b) {
  if (a.dst == b.dst) return false;
  if (a.dst.address.is_v4())
    return a.dst.address != b.dst.address ? a.dst.address < b.dst.address
                                          : a.dst.length > b.dst.length;
  if (b.dst.contains(a.dst)) return true;
  return !a.dst.contains(b.dst) && a.dst < b.dst;
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

std::string table_name(int table) {
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

int scope_number(std::string_view scope) {
  if (scope.empty()) return 0;
  for (const auto& [number, name] : scope_names)
    if (name == scope) return number;
  return static_cast<int>(parse_number(scope, 255).value_or(0));
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
  if (route.table != 254) out += "table " + table_name(route.table) + " ";
  if (route.protocol != 3) out += "proto " + protocol_name(route.protocol) + " ";
  if (v4 && !route.scope.empty()) out += "scope " + route.scope + " ";
  if (route.source) out += "src " + route.source->str() + " ";
  if (!v4 || route.metric != 0) out += "metric " + std::to_string(route.metric) + " ";
  if (route.onlink) out += "onlink ";
  if (route.mtu_bytes) out += "mtu " + std::to_string(*route.mtu_bytes) + " ";
  if (!v4) out += "pref medium";
  for (const auto& hop : route.next_hops) out += hop_text(hop);
  return out;
}

Result<RouteWords> parse_route_words(std::string_view words, IpFamily family) {
  return RouteReader(words, family).read();
}

Result<Route> parse_route(std::string_view line, IpFamily family) {
  auto words = parse_route_words(line, family);
  if (!words) return forward(words);
  if (!words->names_destination)
    return invalid(fmt::format("a route needs a destination: {}", line));
  return std::move(words->route);
}

std::string print_routes(const std::set<Route>& routes, IpFamily family) {
  std::vector<const Route*> ordered;
  for (const auto& route : routes)
    if (route.dst.address.family == family) ordered.push_back(&route);
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const Route* a, const Route* b) { return is_printed_before(*a, *b); });
  std::map<std::pair<int, int>, std::string> tables;
  for (const auto* route : ordered)
    tables[{route->table & 255, route->table}] += print_route(*route) + "\n";
  std::string out;
  for (const auto& [place, text] : tables) out += text;
  return out;
}

Result<std::set<Route>> parse_routes(std::string_view text, IpFamily family) {
  std::set<Route> routes;
  std::map<std::tuple<Cidr, int, uint32_t>, int> ranks;
  for (int number = 1; !text.empty(); ++number) {
    const int first = number;
    std::string line(take_line(text));
    if (trim(line).empty()) continue;
    for (; text.starts_with("\tnexthop "); ++number) line += take_line(text);
    auto route = parse_route(line, family);
    if (!route) return invalid(fmt::format("line {}: {}", first, route.error().message));
    route->rank = ranks[{route->dst, route->table, route->metric}]++;
    routes.insert(std::move(*route));
  }
  return routes;
}

}  // namespace felixsim
