// SPDX-License-Identifier: Apache-2.0
// One iptables table of one family: hooks in the kernel's chains, Felix's own chains, and the
// `iptables-restore` text that brings the kernel there. Mirrors felix/iptables/table.go of v3.32.1.
// Foreign rules are left alone; chains and hooks of an earlier Felix are removed.
//
// Felix reads the whole table again before each write and at growing intervals after it. Here the
// table is read again only if somebody else touched the kernel since (note_touched), which comes to
// the same and costs nothing otherwise.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "felixsim/kernel_op.h"
#include "felixsim/time.h"
#include "model/dataplane/chain_store.h"

namespace felixsim {

struct TableTimers {
  SimTime refresh_interval = 180 * second;  // 0: never
  SimTime post_write_interval = 1 * second;
};

// The first of the routine checks after a write at `last_write` and a reading at `last_read` that
// is not before `touched`: at doubling intervals after the write, up to an hour, and when the
// refresh interval has passed since the last reading. Nothing if no check comes.
std::optional<SimTime> next_table_check(const TableTimers& timers, SimTime last_write,
                                        SimTime last_read, SimTime touched);

struct IptablesTableConfig {
  std::string name;  // filter, nat, mangle, raw
  IpFamily family = IpFamily::v4;
  IptBackend backend = IptBackend::nft;
  bool append_hooks = false;  // ChainInsertMode Append
  SimTime lock_probe_interval = 50'000'000;
  bool restore_supports_lock = true;
  TableTimers timers;
};

class IptablesTable {
 public:
  explicit IptablesTable(IptablesTableConfig config);

  void update_chain(ChainPtr chain) { chains_.update(std::move(chain)); }
  void remove_chain(std::string_view name) { chains_.remove(name); }
  // Rules at the front of a kernel chain (at its end if hooks are appended), and always at its end.
  void set_hook_rules(const std::string& chain, rules::WrittenRulesPtr rules);
  void set_appended_rules(const std::string& chain, rules::WrittenRulesPtr rules);

  // Somebody else may have changed the table.
  void note_touched(SimTime now);
  // When Felix would see that, if nothing makes it write before.
  std::optional<SimTime> next_check() const { return check_at_; }
  // Felix has made the table; its checks count from then on as if it had just been written.
  void start(SimTime now) { last_write_ = last_read_ = now; }
  // When Felix looks at the table by itself, not before `after`; it looks at all else then too.
  std::optional<SimTime> next_routine_check(SimTime after) const;

  // An error text if the kernel kept refusing: Felix dies then. O(what is dirty), after a reading
  // O(table).
  std::optional<std::string> apply(Backend& backend, SimTime now);

 private:
  struct Hook {
    rules::WrittenRulesPtr inserted = std::make_shared<const rules::WrittenRules>();
    rules::WrittenRulesPtr appended = inserted;
  };
  using Hashes = rules::RuleHashes;  // empty for a foreign rule
  using ChainHashes = absl::flat_hash_map<std::string, rules::RuleHashesPtr>;  // never null
  using DirtyChains = std::vector<ChainStore::Dirty>;

  void load(const KernelState& kernel);
  void compare_known_chain(const std::string& name, const Hashes& expected, const Hashes& found);
  Hashes read_hashes(const std::string& chain, const IptChain& content);
  Hashes expected_hook_hashes(const std::string& chain, size_t foreign_rules) const;
  bool is_ours(std::string_view chain) const;
  bool is_old_insert(std::string_view chain, std::string_view rule) const;
  std::string restore_input();
  DirtyChains incorrect_chains() const;
  void write_chain(const TableChain& chain, std::string& out);
  void write_hook(const std::string& name, std::string& out);
  void write_deletions(const DirtyChains& dirty, std::string& out);
  std::string command() const;

  IptablesTableConfig config_;
  ChainStore chains_;
  std::map<std::string, Hook> hooks_;
  std::set<std::string> dirty_hooks_;
  ChainHashes actual_;                                                 // what the kernel holds
  std::map<std::string, std::vector<std::string>> hook_rules_;         // full text, by kernel chain
  std::vector<std::pair<std::string, rules::RuleHashesPtr>> written_;  // last; null: deleted
  bool loaded_ = false, touched_ = false;
  std::optional<SimTime> check_at_;
  SimTime last_read_ = 0, last_write_ = 0;
};

}  // namespace felixsim
