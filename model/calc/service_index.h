// SPDX-License-Identifier: Apache-2.0
// Members of the IP sets that rules name by service, out of EndpointSlices. Mirrors
// felix/serviceindex/serviceindex.go, with what it does when a slice moves to another service: the
// old service keeps the members, and the new one's counts go wrong.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "felixsim/messages.h"
#include "felixsim/resource.h"
#include "felixsim/symbol.h"
#include "model/calc/ip_set_member_index.h"

namespace felixsim::calc {

class ServiceIndex {
 public:
  explicit ServiceIndex(MemberSink sink) : sink_(std::move(sink)) {}

  // EndpointSlice resources; other keys are ignored.
  void on_update(const Update& update);

  // `service` is "namespace/name". Does nothing for a set that is there.
  void add_ip_set(Symbol id, Symbol service);
  // Tells the removal of every member. Unknown ids are ignored.
  void remove_ip_set(Symbol id);

 private:
  using SliceKey = std::pair<Symbol, Symbol>;  // namespace, name
  struct IpSet {
    Symbol service;
    bool with_ports = false;
    std::map<msg::IpSetMember, uint64_t> references;  // wraps below 0, as Felix's do
  };

  void update_slice(const SliceKey& key, const ValuePtr& value);
  void delete_slice(const SliceKey& key);
  void add_members(Symbol id, IpSet& set, const EndpointSlice& slice);
  void remove_members(Symbol id, IpSet& set, const EndpointSlice& slice);

  MemberSink sink_;
  std::map<SliceKey, ValuePtr> slices_;
  std::map<Symbol, std::map<SliceKey, ValuePtr>> slices_by_service_;
  std::map<Symbol, IpSet> sets_;
  std::map<Symbol, std::map<Symbol, IpSet*>> sets_by_service_;
};

}  // namespace felixsim::calc
