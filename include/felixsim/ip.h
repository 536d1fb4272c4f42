// SPDX-License-Identifier: Apache-2.0
// Addresses, prefixes and MACs as values. Text forms are Go's (net.IP, net.IPNet), which is what
// Felix prints and hashes.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace felixsim {

enum class IpFamily : uint8_t { v4 = 4, v6 = 6 };
constexpr std::string_view family_name(IpFamily family) {
  return family == IpFamily::v4 ? "IPv4" : "IPv6";
}

// An address of either family, network byte order. An IPv4 address keeps its four bytes in
// bytes[0..3]; the rest are 0. IPv4-mapped IPv6 text (::ffff:1.2.3.4) parses as IPv4, as Go's To4()
// has it. Order: v4 before v6, then numeric.
struct Ip {
  IpFamily family = IpFamily::v4;
  std::array<uint8_t, 16> bytes{};

  static std::optional<Ip> parse(
      std::string_view text);  // no zone, no leading zeros in IPv4 octets, as net.ParseIP
  static Ip v4(uint32_t host_order);
  std::string str() const;  // RFC 5952
  bool is_v4() const { return family == IpFamily::v4; }
  int max_prefix() const { return is_v4() ? 32 : 128; }
  uint32_t to_u32() const;  // IPv4 only, host order
  bool bit(int index) const {
    return (bytes[static_cast<size_t>(index) / 8] >> (7 - index % 8)) & 1;
  }
  auto operator<=>(const Ip&) const = default;
};

// A prefix: the address is always masked, so equal networks are equal values. Order: address, then
// shorter first.
struct Cidr {
  Ip address;
  uint8_t length = 0;

  static std::optional<Cidr> parse(std::string_view text);  // "a.b.c.d/n"; host bits are masked off
  static std::optional<Cidr> parse_cidr_or_ip(
      std::string_view text);              // a bare address is its /32 or /128
  static Cidr of(Ip address, int length);  // masks
  static Cidr host(Ip address);
  // Go's net.IPNet without an address, which Felix reads from an empty text where a network or an
  // address may stand. It prints as "<nil>" and contains nothing.
  static Cidr none() { return {{}, none_length}; }
  bool is_none() const { return length == none_length; }
  std::string str() const;
  bool contains(const Ip& ip) const;
  bool contains(const Cidr& other) const;  // every address of `other` is in this one
  auto operator<=>(const Cidr&) const = default;

 private:
  static constexpr uint8_t none_length = 255;
};

// Address with prefix length, host bits kept: what `ip addr` shows and what Node resources carry
// ("172.16.0.1/24").
struct IpPrefix {
  Ip address;
  uint8_t length = 0;

  static std::optional<IpPrefix> parse(std::string_view text);
  std::string str() const;
  Cidr network() const { return Cidr::of(address, length); }
  auto operator<=>(const IpPrefix&) const = default;
};

struct Mac {
  std::array<uint8_t, 6> bytes{};

  static std::optional<Mac> parse(std::string_view text);  // aa:bb:cc:dd:ee:ff, any case
  std::string str() const;                                 // lower case
  auto operator<=>(const Mac&) const = default;
};

}  // namespace felixsim

template <>
struct std::hash<felixsim::Ip> {
  size_t operator()(const felixsim::Ip& ip) const noexcept;
};
template <>
struct std::hash<felixsim::Cidr> {
  size_t operator()(const felixsim::Cidr& cidr) const noexcept;
};
