// SPDX-License-Identifier: Apache-2.0
#include "felixsim/messages.h"

namespace felixsim::msg {
namespace {

// felix/labelindex/ipsetmember: protocol names as IP set members spell them.
std::string_view protocol_name(uint8_t protocol) {
  switch (protocol) {
    case 6:
      return "tcp";
    case 17:
      return "udp";
    case 132:
      return "sctp";
    default:
      return "none";
  }
}

}  // namespace

std::string member_text(IpSetType type, const IpSetMember& member) {
  switch (type) {
    case IpSetType::ip:
      return member.cidr.address.str();
    case IpSetType::net:
      return member.cidr.str();
    case IpSetType::ip_and_port:
      return fmt::format("{},{}:{}", member.cidr.address.str(), protocol_name(member.protocol),
                         member.port);
  }
  return {};
}

}  // namespace felixsim::msg
