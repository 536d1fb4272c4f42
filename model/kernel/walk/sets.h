// SPDX-License-Identifier: Apache-2.0
// Sets in the form in which packets are looked up: hashes by prefix length, as the kernel's
// hash:net keeps them, and sorted intervals for nft's. Internal to the walk.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "felixsim/kernel_state.h"
#include "model/kernel/walk/packet.h"
#include "model/kernel/walk/rule_ops.h"

namespace felixsim::walk {

class IpSetMatcher {
 public:
  explicit IpSetMatcher(const IpSet& set);
  bool matches(const Packet& packet, std::span<const SetField> sides);

 private:
  void build();
  bool matches_text(const Ip& ip) const;
  bool contains_net(const Ip& ip) const;

  struct Pair {
    Cidr first, second;
    bool operator==(const Pair&) const = default;
  };
  struct PortKey {
    Cidr net;
    uint8_t protocol = 0;
    uint16_t port = 0;
    bool operator==(const PortKey&) const = default;
  };
  struct Hasher {
    size_t operator()(const Pair& pair) const;
    size_t operator()(const PortKey& key) const;
  };

  const IpSet* set_;
  enum class Type : uint8_t { net, ip_port, net_net, bitmap, other } type_ = Type::net;
  bool built_ = false;
  int cold_uses_ = 0;
  std::vector<int> lengths_;
  std::vector<std::pair<int, int>> length_pairs_;
  std::unordered_set<Cidr> nets_, excluded_;
  std::unordered_set<PortKey, Hasher> ports_;
  std::unordered_set<Pair, Hasher> pairs_;
  std::vector<bool> bitmap_;
};

// A set of nft, or a list in a rule. Fields beyond the address stand beside it in the elements.
class NftSetMatcher {
 public:
  NftSetMatcher(const std::string& type, const std::vector<std::string>& elements);
  bool matches(const Packet& packet, std::span<const SetField> fields) const;

 private:
  struct Interval {
    Ip low, high;
  };
  struct Element {  // of a concatenation
    Interval address;
    std::vector<std::pair<uint16_t, uint16_t>> rest;
    Interval second;
    bool has_second = false;
  };
  bool concatenated_ = false;
  std::vector<Interval> intervals_;                          // addresses, sorted, not overlapping
  std::vector<std::pair<uint16_t, uint16_t>> numbers_;       // ports, protocols
  std::unordered_map<Ip, std::vector<Element>> by_address_;  // concatenations with one address
  std::vector<Element> others_;                              // those with ranges
};

}  // namespace felixsim::walk
