// SPDX-License-Identifier: Apache-2.0
#include "model/calc/service_index.h"

#include <fmt/format.h>

#include "felixsim/check.h"
#include "model/selector/selector.h"

namespace felixsim::calc {
namespace {

constexpr uint8_t tcp = 6, udp = 17, sctp = 132;

uint8_t protocol_number(const EndpointSlicePort& port) {
  if (!port.protocol) return tcp;
  return *port.protocol == "UDP" ? udp : *port.protocol == "SCTP" ? sctp : tcp;
}

Symbol service_of(const std::pair<Symbol, Symbol>& key, const EndpointSlice& slice) {
  static const Symbol service_name("kubernetes.io/service-name");
  const Symbol* name = slice.labels ? find_label(*slice.labels, service_name) : nullptr;
  return Symbol(fmt::format("{}/{}", key.first.view(), name ? name->view() : ""));
}

const EndpointSlice& slice_of(const ValuePtr& value) {
  const auto* slice = std::get_if<EndpointSlice>(value.get());
  FELIXSIM_CHECK(slice);
  return *slice;
}

// Calls `each` for every member in the slice; the same one may come twice. Addresses that are none
// (host names) are passed over. A port without number is not "all ports" here: it has no members.
template <class Each>
void for_each_member(const EndpointSlice& slice, bool with_ports, const Each& each) {
  for (const auto& addresses : slice.endpoint_addresses) {
    if (!with_ports) {
      for (const auto& address : addresses)
        if (const auto cidr = Cidr::parse_cidr_or_ip(address)) each(msg::IpSetMember{*cidr, 0, 0});
      continue;
    }
    for (const auto& port : slice.ports) {
      if (!port.port) continue;
      for (const auto& address : addresses)
        if (const auto ip = Ip::parse(address))
          each(msg::IpSetMember{Cidr::host(*ip), protocol_number(port),
                                static_cast<uint16_t>(*port.port)});
    }
  }
}

}  // namespace

void ServiceIndex::on_update(const Update& update) {
  static const Symbol slice_kind("KubernetesEndpointSlice");
  const auto* key = std::get_if<ResourceKey>(&update.key);
  if (!key || key->kind != slice_kind) return;
  if (update.value)
    update_slice({key->ns, key->name}, update.value);
  else
    delete_slice({key->ns, key->name});
}

void ServiceIndex::add_members(Symbol id, IpSet& set, const EndpointSlice& slice) {
  for_each_member(slice, set.with_ports, [&](const msg::IpSetMember& member) {
    if (++set.references[member] == 1) sink_.on_added(id, member);
  });
}

void ServiceIndex::remove_members(Symbol id, IpSet& set, const EndpointSlice& slice) {
  for_each_member(slice, set.with_ports, [&](const msg::IpSetMember& member) {
    if (--set.references[member] > 0) return;
    sink_.on_removed(id, member);
    set.references.erase(member);
  });
}

void ServiceIndex::update_slice(const SliceKey& key, const ValuePtr& value) {
  const auto& slice = slice_of(value);
  const Symbol service = service_of(key, slice);
  auto& known = slices_[key];
  if (const auto users = sets_by_service_.find(service); users != sets_by_service_.end())
    for (const auto& [id, set] : users->second) {
      add_members(id, *set, slice);
      // Of the slice as it was, even if that belonged to another service: Felix takes from this
      // set what it never gave it.
      if (known) remove_members(id, *set, slice_of(known));
    }
  slices_by_service_[service][key] = value;
  known = value;
}

void ServiceIndex::delete_slice(const SliceKey& key) {
  const auto known = slices_.find(key);
  if (known == slices_.end()) return;
  const auto& slice = slice_of(known->second);
  const Symbol service = service_of(key, slice);
  if (const auto users = sets_by_service_.find(service); users != sets_by_service_.end())
    for (const auto& [id, set] : users->second) remove_members(id, *set, slice);
  auto& siblings = slices_by_service_[service];
  siblings.erase(key);
  if (siblings.empty()) slices_by_service_.erase(service);
  slices_.erase(known);
}

void ServiceIndex::add_ip_set(Symbol id, Symbol service) {
  const auto [entry, added] = sets_.try_emplace(id);
  auto& set = entry->second;
  if (!added) {
    FELIXSIM_CHECK(set.service == service);
    return;
  }
  set.service = service;
  set.with_ports = !id.view().starts_with("svcnoport");
  sets_by_service_[service][id] = &set;
  const auto slices = slices_by_service_.find(service);
  if (slices == slices_by_service_.end()) return;
  for (const auto& [key, slice] : slices->second) add_members(id, set, slice_of(slice));
}

void ServiceIndex::remove_ip_set(Symbol id) {
  const auto entry = sets_.find(id);
  if (entry == sets_.end()) return;
  for (const auto& [member, count] : entry->second.references) sink_.on_removed(id, member);
  auto& users = sets_by_service_[entry->second.service];
  users.erase(id);
  if (users.empty()) sets_by_service_.erase(entry->second.service);
  sets_.erase(entry);
}

}  // namespace felixsim::calc
