// SPDX-License-Identifier: Apache-2.0
// See sets.h. Mirrors Linux net/netfilter/ipset (ip_set_hash_*.c, ip_set_bitmap_port.c): which
// ports a packet has, and that of nets that are marked nomatch only the most specific counts. Sets
// of other types than Felix's match never; nomatch counts in hash:net only.
#include "model/kernel/walk/sets.h"

#include "model/kernel/ipt_rule.h"
#include "model/kernel/ipt_values.h"

namespace felixsim::walk {
namespace {

constexpr int cold_limit = 16;    // look-ups by text before a set is translated
constexpr size_t small_set = 64;  // a smaller one is translated at once

bool has_ports(uint8_t protocol) {
  return protocol == 6 || protocol == 17 || protocol == 132 || protocol == 136;
}

uint16_t set_port(const Packet& packet, SetField side) {
  if (packet.protocol == 1 || packet.protocol == 58)
    return static_cast<uint16_t>(packet.icmp_type << 8 | packet.icmp_code);
  if (!has_ports(packet.protocol)) return 0;
  return side == SetField::source ? packet.source_port : packet.destination_port;
}

const Ip& address(const Packet& packet, SetField side) {
  return side == SetField::source ? packet.source : packet.destination;
}

std::string net_text(const Cidr& net) {
  return net.length == net.address.max_prefix() ? net.address.str() : net.str();
}

Ip last_of(const Cidr& net) {
  Ip ip = net.address;
  for (int bit = net.length; bit < ip.max_prefix(); ++bit)
    ip.bytes[static_cast<size_t>(bit) / 8] |= static_cast<uint8_t>(0x80 >> (bit % 8));
  return ip;
}

}  // namespace

size_t IpSetMatcher::Hasher::operator()(const Pair& pair) const {
  return std::hash<Cidr>{}(pair.first) * 31 + std::hash<Cidr>{}(pair.second);
}
size_t IpSetMatcher::Hasher::operator()(const PortKey& key) const {
  return std::hash<Cidr>{}(key.net) * 31 + (size_t{key.protocol} << 16 | key.port);
}

IpSetMatcher::IpSetMatcher(const IpSet& set) : set_(&set) {
  if (set.type == "hash:net,net") type_ = Type::net_net;
  if (set.type == "hash:ip,port" || set.type == "hash:net,port") type_ = Type::ip_port;
  if (set.type == "bitmap:port") type_ = Type::bitmap;
  if (type_ == Type::net && set.type != "hash:ip" && set.type != "hash:net") type_ = Type::other;
}

void IpSetMatcher::build() {
  built_ = true;
  std::set<int> lengths;
  std::set<std::pair<int, int>> pairs;
  if (type_ == Type::bitmap) bitmap_.resize(65536);
  if (type_ == Type::net) nets_.reserve(set_->members.size());
  for (const auto& member : set_->members) {
    const std::string_view text = member;
    const auto options = set_->member_options.find(member);
    const bool nomatch = options != set_->member_options.end() &&
                         options->second.find("nomatch") != std::string::npos;
    if (nomatch && type_ != Type::net) continue;
    if (type_ == Type::bitmap) {
      if (const auto port = parse_port_number(text)) bitmap_[*port] = true;
      continue;
    }
    const size_t comma = text.find(',');
    const auto first = Cidr::parse_cidr_or_ip(text.substr(0, comma));
    if (!first) continue;
    lengths.insert(first->length);
    if (type_ == Type::net) {
      nets_.insert(*first);
      if (nomatch) excluded_.insert(*first);
    } else if (comma == std::string_view::npos) {
      continue;
    } else if (type_ == Type::net_net) {
      const auto second = Cidr::parse_cidr_or_ip(text.substr(comma + 1));
      if (!second) continue;
      pairs.emplace(first->length, second->length);
      pairs_.insert({*first, *second});
    } else {
      const auto rest = text.substr(comma + 1);
      const size_t colon = rest.find(':');
      const auto protocol = ipt_protocol_number(rest.substr(0, colon));
      const auto port = parse_port_number(rest.substr(colon + 1));
      if (protocol && port) ports_.insert({*first, static_cast<uint8_t>(*protocol), *port});
    }
  }
  lengths_.assign(lengths.begin(), lengths.end());
  length_pairs_.assign(pairs.begin(), pairs.end());
}

// For the few look-ups of a single trace: cheaper than reading all members.
bool IpSetMatcher::matches_text(const Ip& ip) const {
  for (int length = ip.max_prefix(); length >= 0; --length)
    if (set_->members.contains(net_text(Cidr::of(ip, length)))) return true;
  return false;
}

bool IpSetMatcher::contains_net(const Ip& ip) const {
  for (auto length = lengths_.rbegin(); length != lengths_.rend(); ++length)
    if (const Cidr net = Cidr::of(ip, *length); nets_.contains(net))
      return !excluded_.contains(net);
  return false;
}

bool IpSetMatcher::matches(const Packet& packet, std::span<const SetField> sides) {
  const bool v6 = set_->family == "inet6";
  if (sides.empty() || (type_ != Type::bitmap && v6 == packet.source.is_v4())) return false;
  if (!built_) {
    if (type_ == Type::net && set_->member_options.empty() && set_->members.size() > small_set &&
        ++cold_uses_ < cold_limit)
      return matches_text(address(packet, sides[0]));
    build();
  }
  const SetField second = sides.size() > 1 ? sides[1] : sides[0];
  switch (type_) {
    case Type::net:
      return contains_net(address(packet, sides[0]));
    case Type::bitmap:
      return (packet.protocol == 6 || packet.protocol == 17) && bitmap_[set_port(packet, sides[0])];
    case Type::ip_port:
      return std::any_of(lengths_.begin(), lengths_.end(), [&](int length) {
        return ports_.contains({Cidr::of(address(packet, sides[0]), length), packet.protocol,
                                set_port(packet, second)});
      });
    case Type::other:
      return false;
    case Type::net_net:
      return std::any_of(length_pairs_.begin(), length_pairs_.end(), [&](const auto& lengths) {
        return pairs_.contains({Cidr::of(address(packet, sides[0]), lengths.first),
                                Cidr::of(address(packet, second), lengths.second)});
      });
  }
  return false;
}

namespace {

std::optional<std::pair<Ip, Ip>> address_range(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash != std::string_view::npos) {
    const auto low = Ip::parse(text.substr(0, dash)), high = Ip::parse(text.substr(dash + 1));
    if (low && high) return std::pair(*low, *high);
    return std::nullopt;
  }
  const auto net = Cidr::parse_cidr_or_ip(text);
  if (!net) return std::nullopt;
  return std::pair(net->address, last_of(*net));
}

std::pair<uint16_t, uint16_t> number_range(std::string_view text) {
  if (const auto protocol = ipt_protocol_number(text); protocol && !parse_port_number(text))
    return {static_cast<uint16_t>(*protocol), static_cast<uint16_t>(*protocol)};
  const size_t dash = text.find('-');
  const auto low = parse_port_number(text.substr(0, dash)).value_or(0);
  return {low, dash == std::string_view::npos
                   ? low
                   : parse_port_number(text.substr(dash + 1)).value_or(0)};
}

std::vector<std::string_view> split_dots(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t dot = text.find(" . ");
    parts.push_back(text.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    text = text.substr(dot + 3);
  }
}

uint16_t field_number(const Packet& packet, SetField field) {
  if (field == SetField::protocol) return packet.protocol;
  return field == SetField::source_port ? packet.source_port : packet.destination_port;
}

bool within(const Ip& ip, const Ip& low, const Ip& high) { return low <= ip && ip <= high; }

}  // namespace

NftSetMatcher::NftSetMatcher(const std::string& type, const std::vector<std::string>& elements)
    : concatenated_(type.find(" . ") != std::string::npos) {
  for (const auto& text : elements) {
    if (!concatenated_) {
      if (const auto range = address_range(text))
        intervals_.push_back({range->first, range->second});
      else
        numbers_.push_back(number_range(text));
      continue;
    }
    Element element;
    const auto parts = split_dots(text);
    const auto first = address_range(parts[0]);
    if (!first) continue;
    element.address = {first->first, first->second};
    for (size_t i = 1; i < parts.size(); ++i) {
      const auto net = parts[i].find_first_of(".:") == std::string_view::npos
                           ? std::nullopt
                           : address_range(parts[i]);
      if (net) {
        element.second = {net->first, net->second};
        element.has_second = true;
      } else {
        element.rest.push_back(number_range(parts[i]));
      }
    }
    if (element.address.low == element.address.high)
      by_address_[element.address.low].push_back(std::move(element));
    else
      others_.push_back(std::move(element));
  }
  std::sort(intervals_.begin(), intervals_.end(),
            [](const Interval& a, const Interval& b) { return a.low < b.low; });
}

bool NftSetMatcher::matches(const Packet& packet, std::span<const SetField> fields) const {
  const auto ip_of = [&](SetField field) -> const Ip& { return address(packet, field); };
  if (!concatenated_) {
    const SetField field = fields[0];
    if (field == SetField::source || field == SetField::destination) {
      const Ip& ip = ip_of(field);
      auto it = std::upper_bound(intervals_.begin(), intervals_.end(), ip,
                                 [](const Ip& x, const Interval& i) { return x < i.low; });
      return it != intervals_.begin() && ip <= std::prev(it)->high;
    }
    const uint16_t number = field_number(packet, field);
    return std::any_of(numbers_.begin(), numbers_.end(), [&](const auto& range) {
      return range.first <= number && number <= range.second;
    });
  }
  const auto rest_matches = [&](const Element& element) {
    size_t next = 0;
    for (size_t i = 1; i < fields.size(); ++i) {
      const bool net = fields[i] == SetField::source || fields[i] == SetField::destination;
      if (net) {
        if (!element.has_second ||
            !within(ip_of(fields[i]), element.second.low, element.second.high))
          return false;
        continue;
      }
      if (next >= element.rest.size()) return false;
      const auto& range = element.rest[next++];
      const uint16_t number = field_number(packet, fields[i]);
      if (number < range.first || number > range.second) return false;
    }
    return true;
  };
  const Ip& ip = ip_of(fields[0]);
  if (const auto it = by_address_.find(ip); it != by_address_.end())
    if (std::any_of(it->second.begin(), it->second.end(), rest_matches)) return true;
  return std::any_of(others_.begin(), others_.end(), [&](const Element& element) {
    return within(ip, element.address.low, element.address.high) && rest_matches(element);
  });
}

}  // namespace felixsim::walk
