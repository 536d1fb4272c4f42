// SPDX-License-Identifier: Apache-2.0
// Rules of policies and profiles in their v1 form (libcalico-go/lib/backend/model/rule.go).
// Left out: tags, which Felix no longer reads.
#include <algorithm>
#include <array>

#include "model/datastore/v1_fields.h"

namespace felixsim {
namespace {

// A side while it is read: the single networks are kept apart, since they come last whatever the
// order of the fields (model.Rule.AllSrcNets).
struct SideDraft {
  RuleSide side;
  std::optional<Cidr> net, not_net;

  RuleSide finish() && {
    if (net) side.nets.push_back(*net);
    if (not_net) side.not_nets.push_back(*not_net);
    return std::move(side);
  }
};

void read_optional_net(JsonReader& in, JsonView view, std::optional<Cidr>& out) {
  out.reset();
  if (view.is_null()) return;
  read_net_as_written(in, view, out.emplace());
}

// []*net.IPNet: nulls are no networks.
void read_net_pointers(JsonReader& in, JsonView view, std::vector<Cidr>& out) {
  in.list(
      view,
      [&](JsonView element) {
        std::optional<Cidr> net;
        read_optional_net(in, element, net);
        if (net) out.push_back(*net);
      },
      [&] { out.clear(); });
}

// The names of one side's fields.
struct SideNames {
  std::string_view net, nets, selector, ports, service, service_namespace;
  std::string_view not_net, not_nets, not_selector, not_ports;
  std::string_view original_selector, original_namespace_selector, original_not_selector;
  std::string_view original_service_account_names, original_service_account_selector;
};

constexpr SideNames source_names{"src_net",
                                 "src_nets",
                                 "src_selector",
                                 "src_ports",
                                 "src_service",
                                 "src_service_ns",
                                 "!src_net",
                                 "!src_nets",
                                 "!src_selector",
                                 "!src_ports",
                                 "orig_src_selector",
                                 "orig_src_namespace_selector",
                                 "!orig_src_selector",
                                 "orig_src_service_acct_names",
                                 "orig_src_service_acct_selector"};
constexpr SideNames destination_names{"dst_net",
                                      "dst_nets",
                                      "dst_selector",
                                      "dst_ports",
                                      "dst_service",
                                      "dst_service_ns",
                                      "!dst_net",
                                      "!dst_nets",
                                      "!dst_selector",
                                      "!dst_ports",
                                      "orig_dst_selector",
                                      "orig_dst_namespace_selector",
                                      "!orig_dst_selector",
                                      "orig_dst_service_acct_names",
                                      "orig_dst_service_acct_selector"};

void read_side(JsonReader& in, FieldName name, JsonView value, const SideNames& names,
               SideDraft& out) {
  RuleSide& side = out.side;
  if (name.is(names.net)) read_optional_net(in, value, out.net);
  if (name.is(names.nets)) read_net_pointers(in, value, side.nets);
  if (name.is(names.selector)) in.read(value, side.selector);
  if (name.is(names.ports)) read_ports(in, value, side.ports);
  if (name.is(names.service)) in.read(value, side.service);
  if (name.is(names.service_namespace)) in.read(value, side.service_namespace);
  if (name.is(names.not_net)) read_optional_net(in, value, out.not_net);
  if (name.is(names.not_nets)) read_net_pointers(in, value, side.not_nets);
  if (name.is(names.not_selector)) in.read(value, side.not_selector);
  if (name.is(names.not_ports)) read_ports(in, value, side.not_ports);
  if (name.is(names.original_selector)) in.read(value, side.original_selector);
  if (name.is(names.original_namespace_selector)) {
    in.read(value, side.original_namespace_selector);
  }
  if (name.is(names.original_not_selector)) in.read(value, side.original_not_selector);
  if (name.is(names.original_service_account_names)) {
    in.read(value, side.original_service_account_names);
  }
  if (name.is(names.original_service_account_selector)) {
    in.read(value, side.original_service_account_selector);
  }
}

void read_metadata(JsonReader& in, JsonView view, std::optional<StringMap>& out) {
  if (view.is_null()) out.reset();
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("annotations")) in.read(value, out);
  });
}

constexpr std::array list_fields{
    "src_nets", "src_ports", "!src_nets", "!src_ports", "orig_src_service_acct_names",
    "dst_nets", "dst_ports", "!dst_nets", "!dst_ports", "orig_dst_service_acct_names",
};

bool is_empty_field(FieldName name, JsonView value) {
  return value.is_empty_list() && std::any_of(list_fields.begin(), list_fields.end(),
                                              [&](const char* field) { return name.is(field); });
}

Rule read_rule(JsonReader& in, JsonView view, bool& has_empty_lists) {
  Rule rule;
  SideDraft source, destination;
  in.object(view, [&](FieldName name, JsonView value) {
    has_empty_lists = has_empty_lists || is_empty_field(name, value);
    if (name.is("action")) in.read(value, rule.action);
    if (name.is("ip_version")) in.read(value, rule.ip_version);
    if (name.is("protocol")) read_protocol(in, value, rule.protocol);
    if (name.is("!protocol")) read_protocol(in, value, rule.not_protocol);
    if (name.is("icmp_type")) in.read(value, rule.icmp_type);
    if (name.is("icmp_code")) in.read(value, rule.icmp_code);
    if (name.is("!icmp_type")) in.read(value, rule.not_icmp_type);
    if (name.is("!icmp_code")) in.read(value, rule.not_icmp_code);
    if (name.is("http")) read_http(in, value, rule.http);
    if (name.is("metadata")) read_metadata(in, value, rule.annotations);
    std::string ignored;
    for (const char* tag : {"src_tag", "dst_tag", "!src_tag", "!dst_tag"})
      if (name.is(tag)) in.read(value, ignored);
    read_side(in, name, value, source_names, source);
    read_side(in, name, value, destination_names, destination);
  });
  rule.source = std::move(source).finish();
  rule.destination = std::move(destination).finish();
  return rule;
}

}  // namespace

void read_rules(JsonReader& in, JsonView view, std::vector<Rule>& out, bool& has_empty_lists) {
  has_empty_lists = has_empty_lists || view.is_empty_list();
  in.list(
      view, [&](JsonView element) { out.push_back(read_rule(in, element, has_empty_lists)); },
      [&] { out.clear(); });
}

}  // namespace felixsim
