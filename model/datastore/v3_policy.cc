// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/v3_policy.h"

#include <fmt/format.h>

#include "model/datastore/v1_fields.h"

namespace felixsim {
namespace {

void read_entity_ports(JsonReader& in, JsonView view, PortTexts texts, std::vector<Port>& out) {
  read_ports(in, view, out);
  if (texts == PortTexts::any || !in.ok()) return;
  size_t index = 0;
  view.for_each_element([&](JsonView element) {
    const auto text = element.text();
    if (text && text->find_first_not_of("0123456789") == std::string_view::npos)
      out[index] = Port{0, 0, Symbol(*text)};
    ++index;
    return true;
  });
}

void read_entity(JsonReader& in, JsonView view, PortTexts texts, V3EntityRule& out) {
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("nets")) in.read(value, out.nets);
    if (name.is("selector")) in.read(value, out.selector);
    if (name.is("namespaceSelector")) in.read(value, out.namespace_selector);
    if (name.is("ports")) read_entity_ports(in, value, texts, out.ports);
    if (name.is("notNets")) in.read(value, out.not_nets);
    if (name.is("notSelector")) in.read(value, out.not_selector);
    if (name.is("notPorts")) read_entity_ports(in, value, texts, out.not_ports);
    if (name.is("services")) {
      in.object(value, [&](FieldName inner, JsonView text) {
        if (inner.is("name")) in.read(text, out.service);
        if (inner.is("namespace")) in.read(text, out.service_namespace);
      });
    }
    if (name.is("serviceAccounts")) {
      in.object(value, [&](FieldName inner, JsonView match) {
        if (inner.is("names")) in.read(match, out.service_account_names);
        if (inner.is("selector")) in.read(match, out.service_account_selector);
      });
    }
  });
}

void read_icmp(JsonReader& in, JsonView view, std::optional<int64_t>& type,
               std::optional<int64_t>& code) {
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("type")) in.read(value, type);
    if (name.is("code")) in.read(value, code);
  });
}

V3Rule read_rule(JsonReader& in, JsonView view, PortTexts texts) {
  V3Rule rule;
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("action")) in.read(value, rule.action);
    if (name.is("ipVersion")) in.read(value, rule.ip_version);
    if (name.is("protocol")) read_protocol(in, value, rule.protocol);
    if (name.is("notProtocol")) read_protocol(in, value, rule.not_protocol);
    if (name.is("icmp")) read_icmp(in, value, rule.icmp_type, rule.icmp_code);
    if (name.is("notICMP")) read_icmp(in, value, rule.not_icmp_type, rule.not_icmp_code);
    if (name.is("source")) read_entity(in, value, texts, rule.source);
    if (name.is("destination")) read_entity(in, value, texts, rule.destination);
    if (name.is("http")) read_http(in, value, rule.http);
    if (name.is("metadata")) {
      in.object(value, [&](FieldName inner, JsonView map) {
        if (inner.is("annotations")) in.read(map, rule.annotations);
      });
    }
  });
  return rule;
}

void read_spec(JsonReader& in, JsonView view, bool global, PortTexts texts, V3Policy& out) {
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("stagedAction")) in.read(value, out.staged_action);
    if (name.is("tier")) in.read(value, out.tier);
    if (name.is("order")) in.read(value, out.order);
    if (name.is("ingress")) read_v3_rules(in, value, out.ingress, texts);
    if (name.is("egress")) read_v3_rules(in, value, out.egress, texts);
    if (name.is("selector")) in.read(value, out.selector);
    if (name.is("types")) in.read(value, out.types);
    if (name.is("serviceAccountSelector")) in.read(value, out.service_account_selector);
    if (name.is("performanceHints")) in.read(value, out.performance_hints);
    if (!global) return;
    if (name.is("namespaceSelector")) in.read(value, out.namespace_selector);
    if (name.is("doNotTrack")) in.read(value, out.do_not_track);
    if (name.is("preDNAT")) in.read(value, out.pre_dnat);
    if (name.is("applyOnForward")) in.read(value, out.apply_on_forward);
  });
}

}  // namespace

void read_v3_rules(JsonReader& in, JsonView view, std::vector<V3Rule>& out, PortTexts texts) {
  in.list(
      view, [&](JsonView element) { out.push_back(read_rule(in, element, texts)); },
      [&] { out.clear(); });
}

void determine_policy_name(JsonReader& in, const std::string& tier, ObjectMeta& meta) {
  const auto at = meta.annotations.find("projectcalico.org/metadata");
  if (at != meta.annotations.end() && !at->second.empty()) {
    JsonParser parser;
    const auto view = parser.parse(at->second);
    if (!view) {
      in.fail("annotation projectcalico.org/metadata: " + view.error().message);
      return;
    }
    ObjectMeta stored;
    read_metadata(in, *view, stored);
    meta.name = stored.name;
    meta.annotations.erase(at);
    return;
  }
  if ((tier.empty() || tier == "default") && meta.name.starts_with("default.")) {
    meta.name.erase(0, std::string_view("default.").size());
  }
}

void read_v3_policy(JsonReader& in, JsonView view, bool global, V3Policy& out, PortTexts texts) {
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("metadata")) read_metadata(in, value, out.meta);
    if (name.is("spec")) read_spec(in, value, global, texts, out);
  });
  if (in.ok()) determine_policy_name(in, out.tier, out.meta);
}

}  // namespace felixsim
