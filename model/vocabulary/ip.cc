// SPDX-License-Identifier: Apache-2.0
// Parsing and printing of addresses, with the strictness of Go's net package (net.ParseIP,
// net.ParseCIDR, net.IP.String).
#include "felixsim/ip.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

namespace felixsim {
namespace {

// What comes before an IPv4 address that is written as one of IPv6.
constexpr std::array<uint8_t, 12> mapping{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr int mapped_bits = 96;

// A decimal number without sign or leading zeros, at most `limit`.
std::optional<int> parse_small(std::string_view text, int limit) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text[0] == '-' || value > limit)
    return std::nullopt;
  return value;
}

std::optional<Ip> parse_v4(std::string_view text) {
  Ip ip;
  for (size_t i = 0; i < 4; ++i) {
    const size_t dot = text.find('.');
    if ((dot == std::string_view::npos) != (i == 3)) return std::nullopt;
    const auto octet = parse_small(text.substr(0, dot), 255);
    if (!octet) return std::nullopt;
    ip.bytes[i] = static_cast<uint8_t>(*octet);
    text = i == 3 ? std::string_view{} : text.substr(dot + 1);
  }
  return ip;
}

std::optional<Ip> parse_v6(std::string_view text) {
  if (text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  char buffer[INET6_ADDRSTRLEN] = {};
  std::memcpy(buffer, text.data(), text.size());
  if (std::strlen(buffer) != text.size()) return std::nullopt;  // an embedded NUL
  Ip ip{IpFamily::v6, {}};
  if (inet_pton(AF_INET6, buffer, ip.bytes.data()) != 1) return std::nullopt;
  if (!std::equal(mapping.begin(), mapping.end(), ip.bytes.begin())) return ip;
  Ip v4;
  std::copy(ip.bytes.begin() + 12, ip.bytes.end(), v4.bytes.begin());
  return v4;
}

void mask(Ip& ip, int length) {
  for (size_t i = 0; i < ip.bytes.size(); ++i) {
    const int bits = std::clamp(length - static_cast<int>(i) * 8, 0, 8);
    ip.bytes[i] = static_cast<uint8_t>(ip.bytes[i] & (0xff00 >> bits));
  }
}

// The longest run of two or more zero groups, as RFC 5952 compresses it: {start, length}.
std::pair<int, int> longest_zero_run(const std::array<uint16_t, 8>& groups) {
  std::pair<int, int> best{-1, 1};
  for (int i = 0; i < 8; ++i) {
    int end = i;
    while (end < 8 && groups[static_cast<size_t>(end)] == 0) ++end;
    if (end - i > best.second) best = {i, end - i};
    if (end > i) i = end;
  }
  return best;
}

std::string v6_text(const Ip& ip) {
  std::array<uint16_t, 8> groups{};
  for (size_t i = 0; i < 8; ++i)
    groups[i] = static_cast<uint16_t>(ip.bytes[2 * i] << 8 | ip.bytes[2 * i + 1]);
  const auto [start, length] = longest_zero_run(groups);
  std::string out;
  for (int i = 0; i < 8; ++i) {
    if (i == start) {
      out += "::";
      i += length - 1;
      continue;
    }
    if (!out.empty() && out.back() != ':') out += ':';
    out += fmt::format("{:x}", groups[static_cast<size_t>(i)]);
  }
  return out;
}

// As net.ParseCIDR reads it: leading zeros count for nothing.
std::optional<int> parse_prefix_length(std::string_view text, int high) {
  const size_t start = std::min(text.find_first_not_of('0'), text.size());
  if (start == text.size() && !text.empty()) return 0;
  return parse_small(text.substr(start), high);
}

std::optional<std::pair<Ip, uint8_t>> parse_with_length(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto ip = Ip::parse(text.substr(0, slash));
  if (!ip) return std::nullopt;
  // net.ParseCIDR judges the length by the text's own family, so ::ffff:1.2.3.4/120 is 1.2.3.0/24.
  const bool mapped = ip->is_v4() && text.find(':') != std::string_view::npos;
  const int spare = mapped ? mapped_bits : 0;
  const auto length = parse_prefix_length(text.substr(slash + 1), ip->max_prefix() + spare);
  if (!length || *length < spare) return std::nullopt;
  return std::pair{*ip, static_cast<uint8_t>(*length - spare)};
}

}  // namespace

std::optional<Ip> Ip::parse(std::string_view text) {
  return text.find(':') == std::string_view::npos ? parse_v4(text) : parse_v6(text);
}

Ip Ip::v4(uint32_t host_order) {
  Ip ip;
  for (size_t i = 0; i < 4; ++i) ip.bytes[i] = static_cast<uint8_t>(host_order >> (24 - 8 * i));
  return ip;
}

uint32_t Ip::to_u32() const {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

std::string Ip::str() const {
  return is_v4() ? fmt::format("{}.{}.{}.{}", bytes[0], bytes[1], bytes[2], bytes[3])
                 : v6_text(*this);
}

// An IPv4-mapped address with a length that is shorter than the mapping's own 96 bits: what is left
// is a network of IPv6.
std::optional<Cidr> parse_mapped(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos || text.find(':') == std::string_view::npos)
    return std::nullopt;
  const auto v4 = Ip::parse(text.substr(0, slash));
  const auto length = parse_prefix_length(text.substr(slash + 1), mapped_bits - 1);
  if (!v4 || !v4->is_v4() || !length) return std::nullopt;
  Ip v6{IpFamily::v6, {}};
  std::copy(mapping.begin(), mapping.end(), v6.bytes.begin());
  return Cidr::of(v6, *length);
}

std::optional<Cidr> Cidr::parse(std::string_view text) {
  const auto parsed = parse_with_length(text);
  if (!parsed) return parse_mapped(text);
  return of(parsed->first, parsed->second);
}

std::optional<Cidr> Cidr::parse_cidr_or_ip(std::string_view text) {
  if (text.find('/') != std::string_view::npos) return parse(text);
  const auto ip = Ip::parse(text);
  if (!ip) return std::nullopt;
  return host(*ip);
}

Cidr Cidr::of(Ip address, int length) {
  mask(address, length);
  return {address, static_cast<uint8_t>(length)};
}

Cidr Cidr::host(Ip address) { return {address, static_cast<uint8_t>(address.max_prefix())}; }

std::string Cidr::str() const {
  return is_none() ? "<nil>" : fmt::format("{}/{}", address.str(), length);
}

bool Cidr::contains(const Ip& ip) const {
  return !is_none() && ip.family == address.family && Cidr::of(ip, length).address == address;
}

bool Cidr::contains(const Cidr& other) const {
  return other.length >= length && contains(other.address);
}

std::optional<IpPrefix> IpPrefix::parse(std::string_view text) {
  const auto parsed = parse_with_length(text);
  if (!parsed) return std::nullopt;
  return IpPrefix{parsed->first, parsed->second};
}

std::string IpPrefix::str() const { return fmt::format("{}/{}", address.str(), length); }

std::optional<Mac> Mac::parse(std::string_view text) {
  if (text.size() != 17) return std::nullopt;
  Mac mac;
  for (size_t i = 0; i < 6; ++i) {
    const auto pair = text.substr(3 * i, 2);
    const auto [end, error] = std::from_chars(pair.data(), pair.data() + 2, mac.bytes[i], 16);
    if (error != std::errc{} || end != pair.data() + 2 || (i < 5 && text[3 * i + 2] != ':'))
      return std::nullopt;
  }
  return mac;
}

std::string Mac::str() const {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", bytes[0], bytes[1], bytes[2],
                     bytes[3], bytes[4], bytes[5]);
}

}  // namespace felixsim

size_t std::hash<felixsim::Ip>::operator()(const felixsim::Ip& ip) const noexcept {
  uint64_t low = 0;
  uint64_t high = 0;
  std::memcpy(&high, ip.bytes.data(), 8);
  std::memcpy(&low, ip.bytes.data() + 8, 8);
  uint64_t mixed = (high ^ (low * 0x9e3779b97f4a7c15ULL)) + static_cast<uint64_t>(ip.family);
  mixed ^= mixed >> 29;
  return mixed * 0xbf58476d1ce4e5b9ULL;
}

size_t std::hash<felixsim::Cidr>::operator()(const felixsim::Cidr& cidr) const noexcept {
  return std::hash<felixsim::Ip>{}(cidr.address) * 31 + cidr.length;
}
