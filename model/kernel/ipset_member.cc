// SPDX-License-Identifier: Apache-2.0
#include "model/kernel/ipset_member.h"

#include <bit>

#include "model/kernel/ipt_rule.h"
#include "model/kernel/ipt_values.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

constexpr size_t max_members = 1 << 20;  // of one element
constexpr size_t max_interface_name = 15;
constexpr uint64_t max_timeout = 2147483;

using Texts = std::vector<std::string>;

IpFamily family_of(const IpSet& set) { return set.family == "inet6" ? IpFamily::v6 : IpFamily::v4; }

std::string net_text(const Cidr& net) {
  return net.length == net.address.max_prefix() ? net.address.str() : net.str();
}

tl::unexpected<Error> too_many(std::string_view text) {
  return fail(ErrorCode::unsupported,
              fmt::format("felixsim does not spread {} out into its members", text));
}

// "low-high" of IPv4, in either order.
std::optional<std::pair<uint32_t, uint32_t>> v4_range(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto low = Ip::parse(text.substr(0, dash)), high = Ip::parse(text.substr(dash + 1));
  if (!low || !high || !low->is_v4() || !high->is_v4()) return std::nullopt;
  return std::minmax({low->to_u32(), high->to_u32()});
}

Result<Cidr> parse_net(const IpSet& set, std::string_view text) {
  const auto net = Cidr::parse_cidr_or_ip(text);
  if (!net) return invalid(fmt::format("Syntax error: cannot parse {}: resolving failed", text));
  if (net->address.family != family_of(set))
    return invalid(fmt::format("Syntax error: cannot parse {}: resolving to {} address failed",
                               text, family_name(family_of(set))));
  return *net;
}

Result<Texts> one_address(const IpSet& set, std::string_view text) {
  auto net = parse_net(set, text);
  if (!net) return forward(net);
  if (net->length != net->address.max_prefix())
    return invalid(fmt::format("Syntax error: plain IP address must be supplied: {}", text));
  return Texts{net->address.str()};
}

// Of IPv4 also a range or a net.
Result<Texts> addresses(const IpSet& set, std::string_view text) {
  if (family_of(set) == IpFamily::v6) return one_address(set, text);
  auto range = v4_range(text);
  if (!range) {
    auto net = parse_net(set, text);
    if (!net) return forward(net);
    if (net->length == 0) return invalid(std::string(invalid_cidr));
    const uint32_t first = net->address.to_u32();
    range = {first, first + static_cast<uint32_t>((uint64_t{1} << (32 - net->length)) - 1)};
  }
  if (range->second - range->first >= max_members) return too_many(text);
  Texts out;
  for (uint64_t ip = range->first; ip <= range->second; ++ip)
    out.push_back(Ip::v4(static_cast<uint32_t>(ip)).str());
  return out;
}

// Of IPv4 also a range, as the fewest nets.
Result<Texts> nets(const IpSet& set, std::string_view text) {
  if (const auto range = v4_range(text); range && family_of(set) == IpFamily::v4) {
    Texts out;
    for (uint64_t at = range->first; at <= range->second;) {
      int bits = at == 0 ? 31 : std::countr_zero(at);
      while (bits > 31 || at + (uint64_t{1} << bits) - 1 > range->second) --bits;
      out.push_back(net_text(Cidr::of(Ip::v4(static_cast<uint32_t>(at)), 32 - bits)));
      at += uint64_t{1} << bits;
    }
    return out;
  }
  auto net = parse_net(set, text);
  if (!net) return forward(net);
  if (net->length == 0 && set.type != "hash:net,iface") return invalid(std::string(invalid_cidr));
  return Texts{net_text(*net)};
}

std::optional<std::string> icmp_port(std::string_view text, bool v6) {
  static constexpr std::pair<std::string_view, std::string_view> names4[] = {
      {"0/0", "echo-reply"},
      {"0/0", "pong"},
      {"3/0", "network-unreachable"},
      {"3/1", "host-unreachable"},
      {"3/2", "protocol-unreachable"},
      {"3/3", "port-unreachable"},
      {"3/4", "fragmentation-needed"},
      {"8/0", "echo-request"},
      {"8/0", "ping"}};
  static constexpr std::pair<std::string_view, std::string_view> names6[] = {
      {"128/0", "echo-request"}, {"128/0", "ping"}, {"129/0", "echo-reply"}, {"129/0", "pong"}};
  const auto names = v6 ? std::span<const std::pair<std::string_view, std::string_view>>(names6)
                        : std::span<const std::pair<std::string_view, std::string_view>>(names4);
  for (const auto& [code, name] : names)
    if (name == text) text = code;
  for (const auto& [code, name] : names)
    if (code == text) return std::string(name);
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto type = parse_number(text.substr(0, slash), 255);
  const auto code = parse_number(text.substr(slash + 1), 255);
  if (!type || !code) return std::nullopt;
  return fmt::format("{}/{}", *type, *code);
}

Result<Texts> port_range(std::string_view protocol, std::string_view text) {
  const size_t dash = text.find('-');
  const auto low = parse_port_number(text.substr(0, dash));
  const auto high = dash == std::string_view::npos ? low : parse_port_number(text.substr(dash + 1));
  if (!low || !high) return invalid(fmt::format("Syntax error: '{}' is invalid as number", text));
  const auto [first, last] = std::minmax(*low, *high);
  Texts out;
  for (int port = first; port <= last; ++port)
    out.push_back(protocol.empty() ? std::to_string(port) : fmt::format("{}:{}", protocol, port));
  return out;
}

// "80", "udp:80-90", "icmp:8/0", "gre:0".
Result<Texts> ports(const IpSet& set, std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return port_range("tcp", text);
  const auto protocol = text.substr(0, colon), port = text.substr(colon + 1);
  const auto number = protocol == "all" ? std::nullopt : ipt_protocol_number(protocol);
  if (!number)
    return invalid(fmt::format("Syntax error: cannot parse '{}' as a protocol", protocol));
  std::string name;
  append_ipt_protocol(name, *number);
  if (*number == 6 || *number == 17 || *number == 132 || *number == 136)
    return port_range(name, port);
  if (*number == 1 || *number == 58) {
    const bool v6 = *number == 58;
    if (v6 != (family_of(set) == IpFamily::v6))
      return invalid(fmt::format("Syntax error: Protocol {} can be used with family {} only",
                                 v6 ? "ICMPv6" : "ICMP", v6 ? "inet6" : "inet"));
    const auto code = icmp_port(port, v6);
    if (!code) return invalid(fmt::format("Cannot parse {} as an ICMP type/code.", port));
    return Texts{name + ":" + *code};
  }
  if (port != "0")
    return invalid(fmt::format(
        "Syntax error: Protocol {} can be used with pseudo port value 0 only.", protocol));
  return Texts{name + ":0"};
}

Result<Texts> interface(std::string_view text) {
  const auto name = text.starts_with("physdev:") ? text.substr(8) : text;
  if (name.empty() || name.size() > max_interface_name)
    return invalid(fmt::format("Syntax error: interface name {} is wrong", name));
  return Texts{std::string(text)};
}

struct SetType {
  std::string_view name;
  std::vector<std::string_view> parts;
};
const std::vector<SetType>& set_types() {
  static const std::vector<SetType> types{{"hash:ip", {"ip"}},
                                          {"hash:net", {"net"}},
                                          {"hash:ip,port", {"ip", "port"}},
                                          {"hash:net,port", {"net", "port"}},
                                          {"hash:net,net", {"net", "net"}},
                                          {"bitmap:port", {"plain port"}},
                                          {"hash:ip,port,ip", {"ip", "port", "plain ip"}},
                                          {"hash:ip,port,net", {"ip", "port", "net"}},
                                          {"hash:net,iface", {"net", "iface"}},
                                          {"bitmap:ip", {"ip"}}};
  return types;
}

Result<Texts> one_part(const IpSet& set, std::string_view kind, std::string_view text) {
  if (kind == "ip") return addresses(set, text);
  if (kind == "plain ip") return one_address(set, text);
  if (kind == "net") return nets(set, text);
  if (kind == "iface") return interface(text);
  if (kind == "port") return ports(set, text);
  return port_range("", text.starts_with("tcp:") ? text.substr(4) : text);
}

bool has_extension(const IpSet& set, std::string_view name) {
  return (set.options + " ").find(" " + std::string(name) + " ") != std::string::npos;
}

std::optional<std::string> default_timeout(const IpSet& set) {
  const size_t at = set.options.find(" timeout ");
  if (at == std::string::npos) return std::nullopt;
  std::string_view rest = std::string_view(set.options).substr(at + 9);
  return std::string(take_word(rest));
}

}  // namespace

bool is_ipset_type(std::string_view type) {
  return std::any_of(set_types().begin(), set_types().end(),
                     [&](const SetType& known) { return known.name == type; });
}

bool is_bitmap(const IpSet& set) { return set.type.starts_with("bitmap:"); }

Result<std::vector<std::string>> ipset_members(const IpSet& set, std::string_view element) {
  const auto type = std::find_if(set_types().begin(), set_types().end(),
                                 [&](const SetType& known) { return known.name == set.type; });
  if (type == set_types().end())
    return invalid(fmt::format("type '{}' of a set is not known", set.type));
  Texts out{""};
  std::string_view rest = element;
  for (size_t i = 0; i < type->parts.size(); ++i) {
    const bool last = i + 1 == type->parts.size();
    const size_t comma = rest.find(',');
    if (last != (comma == std::string_view::npos))
      return invalid(
          last ? fmt::format("Syntax error: too many elem separators in {}", element)
               : fmt::format("Syntax error: Second element is missing from {}.", element));
    auto texts = one_part(set, type->parts[i], rest.substr(0, comma));
    if (!texts) return texts;
    if (out.size() * texts->size() > max_members) return too_many(element);
    Texts longer;
    longer.reserve(out.size() * texts->size());
    for (const auto& first : out)
      for (const auto& second : *texts) longer.push_back(i == 0 ? second : first + "," + second);
    out = std::move(longer);
    rest = last ? std::string_view{} : rest.substr(comma + 1);
  }
  return out;
}

Result<std::string> ipset_member_options(const IpSet& set,
                                         std::span<const std::string_view> words) {
  std::optional<std::string> timeout = default_timeout(set), comment;
  uint64_t packets = 0, bytes = 0;
  bool nomatch = false;
  const auto cannot = [](std::string_view what, std::string_view support) {
    return invalid(
        fmt::format("{} cannot be used: set was created without {} support", what, support));
  };
  for (size_t i = 0; i < words.size(); ++i) {
    const auto word = words[i];
    if (word == "nomatch") {
      if (set.type.find("net") == std::string::npos) return invalid("Unknown argument: `nomatch'");
      nomatch = true;
      continue;
    }
    if (++i >= words.size()) return invalid(fmt::format("Missing argument to `{}'", word));
    if (word == "comment") {
      if (!has_extension(set, "comment")) return cannot("Comment", "comment");
      comment = words[i];
      continue;
    }
    const auto number = parse_number(words[i], ~uint64_t{0} >> 1);
    if (word != "timeout" && word != "packets" && word != "bytes")
      return invalid(fmt::format("Unknown argument: `{}'", word));
    if (!number) return invalid(fmt::format("Syntax error: '{}' is invalid as number", words[i]));
    if (word == "timeout" && !timeout) return cannot("Timeout", "timeout");
    if (word != "timeout" && !has_extension(set, "counters"))
      return cannot("Packet/byte counters", "counter");
    if (word == "timeout") timeout = std::to_string(*number);
    (word == "packets" ? packets : bytes) = *number;
  }
  std::string out;
  if (timeout) out += " timeout " + *timeout;
  if (nomatch) out += " nomatch";
  if (has_extension(set, "counters")) out += fmt::format(" packets {} bytes {}", packets, bytes);
  if (comment) out += fmt::format(" comment \"{}\"", *comment);
  return out.empty() ? out : out.substr(1);
}

namespace {

// The kernel rounds up to a power of two.
int64_t hash_size_of(uint64_t asked) {
  return static_cast<int64_t>(std::bit_ceil(std::max<uint64_t>(asked, 64)));
}

Status read_range(IpSet& set, std::string_view text) {
  if (set.type == "bitmap:port") {
    const size_t dash = text.find('-');
    const auto low = parse_number(text.substr(0, dash), 65535);
    const auto high =
        dash == std::string_view::npos ? std::nullopt : parse_number(text.substr(dash + 1), 65535);
    if (!low || !high) return invalid("Mandatory option `to' is missing");
    set.range = fmt::format("{}-{}", std::min(*low, *high), std::max(*low, *high));
    return {};
  }
  auto range = v4_range(text);
  if (const auto net = Cidr::parse(text); net && net->address.is_v4()) {
    const uint32_t first = net->address.to_u32();
    range = {first, first | static_cast<uint32_t>((uint64_t{1} << (32 - net->length)) - 1)};
  }
  if (!range) return invalid(fmt::format("Syntax error: cannot parse range {}", text));
  set.range = Ip::v4(range->first).str() + "-" + Ip::v4(range->second).str();
  return {};
}

}  // namespace

Status read_ipset_options(IpSet& set, std::span<const std::string_view> words) {
  if (!is_ipset_type(set.type))
    return invalid(fmt::format("Syntax error: typename '{}' is unknown", set.type));
  const bool bitmap = is_bitmap(set);
  if (!bitmap) set.family = "inet";
  std::optional<uint64_t> timeout;
  std::set<std::string_view> flags;
  for (size_t i = 0; i < words.size(); ++i) {
    const auto option = words[i];
    if (option == "counters" || option == "comment" || option == "skbinfo") {
      flags.insert(option);
      continue;
    }
    const auto value = ++i < words.size() ? words[i] : std::string_view{};
    const auto number = parse_number(value, ~uint32_t{0});
    if (option == "family" && !bitmap && (value == "inet" || value == "inet6"))
      set.family = value;
    else if (option == "range" && bitmap) {
      if (auto ok = read_range(set, value); !ok) return ok;
    } else if (option == "maxelem" && number && !bitmap)
      set.max_elements = static_cast<int64_t>(*number);
    else if (option == "hashsize" && number && !bitmap)
      set.hash_size = hash_size_of(*number);
    else if (option == "timeout" && number && *number <= max_timeout)
      timeout = *number;
    else if ((option != "bucketsize" && option != "initval") || value.empty() || bitmap)
      return invalid(fmt::format("Syntax error: cannot parse {} {}", option, value));
  }
  if (bitmap && set.range.empty()) return invalid("Mandatory option `range' is missing");
  set.options.clear();
  if (timeout) set.options += fmt::format(" timeout {}", *timeout);
  for (const std::string_view flag : {"counters", "comment", "skbinfo"})
    if (flags.contains(flag)) set.options += fmt::format(" {}", flag);
  return {};
}

}  // namespace felixsim
