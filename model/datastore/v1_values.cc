// SPDX-License-Identifier: Apache-2.0
#include "model/datastore/v1_values.h"

#include <algorithm>
#include <climits>

#include "model/datastore/v1_fields.h"
#include "model/datastore/v3_values.h"

namespace felixsim {
namespace {

void read_nats(JsonReader& in, JsonView view, std::vector<IpNat>& out) {
  in.list(
      view,
      [&](JsonView element) {
        std::optional<Ip> internal, external;
        in.object(element, [&](FieldName name, JsonView value) {
          if (name.is("int_ip")) read_ip(in, value, internal);
          if (name.is("ext_ip")) read_ip(in, value, external);
        });
        out.push_back({internal.value_or(Ip{}), external.value_or(Ip{})});
      },
      [&] { out.clear(); });
}

// encap.Mode is open text; what Felix does not know, it treats as no encapsulation.
void read_encap(JsonReader& in, JsonView view, EncapMode& out) {
  std::string text;
  in.read(view, text);
  out = text == "always"         ? EncapMode::always
        : text == "cross-subnet" ? EncapMode::cross_subnet
                                 : EncapMode::undefined;
}

void read_attributes(JsonReader& in, JsonView view, std::vector<BlockAttribute>& out) {
  in.list(
      view,
      [&](JsonView element) {
        BlockAttribute attribute;
        in.object(element, [&](FieldName name, JsonView value) {
          if (name.is("handle_id")) in.read(value, attribute.handle_id);
          if (name.is("secondary")) in.read(value, attribute.active_owner);
          StringMap ignored;
          if (name.is("alternateOwnerAttrs")) in.read(value, ignored);
        });
        out.push_back(std::move(attribute));
      },
      [&] { out.clear(); });
}

// Indexes that fit no int point nowhere.
void read_allocations(JsonReader& in, JsonView view, std::vector<std::optional<int>>& out) {
  std::vector<std::optional<int64_t>> indexes;
  in.read(view, indexes);
  out.clear();
  for (const auto& index : indexes) {
    if (!index) {
      out.emplace_back();
    } else {
      out.emplace_back(static_cast<int>(std::clamp<int64_t>(*index, INT_MIN, INT_MAX)));
    }
  }
}

// Fields of a block that nobody reads; a wrong type makes the block unreadable all the same.
void read_ignored(JsonReader& in, FieldName name, JsonView view) {
  std::string text;
  std::vector<int64_t> indexes;
  if (name.is("affinity_claim_time")) read_time(in, view, text);
  if (name.is("hostAffinity")) in.read(view, text);
  if (name.is("unallocated")) in.read(view, indexes);
  uint64_t number = 0;
  if (name.is("sequenceNumberForAllocation"))
    in.object(view, [&](FieldName, JsonView value) { in.read(value, number); });
}

}  // namespace

void read_value(JsonReader& in, JsonView view, WorkloadEndpoint& out) {
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("state")) in.read(value, out.state);
    if (name.is("name")) in.read(value, out.name);
    if (name.is("mac")) read_mac(in, value, out.mac);
    if (name.is("profile_ids")) in.read(value, out.profile_ids);
    if (name.is("ipv4_nets")) read_nets(in, value, out.ipv4_nets);
    if (name.is("ipv6_nets")) read_nets(in, value, out.ipv6_nets);
    if (name.is("ipv4_nat")) read_nats(in, value, out.ipv4_nat);
    if (name.is("ipv6_nat")) read_nats(in, value, out.ipv6_nat);
    if (name.is("labels")) in.read(value, out.labels);
    if (name.is("ipv4_gateway")) read_ip(in, value, out.ipv4_gateway);
    if (name.is("ipv6_gateway")) read_ip(in, value, out.ipv6_gateway);
    if (name.is("ports")) read_endpoint_ports(in, value, out.ports);
    if (name.is("generate_name")) in.read(value, out.generate_name);
    if (name.is("allow_spoofed_source_ips")) {
      in.list(
          value,
          [&](JsonView net) {
            read_net_as_written(in, net, out.allow_spoofed_source_prefixes.emplace_back());
          },
          [&] { out.allow_spoofed_source_prefixes.clear(); });
    }
    if (name.is("annotations")) in.read(value, out.annotations);
    if (name.is("qosControls")) read_qos(in, value, out.qos);
  });
}

void read_value(JsonReader& in, JsonView view, HostEndpoint& out) {
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("name")) in.read(value, out.name);
    if (name.is("expected_ipv4_addrs")) read_ips(in, value, out.expected_ipv4);
    if (name.is("expected_ipv6_addrs")) read_ips(in, value, out.expected_ipv6);
    if (name.is("labels")) in.read(value, out.labels);
    if (name.is("profile_ids")) in.read(value, out.profile_ids);
    if (name.is("ports")) read_endpoint_ports(in, value, out.ports);
    if (name.is("qosControls")) read_qos(in, value, out.qos);
  });
}

void read_value(JsonReader& in, JsonView view, Policy& out) {
  in.object(view, [&](FieldName name, JsonView value) {
    if ((name.is("annotations") && value.is_empty_object()) ||
        ((name.is("types") || name.is("performance_hints")) && value.is_empty_list()))
      out.has_empty_lists = true;
    if (name.is("namespace")) in.read(value, out.ns);
    if (name.is("tier")) in.read(value, out.tier);
    if (name.is("order")) in.read(value, out.order);
    if (name.is("inbound_rules")) read_rules(in, value, out.inbound, out.has_empty_lists);
    if (name.is("outbound_rules")) read_rules(in, value, out.outbound, out.has_empty_lists);
    if (name.is("selector")) in.read(value, out.selector);
    if (name.is("untracked")) in.read(value, out.do_not_track);
    if (name.is("annotations")) in.read(value, out.annotations);
    if (name.is("pre_dnat")) in.read(value, out.pre_dnat);
    if (name.is("apply_on_forward")) in.read(value, out.apply_on_forward);
    if (name.is("types")) in.read(value, out.types);
    if (name.is("performance_hints")) in.read(value, out.performance_hints);
    if (name.is("staged_action")) in.read(value, out.staged_action);
  });
}

void read_value(JsonReader& in, JsonView view, Tier& out) {
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("order")) in.read(value, out.order);
    if (name.is("defaultAction")) in.read(value, out.default_action);
  });
}

void read_value(JsonReader& in, JsonView view, ProfileRules& out) {
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("inbound_rules")) read_rules(in, value, out.inbound, out.has_empty_lists);
    if (name.is("outbound_rules")) read_rules(in, value, out.outbound, out.has_empty_lists);
  });
}

void read_value(JsonReader& in, JsonView view, ProfileLabels& out) { in.read(view, out.labels); }

void read_value(JsonReader& in, JsonView view, NetworkSet& out) {
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("nets")) read_nets(in, value, out.nets);
    if (name.is("labels")) in.read(value, out.labels);
    if (name.is("profile_ids")) in.read(value, out.profile_ids);
  });
}

void read_value(JsonReader& in, JsonView view, IpPool& out) {
  out.cidr = Cidr::none();
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("cidr")) read_net(in, value, out.cidr);
    if (name.is("ipip")) in.read(value, out.ipip_interface);
    if (name.is("ipip_mode")) read_encap(in, value, out.ipip_mode);
    if (name.is("vxlan_mode")) read_encap(in, value, out.vxlan_mode);
    if (name.is("masquerade")) in.read(value, out.masquerade);
    if (name.is("ipam")) in.read(value, out.ipam);
    if (name.is("disabled")) in.read(value, out.disabled);
    if (name.is("disableBGPExport")) in.read(value, out.disable_bgp_export);
    if (name.is("assignment_mode")) in.read(value, out.assignment_mode);
    if (name.is("allowed_uses")) in.read(value, out.allowed_uses);
  });
}

void read_value(JsonReader& in, JsonView view, AllocationBlock& out) {
  out.cidr = Cidr::none();
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("cidr")) read_net(in, value, out.cidr);
    if (name.is("affinity")) in.read(value, out.affinity);
    if (name.is("allocations")) read_allocations(in, value, out.allocations);
    read_ignored(in, name, value);
    if (name.is("attributes")) read_attributes(in, value, out.attributes);
    if (name.is("sequenceNumber")) in.read(value, out.sequence_number);
    if (name.is("deleted")) in.read(value, out.deleted);
  });
}

void read_value(JsonReader& in, JsonView view, Wireguard& out) {
  in.object(view, [&](FieldName name, JsonView value) {
    if (name.is("interfaceIPv4Addr")) read_ip(in, value, out.interface_ipv4);
    if (name.is("publicKey")) in.read(value, out.public_key);
    if (name.is("interfaceIPv6Addr")) read_ip(in, value, out.interface_ipv6);
    if (name.is("publicKeyV6")) in.read(value, out.public_key_v6);
  });
}

}  // namespace felixsim
