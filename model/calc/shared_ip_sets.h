// SPDX-License-Identifier: Apache-2.0
// The IP sets of selectors and named ports, computed once for all nodes of a cluster: each node
// uses some of them, and is told the same members as every other. Members that came or went since
// the last epoch are pending; an epoch ends when all nodes have flushed. Coalesces as
// felix/calc/event_sequencer.go does (pendingAddedIPSetMembers, pendingRemovedIPSetMembers).
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "felixsim/messages.h"
#include "felixsim/resource.h"
#include "felixsim/symbol.h"
#include "model/calc/calc_hash.h"
#include "model/calc/graph_options.h"
#include "model/calc/ip_set_member_index.h"
#include "model/calc/parsed_rules.h"

namespace felixsim::calc {

IndexTraffic operator-(const IndexTraffic& a, const IndexTraffic& b);
// Adds the update if it is one for the index.
void count(IndexTraffic& traffic, const Key& key);

class SharedIpSets {
 public:
  // `suppress_overlaps`: see IpSetMemberIndex.
  explicit SharedIpSets(bool suppress_overlaps);
  SharedIpSets(const SharedIpSets&) = delete;
  SharedIpSets& operator=(const SharedIpSets&) = delete;

  // What is valid of the datastore, once for all nodes. A node whose own part changes with the same
  // update (an endpoint of its own) takes the update before this does.
  void on_update(const Update& update);

  // A node starts or stops to use a set (of a selector; not of a service). Every use must be
  // released once. Returns the id that the other functions want: that of the set or, where members
  // came on a way that the newcomer would have been told otherwise, that of a copy of its own.
  Symbol use(const IpSetDefinition& set);
  void release(Symbol id);

  // What a node is sent that does not have the set yet. O(1) for all but the first to ask.
  msg::IpSetMembers members(Symbol id);
  // What a node is sent that has the set as of the last epoch.
  struct Change {
    msg::IpSetMembers added, removed;
    bool empty() const { return added.empty() && removed.empty(); }
  };
  Change change(Symbol id);
  // What follows members() for a node that has just been sent them: the removal of what the set
  // never had, which Felix tells too.
  Change change_after_members(Symbol id);
  // Sets with pending changes, by id.
  const std::vector<Symbol>& changed();

  // All nodes have flushed: nothing is pending any more.
  void end_epoch();

  // Set once Felix would have panicked.
  const std::optional<std::string>& panic() const { return panic_; }

  // Additions and removals so far, of one set; and how many it has.
  uint64_t members_told(Symbol id) const { return sets_.at(id).told; }
  uint64_t size(Symbol id) const { return sets_.at(id).size; }
  const IndexTraffic& taken() const { return taken_; }

 private:
  using Members = absl::flat_hash_set<msg::IpSetMember>;
  struct IpSet {
    size_t uses = 0;
    uint64_t told = 0, size = 0;
    msg::IpSetMembers base;     // once somebody was sent all members
    Members came, went;         // until the last epoch, since `base`
    Members added, removed;     // since the last epoch
    Members removed_again;      // of the removed: also when it was no longer told as a member
    bool asked = false;         // somebody was sent all members
    bool all_is_added = false;  // `all` holds what `added` would, and that is empty meanwhile
    std::optional<msg::IpSetMembers> all;
    std::optional<Change> change;
  };

  IpSet& touched(Symbol id);
  void on_added(Symbol id, const msg::IpSetMember& member);
  void on_removed(Symbol id, const msg::IpSetMember& member);
  static bool in_epoch(const IpSet& set, const msg::IpSetMember& member);
  static void fold(IpSet& set);

  absl::flat_hash_map<Symbol, IpSet> sets_;
  std::vector<Symbol>
      changed_;  // perhaps of sets that are gone, and more than once, until asked for
  bool sorted_ = true;
  IndexTraffic taken_;
  size_t copies_ = 0;  // so far
  std::optional<std::string> panic_;
  IpSetMemberIndex index_;
};

// The sets that one node uses; what it still uses at its end is released.
class IpSetUses {
 public:
  explicit IpSetUses(std::shared_ptr<SharedIpSets> ip_sets) : ip_sets_(std::move(ip_sets)) {}
  ~IpSetUses();
  IpSetUses(const IpSetUses&) = delete;
  IpSetUses& operator=(const IpSetUses&) = delete;

  void add(const IpSetDefinition& set);
  void remove(Symbol id);
  bool contains(Symbol id) const { return uses_.contains(id); }

  // As those of SharedIpSets, for the sets of this node.
  msg::IpSetMembers members(Symbol id) { return ip_sets_->members(uses_.at(id).copy); }
  SharedIpSets::Change change(Symbol id) { return ip_sets_->change(uses_.at(id).copy); }
  SharedIpSets::Change change_after_members(Symbol id) {
    return ip_sets_->change_after_members(uses_.at(id).copy);
  }
  std::vector<Symbol> changed();

  // Additions and removals that were told to this node.
  uint64_t members_told() const;

 private:
  struct Use {
    Symbol copy;
    uint64_t told_before = 0;  // to others; less what a newcomer is told of them
  };
  uint64_t told(const Use& use) const { return ip_sets_->members_told(use.copy) - use.told_before; }

  std::shared_ptr<SharedIpSets> ip_sets_;
  absl::flat_hash_map<Symbol, Use> uses_;
  absl::flat_hash_map<Symbol, Symbol> own_copies_;  // copy -> set
  uint64_t told_of_removed_ = 0;
};

}  // namespace felixsim::calc
