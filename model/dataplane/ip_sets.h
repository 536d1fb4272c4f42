// SPDX-License-Identifier: Apache-2.0
// All IP sets of one family: what managers want, what the kernel holds, and the `ipset restore`
// text between the two. Mirrors felix/ipsets/ipsets.go (IPSets) of v3.32.1. Left out: bitmap:port
// and hash:net,net sets, the filter of needed sets (BPF mode).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "felixsim/kernel_op.h"
#include "felixsim/messages.h"
#include "model/dataplane/delta_tracker.h"
#include "model/rules/dialect.h"

namespace felixsim {

// How an IP set is made. Sets whose metadata differ cannot be changed into each other: the new one
// is filled under a temporary name and swapped in.
struct IpSetMetadata {
  std::string type;  // hash:ip, hash:net, hash:ip,port
  int64_t max_elements = 0;
  bool operator==(const IpSetMetadata&) const = default;
};

std::string_view ip_set_type_name(msg::IpSetType type);
// Text as Felix writes it into `ipset restore`; `hash:ip` members have no prefix length.
std::string ip_set_member_text(std::string_view set_type, const msg::IpSetMember& member);

class IpSets {
 public:
  IpSets(IpFamily family, int64_t max_elements, rules::Dialect dialect = rules::Dialect::iptables);

  // Members of the other family are ignored everywhere.
  void add_or_replace(std::string_view set_id, msg::IpSetType type,
                      const std::vector<msg::IpSetMember>& members);
  void add_members(std::string_view set_id, const std::vector<msg::IpSetMember>& members);
  void remove_members(std::string_view set_id, const std::vector<msg::IpSetMember>& members);
  void remove(std::string_view set_id);

  // nftables: what `add set` needs to declare a set again; empty if it is not known.
  std::string nft_declaration(const std::string& name) const;

  void queue_resync() { full_resync_needed_ = true; }

  // Creates and updates sets. An error text if the kernel kept refusing: Felix dies then.
  std::optional<std::string> apply_updates(Backend& backend);
  // Destroys one unwanted set. True if more wait: Felix comes back after 100 ms.
  bool apply_deletions(Backend& backend);
  // The last apply_deletions() was refused; it will be as long as somebody else changes nothing.
  bool deletions_fail() const { return deletions_fail_; }

 private:
  void resync(const KernelState& kernel);
  void resync_set(const std::string& name, const IpSet& set);
  bool owns(std::string_view name) const;
  void recheck(const std::string& name);
  std::set<msg::IpSetMember> filtered(msg::IpSetType type,
                                      const std::vector<msg::IpSetMember>& members) const;
  std::string restore_input(const std::vector<std::string>& dirty);
  void write_updates(const std::string& name, std::string& out);
  std::string free_temporary_name();
  void delete_one_temporary(Backend& backend);
  std::string name_of(std::string_view set_id) const;
  bool nft() const { return dialect_ == rules::Dialect::nft; }
  // nft_ip_sets.cc
  std::string nft_table() const;  // "ip calico"
  void resync_nft(const KernelState& kernel);
  std::string nft_input(const std::vector<std::string>& dirty);
  bool apply_nft_deletions(Backend& backend);

  IpFamily family_;
  int64_t max_elements_;
  bool deletions_fail_ = false;
  rules::Dialect dialect_;
  DeltaTracker<std::string, IpSetMetadata> sets_;
  std::map<std::string, msg::IpSetType> types_;  // of desired sets
  std::map<std::string, SetTracker<msg::IpSetMember>> members_;
  std::set<std::string> dirty_members_;
  std::set<std::string> undeletable_;  // the kernel refused; left until the next full resync
  std::set<std::string> resync_needed_;
  bool nft_table_exists_ = false;
  bool full_resync_needed_ = true;
  int next_temporary_ = 0;
};

}  // namespace felixsim
