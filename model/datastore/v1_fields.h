// SPDX-License-Identifier: Apache-2.0
// Readers of the field types that several values share: addresses, networks, ports, protocols
// (libcalico-go/lib/net, api/pkg/lib/numorstring), and of rules (model/rule.go).
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "felixsim/resource.h"
#include "model/datastore/json_reader.h"

namespace felixsim {

// With what words Go ends a program that goes on without a value.
inline constexpr std::string_view nil_pointer_panic =
    "runtime error: invalid memory address or nil pointer dereference";

// net.ParseMAC: 6, 8 or 20 bytes, in pairs of digits separated by ':' or '-' or in groups of four
// separated by '.'. As Go prints it.
std::optional<std::string> hardware_address(std::string_view text);
// numorstring.PortFromString: digits, "first:last", or a name of [a-zA-Z0-9_.-]{1,128}.
std::optional<Port> parse_port(std::string_view text);
// A name as numorstring.NamedPort takes it; digits alone are a name, too.
bool is_port_name(std::string_view text);
// numorstring.Uint8OrString: text that is a number from 0 to 255 is that number.
Protocol parse_protocol(std::string_view text);
std::string port_text(const Port& port);

// A network or an address (net.ParseCIDROrIP); an empty text is Cidr::none().
std::optional<Cidr> parse_net(std::string_view text);
// The address of "10.0.0.1/24" or "10.0.0.1", which ParseCIDROrIP gives beside the network.
std::optional<Ip> address_of(std::string_view text);
// The validator's tag "net": a network or an address without bits beyond its length.
bool is_strict_net(std::string_view text);
void read_net(JsonReader& in, JsonView view, Cidr& out);
void read_nets(JsonReader& in, JsonView view, std::vector<Cidr>& out);
// The same with host bits as they are, which Felix passes on in rules and spoofed networks.
void read_net_as_written(JsonReader& in, JsonView view, Cidr& out);
void read_ip(JsonReader& in, JsonView view, std::optional<Ip>& out);
// Empty texts are skipped.
void read_ips(JsonReader& in, JsonView view, std::vector<Ip>& out);
void read_mac(JsonReader& in, JsonView view, Symbol& out);
void read_port(JsonReader& in, JsonView view, Port& out);
void read_ports(JsonReader& in, JsonView view, std::vector<Port>& out);
void read_protocol(JsonReader& in, JsonView view, Protocol& out);
void read_protocol(JsonReader& in, JsonView view, std::optional<Protocol>& out);
void read_endpoint_ports(JsonReader& in, JsonView view, std::vector<EndpointPort>& out);
void read_qos(JsonReader& in, JsonView view, std::optional<QosControls>& out);
void read_http(JsonReader& in, JsonView view, std::optional<HttpMatch>& out);
// Sets `has_empty_lists` if there are no rules in a list of them, or a rule has such a list.
void read_rules(JsonReader& in, JsonView view, std::vector<Rule>& out, bool& has_empty_lists);

// numorstring.DSCP: 0 to 63 or a name. Unknown names and larger numbers leave `out` unset.
struct Dscp {
  int value = 0;
  Symbol name;
};
std::optional<Dscp> parse_dscp(std::string_view text);

}  // namespace felixsim
