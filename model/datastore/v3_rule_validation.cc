// SPDX-License-Identifier: Apache-2.0
// The validator's word on Profiles: their labels and v3 rules. Mirrors the tags of policy_common.go
// and validateRule, validateEntityRule, validateHTTPRule, validateICMPFields, validateProtocol and
// validatePort (libcalico-go/lib/validator/v3/validator.go).
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "felixsim/ip.h"
#include "model/datastore/json_fields.h"
#include "model/datastore/json_reader.h"
#include "model/datastore/name_text.h"
#include "model/datastore/v1_fields.h"
#include "model/datastore/v3_validation.h"
#include "model/selector/selector.h"

namespace felixsim {
namespace {

// The first that is not empty.
std::string first_of(std::initializer_list<std::string> problems) {
  for (const auto& problem : problems)
    if (!problem.empty()) return problem;
  return {};
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::optional<Protocol> protocol_of(const JsonFields& rule, std::string_view field) {
  std::optional<Protocol> protocol;
  JsonReader in;
  if (const auto value = rule.member(field)) read_protocol(in, *value, protocol);
  return protocol;
}

std::vector<Port> ports_of(const JsonFields& side, std::string_view field) {
  std::vector<Port> ports;
  JsonReader in;
  if (const auto value = side.member(field)) read_ports(in, *value, ports);
  return ports;
}

bool is_named(const std::optional<Protocol>& protocol, std::string_view name) {
  return protocol && protocol->name.view() == name;
}

bool is_icmp(const std::optional<Protocol>& protocol) {
  return is_named(protocol, "ICMP") || is_named(protocol, "ICMPv6");
}

bool supports_ports(const Protocol& protocol) {
  if (protocol.name.empty() && !protocol.is_empty_text)
    return protocol.number == 6 || protocol.number == 17 || protocol.number == 132;
  for (const std::string_view known : {"TCP", "UDP", "SCTP", "tcp", "udp", "sctp"})
    if (protocol.name.view() == known) return true;
  return false;
}

std::string protocol_problem(const std::optional<Protocol>& protocol) {
  if (!protocol) return {};
  if (protocol->name.empty() && !protocol->is_empty_text)
    return protocol->number == 0 ? "protocol number 0" : "";
  for (const std::string_view known : {"TCP", "UDP", "ICMP", "ICMPv6", "SCTP", "UDPLite"})
    if (protocol->name.view() == known) return {};
  return fmt::format("unknown protocol '{}'", protocol->name.view());
}

std::string ports_problem(const std::vector<Port>& ports, const std::optional<Protocol>& protocol) {
  for (const Port& port : ports) {
    const bool valid = port.name.empty() ? port.first > 0 && port.first <= port.last
                                         : is_service_port_name(port.name.view());
    if (!valid) return fmt::format("invalid port '{}'", port_text(port));
    if (!protocol && port.name.empty()) return "numeric ports without a protocol";
  }
  if (!ports.empty() && protocol && !supports_ports(*protocol))
    return "ports need TCP, UDP or SCTP";
  return {};
}

std::string icmp_problem(const JsonFields& rule, std::string_view field) {
  const auto icmp = rule.object(field);
  if (!icmp) return {};
  if (icmp->has("code") && !icmp->has("type")) return "ICMP code without a type";
  const int64_t type = icmp->integer("type"), code = icmp->integer("code");
  const bool valid = type >= 0 && type <= 254 && code >= 0 && code <= 255;
  return valid ? "" : fmt::format("ICMP type {}, code {}", type, code);
}

std::string http_problem(const JsonFields& http) {
  const auto methods = http.texts("methods");
  if (std::set<std::string>(methods.begin(), methods.end()).size() != methods.size())
    return "an HTTP method is given twice";
  std::string problem;
  http.each("paths", [&](const JsonFields& path) {
    const std::string exact = path.text("exact"), prefix = path.text("prefix");
    const std::string& text = exact.empty() ? prefix : exact;
    const bool valid = (exact.empty() || prefix.empty()) && text.starts_with('/') &&
                       text.find_first_of("? #") == std::string::npos;
    if (!valid) problem = fmt::format("HTTP path '{}'", text);
  });
  return problem;
}

// Namespaces may be selected by global(), but by nothing else then.
bool is_mixed_global(const std::string& selector) {
  if (!contains(selector, "global(") || selector == "global()") return false;
  const auto parsed = parse_selector(selector);
  const size_t start = selector.find_first_not_of(" \t");
  return !parsed || (*parsed)->text() != "global()" ||
         !selector.substr(start).starts_with("global");
}

std::string services_problem(const JsonFields& side) {
  const auto services = side.object("services");
  if (!services) return {};
  const std::string name = services->text("name"), ns = services->text("namespace");
  if (!is_valid_name(name)) return fmt::format("service '{}'", name);
  if (!ns.empty() && !is_valid_name(ns)) return fmt::format("namespace '{}' of a service", ns);
  for (const char* field : {"namespaceSelector", "selector", "notSelector"})
    if (!side.text(field).empty()) return fmt::format("both services and {}", field);
  if (side.has("serviceAccounts")) return "both services and serviceAccounts";
  if (side.size("nets") + side.size("notNets") > 0) return "both services and nets";
  return {};
}

std::string side_problem(const JsonFields& rule, std::string_view field,
                         const std::optional<Protocol>& protocol) {
  const auto side = rule.object(field);
  if (!side) return {};
  for (const char* name : {"selector", "notSelector", "namespaceSelector"})
    if (!is_valid_selector(side->text(name))) return fmt::format("{} is no selector", name);
  if (contains(side->text("selector"), "global()")) return "global() in a selector of endpoints";
  if (is_mixed_global(side->text("namespaceSelector"))) return "global() with other selectors";
  if (const auto accounts = side->object("serviceAccounts"))
    if (!is_valid_selector(accounts->text("selector"))) return "no selector of service accounts";
  return first_of({services_problem(*side), ports_problem(ports_of(*side, "ports"), protocol),
                   ports_problem(ports_of(*side, "notPorts"), protocol)});
}

bool is_catch_all(const std::string& text, const Cidr& net) {
  return net.address.is_v4() ? text == "0.0.0.0/0" : net == Cidr{{IpFamily::v6, {}}, 0};
}

// All networks of a rule are strict, of one IP version, and not so that nothing is left.
std::string nets_problem(const JsonFields& rule) {
  std::set<IpFamily> families;
  for (const char* end : {"source", "destination"}) {
    const auto side = rule.object(end);
    if (!side) continue;
    for (const char* field : {"nets", "notNets"})
      for (const auto& text : side->texts(field)) {
        const auto net = Cidr::parse(text);
        const bool negated = std::string_view(field) == "notNets";
        if (!net || !is_strict_net(text) || (negated && is_catch_all(text, *net)))
          return fmt::format("{} '{}'", field, text);
        families.insert(net->address.family);
      }
  }
  if (families.size() > 1) return "networks of both IP versions";
  for (const IpFamily family : families)
    if (rule.has("ipVersion") && rule.integer("ipVersion") != static_cast<int>(family))
      return "networks of the other IP version";
  return {};
}

std::string versions_problem(const JsonFields& rule, const std::optional<Protocol>& protocol,
                             const std::optional<Protocol>& not_protocol) {
  if (!rule.has("ipVersion")) return {};
  const int64_t version = rule.integer("ipVersion");
  if (version != 4 && version != 6) return fmt::format("IP version {}", version);
  for (const auto* given : {&protocol, &not_protocol})
    if ((is_named(*given, "ICMP") && version != 4) || (is_named(*given, "ICMPv6") && version != 6))
      return fmt::format("{} with IP version {}", (*given)->name.view(), version);
  return {};
}

std::string application_problem(const JsonFields& rule, const std::optional<Protocol>& protocol) {
  const auto http = rule.object("http");
  if (!http) return {};
  if (rule.text("action") != "Allow") return "HTTP in a rule that does not allow";
  if (protocol && !is_named(protocol, "TCP")) return "HTTP with another protocol than TCP";
  return http_problem(*http);
}

std::string own_annotations_problem(const JsonFields& rule) {
  const auto metadata = rule.object("metadata");
  const auto annotations = metadata ? metadata->member("annotations") : std::nullopt;
  StringMap map;
  JsonReader in;
  if (annotations) in.read(*annotations, map);
  return annotations_problem(map);
}

std::string rule_problem(const JsonFields& rule) {
  const std::string action = rule.text("action");
  if (action != "Allow" && action != "Deny" && action != "Log" && action != "Pass")
    return fmt::format("action '{}'", action);
  const auto protocol = protocol_of(rule, "protocol"),
             not_protocol = protocol_of(rule, "notProtocol");
  if (rule.has("icmp") && !is_icmp(protocol)) return "icmp with another protocol";
  const auto destination = rule.object("destination");
  if (destination && destination->has("services") &&
      destination->size("ports") + destination->size("notPorts") > 0)
    return "both services and ports";
  return first_of({protocol_problem(protocol), protocol_problem(not_protocol),
                   versions_problem(rule, protocol, not_protocol), icmp_problem(rule, "icmp"),
                   icmp_problem(rule, "notICMP"), side_problem(rule, "source", protocol),
                   side_problem(rule, "destination", protocol), nets_problem(rule),
                   application_problem(rule, protocol), own_annotations_problem(rule)});
}

}  // namespace

std::string profile_problem(JsonView view) {
  const JsonFields spec(view);
  std::string problem;
  for (const char* field : {"ingress", "egress"})
    spec.each(field, [&](const JsonFields& rule) {
      if (problem.empty()) problem = rule_problem(rule);
    });
  if (const auto labels = spec.member("labelsToApply"); labels && problem.empty())
    labels->for_each_member([&](std::string_view name, JsonView value) {
      const std::string_view text = value.text().value_or("");
      if (!is_qualified_name(name) || !is_label_value(text))
        problem = fmt::format("label '{}' to apply: '{}'", name, text);
      return problem.empty();
    });
  return problem;
}

}  // namespace felixsim
