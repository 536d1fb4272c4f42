// SPDX-License-Identifier: Apache-2.0
#include "model/calc/member_contribution.h"

#include <absl/container/flat_hash_set.h>

#include <tuple>

#include "model/calc/calc_hash.h"
#include "model/selector/ip_set_ids.h"

namespace felixsim::calc {
namespace {

using Members = std::vector<msg::IpSetMember>;

constexpr uint8_t tcp = 6, udp = 17, sctp = 132;

bool equal_ignoring_case(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

// ipsetmember.Protocol.MatchesModelProtocol. A numbered protocol matches only its own number; 0
// stands for a port without protocol.
bool protocol_matches(uint8_t wanted, const Protocol& protocol) {
  if (protocol.name.empty())
    return protocol.number == 0 ? wanted == named_port_protocol_any : protocol.number == wanted;
  if (wanted == named_port_protocol_any) return true;
  return equal_ignoring_case(protocol.name.view(), named_port_protocol_text(wanted));
}

uint8_t member_protocol(const Protocol& protocol) {
  return protocol_matches(udp, protocol) ? udp : protocol_matches(sctp, protocol) ? sctp : tcp;
}

// Whether members were seen already: by looking through the few that a pod has, by hash in a large
// network set.
class Seen {
 public:
  explicit Seen(size_t expected) : hashed_(expected > few) {}
  bool insert(const msg::IpSetMember& member) {
    if (hashed_) return set_.insert(member).second;
    if (contains(member)) return false;
    list_.push_back(member);
    return true;
  }
  bool contains(const msg::IpSetMember& member) const {
    return hashed_ ? set_.contains(member)
                   : std::find(list_.begin(), list_.end(), member) != list_.end();
  }

 private:
  static constexpr size_t few = 8;
  bool hashed_;
  absl::flat_hash_set<msg::IpSetMember> set_;  // for look-up only
  Members list_;
};

// Each once, in order of last appearance.
Members last_seen(const Members& members) {
  Members out = each_once({members.rbegin(), members.rend()});
  std::reverse(out.begin(), out.end());
  return out;
}

Members without(const Members& members, const Members& others) {
  Seen gone(others.size());
  for (const auto& other : others) gone.insert(other);
  Members out;
  for (const auto& member : members)
    if (!gone.contains(member)) out.push_back(member);
  return out;
}

}  // namespace

Contribution contribution_of(const WorkloadEndpoint& endpoint) {
  Contribution out;
  out.nets.reserve(endpoint.ipv4_nets.size() + endpoint.ipv6_nets.size());
  for (const auto* nets : {&endpoint.ipv4_nets, &endpoint.ipv6_nets})
    for (const auto& net : *nets) out.nets.push_back(net.is_none() ? net : Cidr::host(net.address));
  out.ports = endpoint.ports;
  return out;
}

Contribution contribution_of(const HostEndpoint& endpoint) {
  Contribution out;
  for (const auto* ips : {&endpoint.expected_ipv4, &endpoint.expected_ipv6})
    for (const auto& ip : *ips) out.nets.push_back(Cidr::host(ip));
  out.ports = endpoint.ports;
  return out;
}

Contribution contribution_of(const NetworkSet& set) {
  Contribution out;
  out.nets.reserve(set.nets.size());
  for (const auto& net : set.nets) {
    if (net.length > 0) {
      out.nets.push_back(net);
      continue;
    }
    // The kernel's sets hold no /0.
    Ip upper_half = net.address;
    upper_half.bytes[0] = 0x80;
    out.nets.push_back(Cidr::of(net.address, 1));
    out.nets.push_back(Cidr::of(upper_half, 1));
  }
  return out;
}

Members port_members(const Contribution& from, const NamedPort& port) {
  Members out;
  for (const auto& candidate : from.ports)
    if (candidate.name == port.name && protocol_matches(port.protocol, candidate.protocol))
      for (const auto& net : from.nets)
        out.push_back(
            {Cidr::host(net.address), member_protocol(candidate.protocol), candidate.port});
  return out;
}

Members net_members(const Contribution& from) {
  Members out;
  out.reserve(from.nets.size());
  for (const auto& net : from.nets) out.push_back({net, 0, 0});
  return out;
}

Members each_once(const Members& members) {
  if (members.size() < 2) return members;
  Members out;
  Seen seen(members.size());
  for (const auto& member : members)
    if (seen.insert(member)) out.push_back(member);
  return out;
}

MemberChange member_change(const Members& before, const Members& after) {
  if (before == after) return {last_seen(before), each_once(after), {}, {}};
  MemberChange change{last_seen(before), each_once(after), {}, {}};
  change.added = without(change.all_after, before);
  change.removed = without(change.all_before, after);
  return change;
}

}  // namespace felixsim::calc
