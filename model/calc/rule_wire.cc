// SPDX-License-Identifier: Apache-2.0
#include "model/calc/rule_wire.h"

#include "model/hash/hash.h"

namespace felixsim::calc {
namespace {

constexpr size_t rule_id_length = 16;

enum WireType : uint64_t { varint = 0, length_delimited = 2 };

// Appends protobuf fields. Like proto3, leaves out zero numbers and empty strings unless told to
// keep them (members of a oneof have presence).
class Encoder {
 public:
  void number(int field, int64_t value, bool keep_zero = false) {
    if (value == 0 && !keep_zero) return;
    tag(field, varint);
    raw_varint(static_cast<uint64_t>(value));
  }
  void text(int field, std::string_view value, bool keep_empty = false) {
    if (value.empty() && !keep_empty) return;
    bytes(field, value);
  }
  void texts(int field, const std::vector<Symbol>& values) {
    for (const Symbol value : values) bytes(field, value.view());
  }
  void texts(int field, const std::vector<std::string>& values) {
    for (const auto& value : values) bytes(field, value);
  }
  void nets(int field, const std::vector<Cidr>& values) {
    for (const auto& value : values) bytes(field, value.str());
  }
  void message(int field, const Encoder& inner) { bytes(field, inner.out_); }
  std::string take() && { return std::move(out_); }

 private:
  void bytes(int field, std::string_view value) {
    tag(field, length_delimited);
    raw_varint(value.size());
    out_ += value;
  }
  void tag(int field, WireType type) { raw_varint(static_cast<uint64_t>(field) << 3 | type); }
  void raw_varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
  }

  std::string out_;
};

void encode_protocol(Encoder& out, int field, const std::optional<Protocol>& protocol) {
  if (!protocol) return;
  Encoder inner;
  if (protocol->name.empty())
    inner.number(1, protocol->number, true);
  else
    inner.text(2, protocol->name.view(), true);
  out.message(field, inner);
}

void encode_ports(Encoder& out, int field, const std::vector<msg::PortRange>& ports) {
  for (const auto& range : ports) {
    Encoder inner;
    inner.number(1, range.first);
    inner.number(2, range.last);
    out.message(field, inner);
  }
}

void encode_service_account(Encoder& out, int field,
                            const std::optional<msg::ServiceAccountMatch>& match) {
  if (!match) return;
  Encoder inner;
  inner.text(1, match->selector);
  inner.texts(2, match->names);
  out.message(field, inner);
}

void encode_http(Encoder& out, const std::optional<HttpMatch>& http) {
  if (!http) return;
  Encoder inner;
  inner.texts(1, http->methods);
  for (const HttpPath& path : http->paths) {
    Encoder match;
    path.exact.empty() ? match.text(2, path.prefix, true) : match.text(1, path.exact, true);
    inner.message(2, match);
  }
  out.message(122, inner);
}

void encode_annotations(Encoder& out, const std::optional<StringMap>& annotations) {
  if (!annotations) return;
  Encoder metadata;
  for (const auto& [key, value] : *annotations) {
    Encoder entry;
    entry.text(1, key, true);
    entry.text(2, value, true);
    metadata.message(1, entry);
  }
  out.message(123, metadata);
}

// A oneof: type alone, or a message of type and code.
void encode_icmp(Encoder& out, int type_field, const std::optional<msg::IcmpMatch>& icmp) {
  if (!icmp) return;
  if (!icmp->code) return out.number(type_field, icmp->type, true);
  Encoder inner;
  inner.number(1, icmp->type);
  inner.number(2, *icmp->code);
  out.message(type_field + 1, inner);
}

}  // namespace

std::string rule_wire_bytes(const msg::Rule& rule) {
  const auto& [source, destination] = std::tie(rule.source, rule.destination);
  Encoder out;
  out.text(1, rule.action);
  out.number(2, rule.ip_version);
  encode_protocol(out, 3, rule.protocol);
  out.nets(4, source.net);
  encode_ports(out, 5, source.ports);
  out.nets(6, destination.net);
  encode_ports(out, 7, destination.ports);
  out.texts(10, source.ip_set_ids);
  out.texts(11, destination.ip_set_ids);
  out.texts(12, source.named_port_ip_set_ids);
  out.texts(13, destination.named_port_ip_set_ids);
  out.texts(15, rule.destination_ip_port_set_ids);
  encode_protocol(out, 102, rule.not_protocol);
  out.nets(103, source.not_net);
  encode_ports(out, 104, source.not_ports);
  out.nets(105, destination.not_net);
  encode_ports(out, 106, destination.not_ports);
  out.texts(109, source.not_ip_set_ids);
  out.texts(110, destination.not_ip_set_ids);
  out.texts(112, source.not_named_port_ip_set_ids);
  out.texts(113, destination.not_named_port_ip_set_ids);
  out.text(114, source.original_selector);
  out.text(115, destination.original_selector);
  out.text(116, source.original_namespace_selector);
  out.text(117, destination.original_namespace_selector);
  out.text(118, source.original_not_selector);
  out.text(119, destination.original_not_selector);
  encode_service_account(out, 120, source.service_account);
  encode_service_account(out, 121, destination.service_account);
  encode_http(out, rule.http);
  encode_annotations(out, rule.annotations);
  out.text(130, destination.original_service);
  out.text(131, destination.original_service_namespace);
  out.text(132, source.original_service);
  out.text(133, source.original_service_namespace);
  encode_icmp(out, 8, rule.icmp);
  encode_icmp(out, 107, rule.not_icmp);
  return std::move(out).take();
}

void fill_rule_ids(std::vector<msg::Rule>& rules, std::string_view seed) {
  Bytes hash = sha224({seed});
  for (msg::Rule& rule : rules) {
    hash = sha224({as_text(hash), rule_wire_bytes(rule)});
    rule.rule_id = base64url(hash).substr(0, rule_id_length);
  }
}

}  // namespace felixsim::calc
