// SPDX-License-Identifier: Apache-2.0
// Members of the IP sets that rules name by selector or by named port, kept up to date against all
// endpoints and network sets of the cluster. Mirrors felix/labelindex/named_port_index.go
// (SelectorAndNamedPortIndex).
//
// Felix counts references per set and member. Here a member is held by whoever owns its address:
// who that is is known once for all sets, so that a set of pods costs no memory of its own.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "felixsim/messages.h"
#include "felixsim/resource.h"
#include "felixsim/symbol.h"
#include "model/selector/selector.h"

namespace felixsim::calc {

struct MemberSink {
  std::function<void(Symbol set, const msg::IpSetMember&)> on_added, on_removed;
};

class IpSetMemberIndex {
 public:
  // `suppress_overlaps`: members inside a wider member of the same set are not told (Felix with
  // nftables possible). `on_panic` gets the words with which Felix would end here.
  IpSetMemberIndex(MemberSink sink, bool suppress_overlaps,
                   std::function<void(std::string)> on_panic);
  IpSetMemberIndex(IpSetMemberIndex&&) noexcept;
  ~IpSetMemberIndex();

  // Workload and host endpoints, network sets, and Profile resources; other keys are ignored.
  void on_update(const Update& update);

  // Starts a set and tells its members. The id of a set that is there is a bug of the caller.
  // `named_port` counts unless `protocol` is named_port_protocol_none
  // (model/selector/ip_set_ids.h).
  void add_ip_set(Symbol id, const SelectorPtr& selector, uint8_t protocol, Symbol named_port);
  // Members of a removed set are not told. Unknown ids are ignored.
  void remove_ip_set(Symbol id);

  // Whether what was told of a set may differ from what would be told of it if it started now: a
  // covered member went (OverlapSuppressor says what is wrong then).
  bool depends_on_path(Symbol id) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace felixsim::calc
