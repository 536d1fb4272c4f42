// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/v1_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace felixsim {
namespace {

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

template <class T>
std::optional<T> number(std::string_view digits) {
  if (!all_digits(digits)) return std::nullopt;
  T value{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

struct DscpName {
  std::string_view name;
  int value;
};
constexpr std::array dscp_names{DscpName{"DF", 0},    DscpName{"EF", 46},   DscpName{"AF11", 10},
                                DscpName{"AF12", 12}, DscpName{"AF13", 14}, DscpName{"AF21", 18},
                                DscpName{"AF22", 20}, DscpName{"AF23", 22}, DscpName{"AF31", 26},
                                DscpName{"AF32", 28}, DscpName{"AF33", 30}, DscpName{"AF41", 34},
                                DscpName{"AF42", 36}, DscpName{"AF43", 38}, DscpName{"CS0", 0},
                                DscpName{"CS1", 8},   DscpName{"CS2", 16},  DscpName{"CS3", 24},
                                DscpName{"CS4", 32},  DscpName{"CS5", 40},  DscpName{"CS6", 48}};

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return out;
}

}  // namespace

std::optional<std::string> hardware_address(std::string_view text) {
  const size_t group = text.size() > 4 && text[4] == '.' ? 4 : 2;
  if (text.size() <= group) return std::nullopt;
  const char separator = text[group];
  if (group == 2 && separator != ':' && separator != '-') return std::nullopt;
  std::vector<uint8_t> bytes;
  for (size_t at = 0; at < text.size(); at += 2) {
    if (at > 0 && at % (group + 1) == group && text[at++] != separator) return std::nullopt;
    const std::string_view pair = text.substr(at, 2);
    uint8_t byte = 0;
    const auto [end, error] = std::from_chars(pair.data(), pair.data() + pair.size(), byte, 16);
    if (pair.size() != 2 || error != std::errc{} || end != pair.data() + 2) return std::nullopt;
    bytes.push_back(byte);
  }
  if (bytes.size() != 6 && bytes.size() != 8 && bytes.size() != 20) return std::nullopt;
  return fmt::format("{:02x}", fmt::join(bytes, ":"));
}

bool is_port_name(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

std::optional<Port> parse_port(std::string_view text) {
  if (all_digits(text)) {
    const auto value = number<uint16_t>(text);
    if (!value) return std::nullopt;
    return Port{*value, *value, {}};
  }
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    if (!is_port_name(text)) return std::nullopt;
    return Port{0, 0, Symbol(text)};
  }
  const auto first = number<uint16_t>(text.substr(0, colon));
  const auto last = number<uint16_t>(text.substr(colon + 1));
  if (!first || !last || *first > *last) return std::nullopt;
  return Port{*first, *last, {}};
}

Protocol parse_protocol(std::string_view text) {
  if (const auto value = number<uint8_t>(text)) return Protocol{{}, *value};
  return Protocol{Symbol(text), 0, text.empty()};
}

std::string port_text(const Port& port) {
  if (!port.name.empty()) return port.name.str();
  return port.first == port.last ? fmt::format("{}", port.first)
                                 : fmt::format("{}:{}", port.first, port.last);
}

std::optional<Dscp> parse_dscp(std::string_view text) {
  if (const auto value = number<uint8_t>(text)) {
    if (*value > 63) return std::nullopt;
    return Dscp{*value, {}};
  }
  const size_t begin = text.find_first_not_of(" \t\n\v\f\r");
  if (begin == std::string_view::npos) return std::nullopt;
  const std::string name =
      upper(text.substr(begin, text.find_last_not_of(" \t\n\v\f\r") - begin + 1));
  for (const auto& known : dscp_names) {
    // With spaces around it the text stays as it was written.
    if (known.name == name)
      return Dscp{known.value, Symbol(name.size() == text.size() ? name : text)};
  }
  return std::nullopt;
}

std::optional<Cidr> parse_net(std::string_view text) {
  return text.empty() ? std::optional(Cidr::none()) : Cidr::parse_cidr_or_ip(text);
}

std::optional<Ip> address_of(std::string_view text) {
  if (!Cidr::parse_cidr_or_ip(text)) return std::nullopt;
  return Ip::parse(text.substr(0, text.find('/')));
}

bool is_strict_net(std::string_view text) {
  if (text.empty()) return true;
  const auto net = Cidr::parse_cidr_or_ip(text);
  return net && address_of(text) == net->address;
}

void read_net(JsonReader& in, JsonView view, Cidr& out) {
  std::string text;
  in.read(view, text);
  if (!in.ok()) return;
  if (const auto net = parse_net(text)) {
    out = *net;
  } else {
    in.fail(fmt::format("'{}' is no network", text));
  }
}

void read_net_as_written(JsonReader& in, JsonView view, Cidr& out) {
  read_net(in, view, out);
  if (!in.ok()) return;
  const auto written = IpPrefix::parse(view.text().value_or(""));
  if (written) out.address = written->address;
}

void read_nets(JsonReader& in, JsonView view, std::vector<Cidr>& out) {
  in.list(
      view,
      [&](JsonView element) {
        Cidr net;
        read_net(in, element, net);
        out.push_back(net);
      },
      [&] { out.clear(); });
}

void read_ip(JsonReader& in, JsonView view, std::optional<Ip>& out) {
  std::string text;
  in.read(view, text);
  if (!in.ok()) return;
  out = Ip::parse(text);
  if (!out && !text.empty()) in.fail(fmt::format("'{}' is no address", text));
}

void read_ips(JsonReader& in, JsonView view, std::vector<Ip>& out) {
  in.list(
      view,
      [&](JsonView element) {
        std::optional<Ip> ip;
        read_ip(in, element, ip);
        if (ip) out.push_back(*ip);
      },
      [&] { out.clear(); });
}

void read_mac(JsonReader& in, JsonView view, Symbol& out) {
  out = Symbol();
  if (view.is_null()) return;
  std::string text;
  in.read(view, text);
  if (!in.ok()) return;
  const auto mac = hardware_address(text);
  if (!mac) return in.fail(fmt::format("'{}' is no MAC address", text));
  out = Symbol(*mac);
}

void read_port(JsonReader& in, JsonView view, Port& out) {
  if (const auto text = view.text()) {
    if (const auto port = parse_port(*text)) {
      out = *port;
    } else {
      in.fail(fmt::format("'{}' is no port, range of ports or name of a port", *text));
    }
    return;
  }
  uint16_t value = 0;
  in.read(view, value);
  out = Port{value, value, {}};
}

void read_ports(JsonReader& in, JsonView view, std::vector<Port>& out) {
  in.list(
      view,
      [&](JsonView element) {
        Port port;
        read_port(in, element, port);
        out.push_back(port);
      },
      [&] { out.clear(); });
}

void read_protocol(JsonReader& in, JsonView view, Protocol& out) {
  if (const auto text = view.text()) {
    out = parse_protocol(*text);
    return;
  }
  out = Protocol{};
  in.read(view, out.number);
}

void read_protocol(JsonReader& in, JsonView view, std::optional<Protocol>& out) {
  out.reset();
  if (view.is_null()) return;
  out.emplace();
  read_protocol(in, view, *out);
}

void read_endpoint_ports(JsonReader& in, JsonView view, std::vector<EndpointPort>& out) {
  in.list(
      view,
      [&](JsonView element) {
        EndpointPort port;
        in.object(element, [&](FieldName name, JsonView value) {
          if (name.is("name")) in.read(value, port.name);
          if (name.is("protocol")) read_protocol(in, value, port.protocol);
          if (name.is("port")) in.read(value, port.port);
        });
        out.push_back(port);
      },
      [&] { out.clear(); });
}

void read_qos(JsonReader& in, JsonView view, std::optional<QosControls>& out) {
  struct Row {
    std::string_view name;
    int64_t QosControls::*field;
  };
  static constexpr std::array rows{
      Row{"ingressBandwidth", &QosControls::ingress_bandwidth},
      Row{"egressBandwidth", &QosControls::egress_bandwidth},
      Row{"ingressBurst", &QosControls::ingress_burst},
      Row{"egressBurst", &QosControls::egress_burst},
      Row{"ingressPacketRate", &QosControls::ingress_packet_rate},
      Row{"egressPacketRate", &QosControls::egress_packet_rate},
      Row{"ingressPacketBurst", &QosControls::ingress_packet_burst},
      Row{"egressPacketBurst", &QosControls::egress_packet_burst},
      Row{"ingressMaxConnections", &QosControls::ingress_max_connections},
      Row{"egressMaxConnections", &QosControls::egress_max_connections},
      Row{"ingressPeakrate", &QosControls::ingress_peakrate},
      Row{"egressPeakrate", &QosControls::egress_peakrate},
      Row{"ingressMinburst", &QosControls::ingress_minburst},
      Row{"egressMinburst", &QosControls::egress_minburst}};
  if (view.is_null()) {
    out.reset();
    return;
  }
  if (!out) out.emplace();
  in.object(view, [&](FieldName name, JsonView value) {
    for (const Row& row : rows) {
      if (name.is(row.name)) in.read(value, (*out).*row.field);
    }
    if (!name.is("dscp")) return;
    out->dscp.reset();
    out->dscp_name = Symbol();
    if (value.is_null()) return;
    Protocol raw;  // the same number-or-text rules
    read_protocol(in, value, raw);
    const auto dscp =
        raw.name.empty() ? std::optional(Dscp{raw.number, {}}) : parse_dscp(raw.name.view());
    out->dscp = dscp ? dscp->value : 0;
    out->dscp_name = raw.name;
  });
}

void read_http(JsonReader& in, JsonView view, std::optional<HttpMatch>& out) {
  if (view.is_null()) {
    out.reset();
    return;
  }
  if (!out) out.emplace();
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("methods")) in.read(value, out->methods);
    if (!name.is("paths")) return;
    in.list(
        value,
        [&](JsonView element) {
          HttpPath path;
          in.object(element, [&](FieldName kind, JsonView text) {
            if (kind.is("exact")) in.read(text, path.exact);
            if (kind.is("prefix")) in.read(text, path.prefix);
          });
          out->paths.push_back(std::move(path));
        },
        [&] { out->paths.clear(); });
  });
}

}  // namespace felixsim
