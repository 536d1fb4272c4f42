// SPDX-License-Identifier: Apache-2.0
// Identifiers of IP sets and the names the kernel knows them by. Mirrors felix/calc/rule_scanner.go
// (IPSetData.UniqueID) and felix/ipsets/ipset_defs.go, felix/nftables/ipsets.go.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "felixsim/ip.h"
#include "felixsim/symbol.h"
#include "model/selector/selector.h"

namespace felixsim {

// Protocols of named ports (ipsetmember.Protocol); other values are their IP protocol numbers.
inline constexpr uint8_t named_port_protocol_none = 0;
inline constexpr uint8_t named_port_protocol_any = 255;

// "tcp", "udp", "sctp", "any" or "none"; "unknown" for any other number.
std::string_view named_port_protocol_text(uint8_t protocol);

// "n:..." for the members that have this named port; the selector's own id when protocol is none.
Symbol named_port_set_id(const Selector& selector, uint8_t protocol, std::string_view port);

// "svc:..." or "svcnoport:...". `service` is "namespace/name".
Symbol service_set_id(std::string_view service, bool with_ports);

// "cali40s:..." and "cali40s-...", cut to what ipset allows.
std::string ip_set_name(IpFamily family, std::string_view id);
std::string nft_set_name(IpFamily family, std::string_view id);
std::string temporary_ip_set_name(IpFamily family, unsigned number);  // "cali4t0"

}  // namespace felixsim
