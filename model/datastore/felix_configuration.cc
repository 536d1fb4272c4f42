// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/felix_configuration.h"

#include <fmt/format.h>

#include "model/datastore/go_duration.h"
#include "model/datastore/json_fields.h"
#include "model/datastore/v1_fields.h"

namespace felixsim {
namespace {

using Kind = ConfigField::Kind;
using Text = std::optional<std::string>;

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return text;
}

std::string comma_joined(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, ","));
}

int64_t read_duration(JsonReader& in, JsonView view) {
  std::string text;
  in.read(view, text);
  if (!in.ok()) return 0;
  const auto value = parse_go_duration(text);
  if (!value) in.fail(fmt::format("'{}' is no duration", text));
  return value.value_or(0);
}

Text proto_ports_text(JsonReader& in, JsonView view) {
  std::vector<std::string> parts;
  in.list(
      view,
      [&](JsonView element) {
        std::string protocol, net;
        uint16_t port = 0;
        in.object(element, [&](FieldName name, JsonView value) {
          if (name.is("protocol")) in.read(value, protocol);
          if (name.is("port")) in.read(value, port);
          if (name.is("net")) in.read(value, net);
        });
        const auto address = Ip::parse(net.substr(0, net.find('/')));
        const bool v6 = address && !address->is_v4();
        if (!net.empty()) net = v6 ? fmt::format(":[{}]", net) : ":" + net;
        parts.push_back(fmt::format("{}{}:{}", lower(protocol), net, port));
      },
      [] {});
  return parts.empty() ? "none" : comma_joined(parts);
}

Text health_timeouts_text(JsonReader& in, JsonView view) {
  std::vector<std::string> parts;
  in.list(
      view,
      [&](JsonView element) {
        std::string timeout_of;
        int64_t timeout = 0;
        in.object(element, [&](FieldName name, JsonView value) {
          if (name.is("name")) in.read(value, timeout_of);
          if (name.is("timeout")) timeout = read_duration(in, value);
        });
        parts.push_back(timeout_of + "=" + go_duration_text(timeout));
      },
      [] {});
  if (parts.empty()) return std::nullopt;
  return comma_joined(parts);
}

// Names are those of the Go struct's fields, in its order.
Text conntrack_timeouts_text(JsonReader& in, JsonView view) {
  static constexpr std::array<std::string_view, 8> names{
      "CreationGracePeriod", "TCPSynSent", "TCPEstablished", "TCPFinsSeen",
      "TCPResetSeen",        "UDPTimeout", "GenericTimeout", "ICMPTimeout"};
  std::array<Text, names.size()> values;
  in.object(view, [&](FieldName name, JsonView value) {
    for (size_t i = 0; i < names.size(); ++i) {
      if (name.is(names[i])) in.read(value, values[i]);
    }
  });
  std::vector<std::string> parts;
  for (size_t i = 0; i < names.size(); ++i) {
    if (values[i]) parts.push_back(fmt::format("{}={}", names[i], *values[i]));
  }
  return comma_joined(parts);
}

std::string table_range_text(JsonReader& in, JsonView view) {
  int64_t low = 0, high = 0;
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("min")) in.read(value, low);
    if (name.is("max")) in.read(value, high);
  });
  return fmt::format("{}-{}", low, high);
}

Text table_ranges_text(JsonReader& in, JsonView view) {
  std::vector<std::string> parts;
  in.list(
      view, [&](JsonView element) { parts.push_back(table_range_text(in, element)); }, [] {});
  return comma_joined(parts);
}

Text ports_text(JsonReader& in, JsonView view) {
  std::vector<Port> ports;
  read_ports(in, view, ports);
  std::vector<std::string> parts;
  for (const Port& port : ports) parts.push_back(port_text(port));
  return fmt::format("[{}]", fmt::join(parts, " "));
}

template <class T>
T value_of(JsonReader& in, JsonView view) {
  T value{};
  in.read(view, value);
  return value;
}

Text map_text(JsonReader& in, JsonView view) {
  std::string text;
  for (const auto& [name, value] : value_of<StringMap>(in, view)) {
    text.append(name + "=" + value + ",");
  }
  return text;
}

Text port_value_text(JsonReader& in, JsonView view) {
  Port port;
  read_port(in, view, port);
  return port_text(port);
}

Text dscp_text(JsonReader& in, JsonView view) {
  Protocol value;  // numbers and text as in numorstring.Uint8OrString
  read_protocol(in, view, value);
  return value.name.empty() ? fmt::format("{}", value.number) : value.name.str();
}

// In a unit of so many nanoseconds: whole ones and the rest are turned to numbers apart, as in Go.
Text seconds_text(JsonReader& in, JsonView view, int64_t unit) {
  const int64_t duration = read_duration(in, view);
  return go_real_text(static_cast<double>(duration / unit) +
                      static_cast<double>(duration % unit) / static_cast<double>(unit));
}

Text field_text(JsonReader& in, JsonView view, Kind kind) {
  switch (kind) {
    case Kind::text: {
      auto text = value_of<std::string>(in, view);
      return text.empty() ? Text() : Text(std::move(text));
    }
    case Kind::text_pointer:
      return value_of<std::string>(in, view);
    case Kind::boolean:
      return value_of<bool>(in, view) ? "true" : "false";
    case Kind::integer:
      return fmt::format("{}", value_of<int64_t>(in, view));
    case Kind::unsigned_integer:
      return fmt::format("{}", value_of<uint32_t>(in, view));
    case Kind::duration:
      return seconds_text(in, view, 1000 * 1000 * 1000);
    case Kind::milliseconds:
      return seconds_text(in, view, 1000 * 1000);
    case Kind::list:
      return comma_joined(value_of<std::vector<std::string>>(in, view));
    case Kind::map:
      return map_text(in, view);
    case Kind::port:
      return port_value_text(in, view);
    case Kind::ports:
      return ports_text(in, view);
    case Kind::proto_ports:
      return proto_ports_text(in, view);
    case Kind::health_timeouts:
      return health_timeouts_text(in, view);
    case Kind::conntrack_timeouts:
      return conntrack_timeouts_text(in, view);
    case Kind::dscp:
      return dscp_text(in, view);
    case Kind::table_range:
      return table_range_text(in, view);
    case Kind::table_ranges:
      return table_ranges_text(in, view);
  }
  return std::nullopt;
}

}  // namespace

void read_configuration(JsonReader& in, JsonView spec, std::span<const ConfigField> fields,
                        ConfigValues& out) {
  in.object(spec, [&](FieldName name, JsonView value) {
    for (const ConfigField& field : fields) {
      if (!name.is(field.json_name)) continue;
      const Text text = value.is_null() ? Text() : field_text(in, value, field.kind);
      if (text) {
        out.insert_or_assign(field.json_name, *text);
      } else {
        out.erase(field.json_name);
      }
      return;
    }
  });
}

// felixconfigprocessor.go protoPortSliceToString goes on with a network that it could not parse.
std::string configuration_panic(JsonView spec) {
  bool bad = false;
  for (const char* field : {"failsafeInboundHostPorts", "failsafeOutboundHostPorts"})
    JsonFields(spec).each(field, [&](const JsonFields& port) {
      const std::string net = port.text("net");
      bad = bad || !parse_net(net);
    });
  return bad ? std::string(nil_pointer_panic) : "";
}

StringMap configuration_annotations(const StringMap& annotations) {
  constexpr std::string_view prefix = "config.projectcalico.org/";
  StringMap out;
  for (const auto& [name, value] : annotations) {
    if (name.starts_with(prefix)) out.emplace(name.substr(prefix.size()), value);
  }
  return out;
}

}  // namespace felixsim
