// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/v3_json.h"

namespace felixsim {
namespace {

void write_entity(JsonWriter& out, std::string_view name, const V3EntityRule& side) {
  const auto port = [&](const Port& p) { write_port(out, p); };
  out.optional_object(name, [&] {
    out.optional("nets", side.nets);
    out.optional("selector", side.selector);
    out.optional("namespaceSelector", side.namespace_selector);
    out.optional_object("services", [&] {
      out.optional("name", side.service);
      out.optional("namespace", side.service_namespace);
    });
    out.optional_list("ports", side.ports, port);
    out.optional("notNets", side.not_nets);
    out.optional("notSelector", side.not_selector);
    out.optional_list("notPorts", side.not_ports, port);
    out.optional_object("serviceAccounts", [&] {
      out.optional("names", side.service_account_names);
      out.optional("selector", side.service_account_selector);
    });
  });
}

void write_protocol_member(JsonWriter& out, std::string_view name,
                           const std::optional<Protocol>& protocol) {
  if (!protocol) return;
  out.name(name);
  write_protocol(out, *protocol);
}

void write_rule(JsonWriter& out, const V3Rule& rule) {
  const auto icmp = [&](const std::optional<int64_t>& type, const std::optional<int64_t>& code) {
    return [&] {
      out.optional("type", type);
      out.optional("code", code);
    };
  };
  out.object([&] {
    out.member("action", rule.action);
    out.optional("ipVersion", rule.ip_version);
    write_protocol_member(out, "protocol", rule.protocol);
    out.optional_object("icmp", icmp(rule.icmp_type, rule.icmp_code));
    write_protocol_member(out, "notProtocol", rule.not_protocol);
    out.optional_object("notICMP", icmp(rule.not_icmp_type, rule.not_icmp_code));
    write_entity(out, "source", rule.source);
    write_entity(out, "destination", rule.destination);
    if (rule.http) {
      out.name("http");
      write_http(out, *rule.http);
    }
    if (!rule.annotations) return;
    out.name("metadata");
    out.object([&] { out.optional("annotations", *rule.annotations); });
  });
}

void copy_number(JsonWriter& out, JsonView view) {
  if (const auto integer = view.integer()) {
    out.integer(*integer);
  } else if (const auto natural = view.natural()) {
    out.natural(*natural);
  } else {
    out.real(view.real().value_or(0));
  }
}

}  // namespace

void write_metadata(JsonWriter& out, const ObjectMeta& meta) {
  out.name("metadata");
  out.object([&] {
    out.optional("name", meta.name);
    out.optional("generateName", meta.generate_name);
    out.optional("namespace", meta.ns);
    out.optional("uid", meta.uid);
    out.optional("resourceVersion", meta.resource_version);
    out.optional("creationTimestamp", meta.creation_timestamp);
    out.optional("labels", meta.labels);
    out.optional("annotations", meta.annotations);
  });
}

void write_v3_rules(JsonWriter& out, std::string_view name, const std::vector<V3Rule>& rules) {
  out.optional_list(name, rules, [&](const V3Rule& rule) { write_rule(out, rule); });
}

std::string v3_policy_text(const V3Policy& policy, bool global) {
  const auto spec = [&](JsonWriter& out) {
    out.name("spec");
    out.object([&] {
      out.optional("tier", policy.tier);
      out.optional("order", policy.order);
      write_v3_rules(out, "ingress", policy.ingress);
      write_v3_rules(out, "egress", policy.egress);
      out.optional("selector", policy.selector);
      out.optional("types", policy.types);
      out.optional("serviceAccountSelector", policy.service_account_selector);
      out.optional("namespaceSelector", policy.namespace_selector);
      out.optional_flag("doNotTrack", policy.do_not_track);
      out.optional_flag("preDNAT", policy.pre_dnat);
      out.optional_flag("applyOnForward", policy.apply_on_forward);
      out.optional("performanceHints", policy.performance_hints);
    });
  };
  return v3_resource_text(global ? "GlobalNetworkPolicy" : "NetworkPolicy", policy.meta, spec);
}

void copy_json(JsonWriter& out, JsonView view) {
  switch (view.type()) {
    case JsonView::Type::null:
      return out.null();
    case JsonView::Type::boolean:
      return out.boolean(view.boolean().value_or(false));
    case JsonView::Type::number:
      return copy_number(out, view);
    case JsonView::Type::text:
      return out.text(view.text().value_or(""));
    case JsonView::Type::list:
      return out.list([&] {
        view.for_each_element([&](JsonView element) {
          copy_json(out, element);
          return true;
        });
      });
    case JsonView::Type::object:
      return out.object([&] {
        view.for_each_member([&](std::string_view name, JsonView value) {
          out.name(name);
          copy_json(out, value);
          return true;
        });
      });
  }
}

}  // namespace felixsim
