// SPDX-License-Identifier: Apache-2.0
#include "model/selector/ip_set_ids.h"

#include <fmt/format.h>

#include "model/hash/hash.h"

namespace felixsim {
namespace {

constexpr size_t max_ip_set_name = 31;  // IPSET_MAXNAMELEN less the terminator

char version_digit(IpFamily family) { return family == IpFamily::v4 ? '4' : '6'; }

}  // namespace

std::string_view named_port_protocol_text(uint8_t protocol) {
  switch (protocol) {
    case named_port_protocol_none:
      return "none";
    case 6:
      return "tcp";
    case 17:
      return "udp";
    case 132:
      return "sctp";
    case named_port_protocol_any:
      return "any";
    default:
      return "unknown";
  }
}

Symbol named_port_set_id(const Selector& selector, uint8_t protocol, std::string_view port) {
  if (protocol == named_port_protocol_none) return selector.id();
  return Symbol(make_unique_id("n", fmt::format("{},{},{}", selector.id().view(),
                                                named_port_protocol_text(protocol), port)));
}

Symbol service_set_id(std::string_view service, bool with_ports) {
  return Symbol(make_unique_id(with_ports ? "svc" : "svcnoport", service));
}

std::string ip_set_name(IpFamily family, std::string_view id) {
  return fmt::format("cali{}0{}", version_digit(family), id).substr(0, max_ip_set_name);
}

std::string nft_set_name(IpFamily family, std::string_view id) {
  std::string name = ip_set_name(family, id);
  std::replace(name.begin(), name.end(), ':', '-');
  return name;
}

std::string temporary_ip_set_name(IpFamily family, unsigned number) {
  return fmt::format("cali{}t{}", version_digit(family), number);
}

}  // namespace felixsim
