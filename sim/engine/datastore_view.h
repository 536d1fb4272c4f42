// SPDX-License-Identifier: Apache-2.0
// The datastore as Felix's syncer sees it, shared by all nodes of a cluster: raw puts and deletes
// go in, Updates come out, and the current state can be replayed to a Felix that starts later.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "felixsim/event.h"
#include "felixsim/resource.h"
#include "model/dataplane/dataplane.h"
#include "model/datastore/syncer.h"

namespace felixsim {

class DatastoreView {
 public:
  // Holds the profile projectcalico-default-allow from the start, as Felix's datastore drivers do.
  explicit DatastoreView(FelixVersion version = FelixVersion::v3_32);

  // Remembers a change until flush(); of several changes of one key only the last counts, as in
  // Felix's own dedupe buffer (libcalico-go/lib/backend/syncersv1/dedupebuffer).
  void put(const DatastoreEvent& event);

  // What a node's Felix says of its WireGuard key (empty: none) becomes part of its Node resource,
  // a change like any other if it is one. False if there is no such resource.
  bool set_wireguard_key(const std::string& node, const WireguardKeyReport& report);
  bool has_changes() const { return !pending_.empty(); }

  // Converts what has come since the last flush. Ordered by raw key. O(changes).
  std::vector<Update> flush();

  // Everything there is now, ordered by key. Valid until the next flush(); gathered once for all
  // who ask before that.
  const std::vector<Update>& snapshot();
  const std::map<Key, ValuePtr>& current() const { return current_; }

  int64_t revision() const { return revision_; }  // of the last event put; 0 before any
  // What was invalid in the datastore, in order of discovery.
  const std::vector<DatastoreWarning>& warnings() const { return warnings_; }
  // Adds what a node's Felix refused; what is known already is not told twice.
  void add_warnings(std::vector<DatastoreWarning> found);

 private:
  Syncer syncer_;
  std::map<std::string, std::optional<std::string>> pending_;  // raw key -> value
  std::map<Key, ValuePtr> current_;
  std::map<std::string, std::string> nodes_;  // raw key -> value of the Node resources
  std::vector<Update> snapshot_;              // empty: not gathered
  std::vector<DatastoreWarning> warnings_;
  std::set<std::pair<std::string, std::string>> told_;  // key, fact
  int64_t revision_ = 0;
};

}  // namespace felixsim
