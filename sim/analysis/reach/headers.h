// SPDX-License-Identifier: Apache-2.0
// The space of packet headers (protocol, ports, ICMP type and code) of one IP version, cut into the
// classes that the rules in force tell apart: no rule treats two headers of one class differently.
// What rules match is that of felix/rules/policy.go, evaluated as iptables and nft do.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "felixsim/messages.h"
#include "sim/analysis/reach/bits.h"

namespace felixsim::reach {

// Conditions on the header alone; all must hold. Negative numbers and empty lists say nothing.
struct HeaderMatch {
  int protocol = -1, not_protocol = -1;
  std::vector<msg::PortRange> source_ports, destination_ports;  // one of them
  std::vector<msg::PortRange> not_source_ports, not_destination_ports;
  std::optional<msg::IcmpMatch> icmp, not_icmp;
  auto operator<=>(const HeaderMatch&) const = default;
};

// Headers that are neighbours: one protocol (or, -1, all that have no other atom), port ranges (of
// protocols that have them), ICMP types and codes.
struct HeaderAtom {
  int protocol = -1;
  msg::PortRange source_port{0, 65535}, destination_port{0, 65535};
  msg::PortRange icmp_type{0, 255}, icmp_code{0, 255};
};

struct Header {
  int protocol = 6;
  uint16_t source_port = 40000, destination_port = 0;
  uint8_t icmp_type = 8, icmp_code = 0;
};

int protocol_number(const felixsim::Protocol& protocol);  // -1: a name that nobody knows
bool has_ports(int protocol);

class HeaderSpace {
 public:
  explicit HeaderSpace(IpFamily family) : family_(family) {}

  // Names a condition; classes are known after build(). The same condition has the same number.
  size_t add(const HeaderMatch& match);
  // Classes keep their numbers. What the new conditions cut off of them comes behind: returned is,
  // for each class that came, the one that it was cut off of (at the first build, nothing).
  std::vector<size_t> build();
  std::optional<size_t> find(const HeaderMatch& match) const;

  size_t size() const { return classes_.size(); }
  // The classes for which a condition holds.
  const Bits& of(size_t match) const { return bits_[match]; }
  size_t class_of(const Header& header) const;
  const std::vector<std::vector<HeaderAtom>>& classes() const { return classes_; }
  IpFamily family() const { return family_; }
  const std::vector<HeaderMatch>& conditions() const { return matches_; }

  // "tcp/80,443 udp/53", "all", "all but ipip udp/4789", "none". Ordered by protocol and port.
  std::string text(const Bits& classes) const;

 private:
  std::vector<HeaderAtom> atoms() const;
  std::string listed(const Bits& classes) const;
  bool holds(const HeaderMatch& match, const HeaderAtom& atom) const;

  IpFamily family_;
  std::map<HeaderMatch, size_t> numbers_;
  std::vector<HeaderMatch> matches_;
  std::vector<Bits> bits_;
  std::vector<std::vector<HeaderAtom>> classes_;
  std::map<std::vector<bool>, size_t> signatures_;  // which conditions hold -> class
  size_t built_ = 0;                                // so many conditions are in them
  size_t class_of_others_ = 0;
};

}  // namespace felixsim::reach
