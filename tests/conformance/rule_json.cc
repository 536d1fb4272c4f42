// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/rule_json.h"

namespace felixsim::conform {
namespace {

using Names = std::vector<std::string>;

std::vector<Symbol> symbols(const json& rule, const std::string& field) {
  std::vector<Symbol> out;
  for (const auto& text : rule.value(field, Names())) out.emplace_back(text);
  return out;
}

std::vector<Cidr> cidrs(const json& rule, const std::string& field) {
  std::vector<Cidr> out;
  for (const auto& text : rule.value(field, Names()))
    out.push_back(Cidr::parse_cidr_or_ip(text).value());
  return out;
}

std::vector<msg::PortRange> ports(const json& rule, const std::string& field) {
  std::vector<msg::PortRange> out;
  for (const auto& range : rule.value(field, json::array()))
    out.push_back({range.value("first", 0), range.value("last", 0)});
  return out;
}

std::optional<Protocol> protocol(const json& rule, const std::string& field) {
  if (!rule.contains(field)) return std::nullopt;
  const json& value = rule.at(field);
  if (value.contains("name")) return Protocol{Symbol(value.at("name").get<std::string>()), 0};
  return Protocol{{}, value.value("number", uint8_t{0})};
}

std::optional<msg::IcmpMatch> icmp(const json& rule, const std::string& field) {
  if (rule.contains(field)) return msg::IcmpMatch{rule.at(field), std::nullopt};
  if (!rule.contains(field + "_code")) return std::nullopt;
  const json& pair = rule.at(field + "_code");
  return msg::IcmpMatch{pair.value("type", 0), pair.value("code", 0)};
}

msg::RuleMatchSide side(const json& rule, const std::string& name) {
  msg::RuleMatchSide out;
  out.net = cidrs(rule, name + "_net");
  out.not_net = cidrs(rule, "not_" + name + "_net");
  out.ports = ports(rule, name + "_ports");
  out.not_ports = ports(rule, "not_" + name + "_ports");
  out.ip_set_ids = symbols(rule, name + "_ip_set_ids");
  out.not_ip_set_ids = symbols(rule, "not_" + name + "_ip_set_ids");
  out.named_port_ip_set_ids = symbols(rule, name + "_named_port_ip_set_ids");
  out.not_named_port_ip_set_ids = symbols(rule, "not_" + name + "_named_port_ip_set_ids");
  out.original_selector = rule.value("original_" + name + "_selector", "");
  out.original_namespace_selector = rule.value("original_" + name + "_namespace_selector", "");
  out.original_not_selector = rule.value("original_not_" + name + "_selector", "");
  out.original_service = rule.value("original_" + name + "_service", "");
  out.original_service_namespace = rule.value("original_" + name + "_service_namespace", "");
  if (rule.contains(name + "_service_account_match")) {
    const json& match = rule.at(name + "_service_account_match");
    out.service_account = {match.value("selector", ""), match.value("names", Names())};
  }
  return out;
}

std::optional<HttpMatch> http(const json& rule) {
  if (!rule.contains("http_match")) return std::nullopt;
  const json& match = rule.at("http_match");
  HttpMatch out{match.value("methods", Names()), {}};
  for (const auto& path : match.value("paths", json::array()))
    out.paths.push_back({path.value("exact", ""), path.value("prefix", "")});
  return out;
}

}  // namespace

msg::Rule rule_of(const json& object) {
  msg::Rule rule;
  rule.action = object.value("action", "");
  const std::string version = object.value("ip_version", "");
  rule.ip_version = static_cast<uint8_t>(version == "IPV4" ? 4 : version == "IPV6" ? 6 : 0);
  rule.protocol = protocol(object, "protocol");
  rule.not_protocol = protocol(object, "not_protocol");
  rule.icmp = icmp(object, "icmp_type");
  rule.not_icmp = icmp(object, "not_icmp_type");
  rule.source = side(object, "src");
  rule.destination = side(object, "dst");
  rule.destination_ip_port_set_ids = symbols(object, "dst_ip_port_set_ids");
  rule.http = http(object);
  if (object.contains("metadata"))
    rule.annotations = object.at("metadata").value("annotations", StringMap());
  return rule;
}

}  // namespace felixsim::conform
