// SPDX-License-Identifier: Apache-2.0
// What one endpoint or network set can put into IP sets: its nets, and its named ports. Mirrors the
// extractCIDRs functions and CalculateEndpointContribution of felix/labelindex/named_port_index.go,
// and felix/labelindex/ipsetmember.
#pragma once

#include <cstdint>
#include <vector>

#include "felixsim/messages.h"
#include "felixsim/resource.h"
#include "felixsim/symbol.h"

namespace felixsim::calc {

struct Contribution {
  std::vector<Cidr> nets;           // as given, the same one perhaps twice
  std::vector<EndpointPort> ports;  // endpoints only
};
Contribution contribution_of(const WorkloadEndpoint& endpoint);  // nets as host routes
Contribution contribution_of(const HostEndpoint& endpoint);      // expected addresses
Contribution contribution_of(const NetworkSet& set);             // a /0 as its two halves

// A port of this name and protocol (named_port_protocol_any: any) is one of `ports`.
struct NamedPort {
  uint8_t protocol = 0;
  Symbol name;
};
// Members for a named port: every address with every matching port, the same perhaps twice.
std::vector<msg::IpSetMember> port_members(const Contribution& from, const NamedPort& port);

// Members for a selector: every net.
std::vector<msg::IpSetMember> net_members(const Contribution& from);

std::vector<msg::IpSetMember> each_once(const std::vector<msg::IpSetMember>& members);

// The change from one list of members to another, either perhaps with repetitions. Members come
// when first seen and go when last seen, as they do with reference counts.
struct MemberChange {
  std::vector<msg::IpSetMember> all_before, all_after;  // each once
  std::vector<msg::IpSetMember> added, removed;
};
MemberChange member_change(const std::vector<msg::IpSetMember>& before,
                           const std::vector<msg::IpSetMember>& after);

}  // namespace felixsim::calc
