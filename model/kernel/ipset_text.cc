// SPDX-License-Identifier: Apache-2.0
// See ipset_text.h. Types: hash:ip, hash:net, hash:ip,port, hash:net,port, hash:net,net,
// bitmap:port. Left out: other types, timeouts, counters, comments, nomatch.
#include "model/kernel/ipset_text.h"

#include "model/kernel/ipt_values.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

IpFamily family_of(const IpSet& set) { return set.family == "inet6" ? IpFamily::v6 : IpFamily::v4; }

Result<Cidr> parse_net(const IpSet& set, std::string_view text) {
  const auto net = Cidr::parse_cidr_or_ip(text);
  if (!net) return invalid(fmt::format("Syntax error: cannot parse {}: resolving failed", text));
  if (net->address.family != family_of(set))
    return invalid(fmt::format("Syntax error: cannot parse {}: resolving to {} address failed",
                               text, family_of(set) == IpFamily::v4 ? "IPv4" : "IPv6"));
  return *net;
}

std::string net_text(const Cidr& net) {
  return net.length == net.address.max_prefix() ? net.address.str() : net.str();
}

Result<std::string> one_net(const IpSet& set, std::string_view text) {
  auto net = parse_net(set, text);
  if (!net) return forward(net);
  if (net->length == 0)
    return invalid("The value of the CIDR parameter of the IP address is invalid");
  return net_text(*net);
}

Result<std::string> one_ip(const IpSet& set, std::string_view text) {
  auto net = parse_net(set, text);
  if (!net) return forward(net);
  if (net->length != net->address.max_prefix())
    return invalid(fmt::format("Syntax error: plain IP address must be supplied: {}", text));
  return net->address.str();
}

Result<std::string> port_member(std::string_view text) {
  static constexpr std::pair<std::string_view, std::string_view> names[] = {
      {"6", "tcp"}, {"17", "udp"}, {"132", "sctp"}, {"136", "udplite"}, {"1", "icmp"}};
  std::string_view protocol = "tcp", port = text;
  if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    protocol = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  std::string_view name;
  for (const auto& [number, text_name] : names)
    if (protocol == number || protocol == text_name) name = text_name;
  if (name.empty()) return invalid(fmt::format("Syntax error: unknown protocol {}", protocol));
  const auto number = parse_port_number(port);
  if (!number) return invalid(fmt::format("Syntax error: '{}' is invalid as number", port));
  return fmt::format("{}:{}", name, *number);
}

}  // namespace

Result<std::string> canonical_ipset_member(const IpSet& set, std::string_view member) {
  if (set.type == "hash:ip") return one_ip(set, member);
  if (set.type == "hash:net") return one_net(set, member);
  if (set.type == "bitmap:port") {
    const auto port = parse_port_number(member);
    if (!port) return invalid(fmt::format("Syntax error: '{}' is invalid as number", member));
    return std::to_string(*port);
  }
  const size_t comma = member.find(',');
  if (comma == std::string_view::npos)
    return invalid("Syntax error: Second element is missing from " + std::string(member) + ".");
  auto first = set.type == "hash:ip,port" ? one_ip(set, member.substr(0, comma))
                                          : one_net(set, member.substr(0, comma));
  if (!first) return first;
  auto second = set.type == "hash:net,net" ? one_net(set, member.substr(comma + 1))
                                           : port_member(member.substr(comma + 1));
  if (!second) return second;
  return *first + "," + *second;
}

std::string print_ipset_create(const IpSet& set) {
  if (set.type == "bitmap:port")
    return fmt::format("create {} {} range {}", set.name, set.type, set.range);
  return fmt::format("create {} {} family {} hashsize {} maxelem {}", set.name, set.type,
                     set.family, set.hash_size, set.max_elements);
}

std::string print_ipset_save(const std::map<std::string, IpSet>& sets) {
  std::string out;
  for (const auto& [name, set] : sets) {
    out += print_ipset_create(set);
    out += '\n';
    for (const auto& member : set.members) {
      out += "add ";
      out += name;
      out += ' ';
      out += member;
      out += '\n';
    }
  }
  return out;
}

namespace {

// What ipset takes for granted, and what it cannot do without.
Result<IpSet> completed(IpSet set) {
  const bool bitmap = set.type == "bitmap:port";
  if (bitmap && set.range.empty()) return invalid("a bitmap needs a range");
  if (!bitmap && set.type.rfind("hash:", 0) != 0)
    return invalid(fmt::format("type '{}' of a set is not known", set.type));
  if (!bitmap && set.family.empty()) set.family = "inet";
  if (!bitmap && set.family != "inet" && set.family != "inet6")
    return invalid(fmt::format("family '{}' of a set is not known", set.family));
  return set;
}

Result<IpSet> parse_create(std::string_view rest) {
  IpSet set;
  set.name = take_word(rest);
  set.type = take_word(rest);
  if (set.name.empty() || set.type.empty()) return invalid("a set needs a name and a type");
  while (true) {
    const auto option = take_word(rest);
    if (option.empty()) return completed(std::move(set));
    const auto value = take_word(rest);
    if (value.empty()) return invalid(fmt::format("option '{}' has no value", option));
    const auto number = parse_number(value, ~uint32_t{0});
    if (option == "family")
      set.family = value;
    else if (option == "range")
      set.range = value;
    else if (option == "maxelem" && number)
      set.max_elements = static_cast<int64_t>(*number);
    else if (option == "hashsize" && number)
      set.hash_size = static_cast<int64_t>(*number);
    else if (option != "bucketsize" && option != "initval")
      return invalid(fmt::format("option '{}' of a set is not known", option));
  }
}

}  // namespace

Result<std::map<std::string, IpSet>> parse_ipset_save(std::string_view text) {
  std::map<std::string, IpSet> sets;
  IpSet* last = nullptr;
  for (int number = 1; !text.empty(); ++number) {
    auto line = take_line(text);
    const auto whole = line;
    const auto wrong = [&](std::string_view what) {
      return invalid(fmt::format("line {}: {}: {}", number, what, whole));
    };
    const auto verb = take_word(line);
    if (verb.empty() || verb == "COMMIT") continue;
    if (verb == "create") {
      auto set = parse_create(line);
      if (!set) return wrong(set.error().message);
      const std::string name = set->name;
      last = &(sets[name] = std::move(*set));
      continue;
    }
    const auto name = take_word(line);
    if (verb != "add") return wrong("neither create nor add");
    if (!last || last->name != name) {
      const auto found = sets.find(std::string(name));
      if (found == sets.end()) return wrong("a member of a set that is not there");
      last = &found->second;
    }
    const auto member = take_word(line);
    if (member.empty()) return wrong("a member is missing");
    last->members.emplace(member);
  }
  return sets;
}

}  // namespace felixsim
