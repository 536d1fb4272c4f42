// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/json_writer.h"

#include <fmt/format.h>

#include "model/datastore/json_view.h"
#include "model/datastore/v1_fields.h"

namespace felixsim {

void JsonWriter::separate() {
  if (!first_) out_.push_back(',');
  first_ = false;
}

void JsonWriter::open(char bracket) {
  separate();
  out_.push_back(bracket);
  first_ = true;
}

void JsonWriter::close(char bracket) {
  out_.push_back(bracket);
  first_ = false;
}

void JsonWriter::name(std::string_view name) {
  separate();
  append_json_string(out_, name);
  out_.push_back(':');
  first_ = true;
}

void JsonWriter::text(std::string_view value) {
  separate();
  append_json_string(out_, value);
}

void JsonWriter::integer(int64_t value) {
  separate();
  fmt::format_to(std::back_inserter(out_), "{}", value);
}

void JsonWriter::natural(uint64_t value) {
  separate();
  fmt::format_to(std::back_inserter(out_), "{}", value);
}

void JsonWriter::real(double value) {
  separate();
  fmt::format_to(std::back_inserter(out_), "{}", value);
}

void JsonWriter::boolean(bool value) {
  separate();
  out_.append(value ? "true" : "false");
}

void JsonWriter::null() {
  separate();
  out_.append("null");
}

void JsonWriter::member(std::string_view key, std::string_view value) {
  name(key);
  text(value);
}

void JsonWriter::flag(std::string_view key, bool value) {
  name(key);
  boolean(value);
}

void JsonWriter::member_integer(std::string_view key, int64_t value) {
  name(key);
  integer(value);
}

void JsonWriter::optional(std::string_view key, std::string_view value) {
  if (!value.empty()) member(key, value);
}

void JsonWriter::optional(std::string_view key, const StringMap& value) {
  if (value.empty()) return;
  name(key);
  object([&] {
    for (const auto& [k, v] : value) member(k, v);
  });
}

void JsonWriter::optional(std::string_view key, const Labels& value) {
  if (!value || value->empty()) return;
  name(key);
  object([&] {
    for (const auto& [k, v] : *value) member(k.view(), v.view());
  });
}

void JsonWriter::optional(std::string_view key, const std::vector<std::string>& value) {
  optional_list(key, value, [&](const std::string& element) { text(element); });
}

void JsonWriter::optional(std::string_view key, const std::vector<Symbol>& value) {
  optional_list(key, value, [&](Symbol element) { text(element.view()); });
}

void JsonWriter::optional(std::string_view key, const std::vector<Cidr>& value) {
  optional_list(key, value, [&](const Cidr& element) { text(element.str()); });
}

void JsonWriter::optional_flag(std::string_view key, bool value) {
  if (value) flag(key, true);
}

void JsonWriter::optional_integer(std::string_view key, int64_t value) {
  if (value != 0) member_integer(key, value);
}

void JsonWriter::optional(std::string_view key, const std::optional<double>& value) {
  if (!value) return;
  name(key);
  real(*value);
}

void JsonWriter::optional(std::string_view key, const std::optional<int>& value) {
  if (value) member_integer(key, *value);
}

void JsonWriter::optional(std::string_view key, const std::optional<int64_t>& value) {
  if (value) member_integer(key, *value);
}

void JsonWriter::optional_pointer(std::string_view key, const std::optional<std::string>& value) {
  if (value) member(key, *value);
}

void write_protocol(JsonWriter& out, const Protocol& protocol) {
  if (protocol.name.empty() && !protocol.is_empty_text) {
    out.integer(protocol.number);
  } else {
    out.text(protocol.name.view());
  }
}

void write_port(JsonWriter& out, const Port& port) {
  if (port.name.empty() && port.first == port.last) {
    out.integer(port.first);
  } else {
    out.text(port_text(port));
  }
}

void write_qos(JsonWriter& out, const QosControls& qos) {
  out.object([&] {
    out.optional_integer("ingressBandwidth", qos.ingress_bandwidth);
    out.optional_integer("ingressBurst", qos.ingress_burst);
    out.optional_integer("ingressPeakrate", qos.ingress_peakrate);
    out.optional_integer("ingressMinburst", qos.ingress_minburst);
    out.optional_integer("egressBandwidth", qos.egress_bandwidth);
    out.optional_integer("egressBurst", qos.egress_burst);
    out.optional_integer("egressPeakrate", qos.egress_peakrate);
    out.optional_integer("egressMinburst", qos.egress_minburst);
    out.optional_integer("ingressPacketRate", qos.ingress_packet_rate);
    out.optional_integer("ingressPacketBurst", qos.ingress_packet_burst);
    out.optional_integer("egressPacketRate", qos.egress_packet_rate);
    out.optional_integer("egressPacketBurst", qos.egress_packet_burst);
    out.optional_integer("ingressMaxConnections", qos.ingress_max_connections);
    out.optional_integer("egressMaxConnections", qos.egress_max_connections);
    if (!qos.dscp_name.empty()) {
      out.member("dscp", qos.dscp_name.view());
    } else {
      out.optional("dscp", qos.dscp);
    }
  });
}

void write_http(JsonWriter& out, const HttpMatch& http) {
  out.object([&] {
    out.optional("methods", http.methods);
    out.optional_list("paths", http.paths, [&](const HttpPath& path) {
      out.object([&] {
        out.optional("exact", path.exact);
        out.optional("prefix", path.prefix);
      });
    });
  });
}

}  // namespace felixsim
