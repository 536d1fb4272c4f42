// SPDX-License-Identifier: Apache-2.0
// One nftables table of Felix's: base chains with hooks, own chains, verdict maps, and the `nft -f
// -` text that brings the kernel there. Mirrors felix/nftables/table.go and maps.go of v3.32.1. All
// of the table is Felix's, so whatever else is found in it goes.
//
// Like IptablesTable, it reads the table again only after somebody else touched the kernel.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <functional>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "felixsim/kernel_op.h"
#include "felixsim/time.h"
#include "model/dataplane/chain_store.h"
#include "model/dataplane/iptables_table.h"

namespace felixsim {

struct NftablesTableConfig {
  std::string family;                              // ip, ip6, arp
  std::string name;                                // calico, calico-arp
  std::map<std::string, std::string> base_chains;  // name -> "type filter hook output priority 0 ;"
  bool disabled = false;                           // only removes what an earlier Felix left
  SimTime refresh_interval = 180 * second;
};
// The base chains of "table calico", by name with layer ("filter-INPUT").
std::map<std::string, std::string> nft_base_chains();
std::map<std::string, std::string> nft_arp_base_chains();

class NftablesTable {
 public:
  // `declare_set` gives the "{ type ... ; }" of an IP set that a rule names; empty: not known.
  using DeclareSet = std::function<std::string(const std::string& name)>;
  explicit NftablesTable(NftablesTableConfig config, DeclareSet declare_set = {});

  // All names are those within the table, layer included.
  void update_chain(ChainPtr chain) { chains_.update(std::move(chain)); }
  void remove_chain(std::string_view name) { chains_.remove(name); }
  void set_hook_rules(const std::string& chain, rules::WrittenRulesPtr rules);
  void set_appended_rules(const std::string& chain, rules::WrittenRulesPtr rules);
  // Interface -> "goto CHAIN". Replaces the map's elements; O(elements).
  void set_map(const std::string& name, std::map<std::string, std::string> elements);

  // Somebody changed the table. Felix sees it whenever it applies anything, the next time at
  // `next_wake` if nothing else happens.
  void note_touched(SimTime now, std::optional<SimTime> next_wake);
  std::optional<SimTime> next_check() const { return check_at_; }
  // The table was lost with its maps, and Felix has made them again without their elements, which
  // it takes to be there until it looks again.
  bool has_lost_elements() const { return lost_elements_; }
  void start(SimTime now) { last_read_ = now; }
  // An error text if the kernel kept refusing: Felix dies then.
  // `woken`: Felix has a reason of its own to apply, be it not with this table.
  std::optional<std::string> apply(Backend& backend, SimTime now, bool woken = false);

 private:
  struct Hook {
    rules::WrittenRulesPtr inserted = std::make_shared<const rules::WrittenRules>();
    rules::WrittenRulesPtr appended = inserted;
  };
  using Hashes = rules::RuleHashes;
  using ChainHashes = absl::flat_hash_map<std::string, rules::RuleHashesPtr>;  // never null
  using Elements = std::map<std::string, std::string>;

  const NftTable* find(const KernelState& kernel) const;
  const Elements& actual_elements(const std::string& map) const;
  void load(const KernelState& kernel);
  Hashes hook_hashes(const std::string& chain) const;
  std::string transaction(const KernelState& kernel);
  void finish(SimTime now);
  void write_new_chains(const std::vector<ChainStore::Dirty>& dirty, std::string& out);
  void write_deletions(const std::vector<ChainStore::Dirty>& dirty, std::string& out);
  void write_chain(const NftTable* kernel, const TableChain& chain, std::string& out);
  void write_hook(const std::string& name, std::string& out);
  void write_maps(std::string& out);
  void write_new_elements(std::string& out);
  void append_rule(std::string& out, std::string_view verb, const std::string& chain,
                   const rules::WrittenRule& rule, const rules::RuleHash& hash,
                   std::optional<uint64_t> handle = {}) const;

  NftablesTableConfig config_;
  std::string table_;  // family and name
  DeclareSet declare_set_;
  ChainStore chains_;
  std::map<std::string, Hook> hooks_;
  std::set<std::string> dirty_hooks_, dirty_maps_;
  std::map<std::string, std::shared_ptr<const Elements>> maps_;  // never null
  ChainHashes actual_;
  std::map<std::string, std::shared_ptr<const Elements>> actual_maps_;
  std::set<std::string> maps_in_kernel_;
  bool lost_elements_ = false;
  std::vector<std::pair<std::string, rules::RuleHashesPtr>> written_;  // last; null: deleted
  bool table_exists_ = false, loaded_ = false, touched_ = false;
  std::optional<SimTime> check_at_;
  SimTime last_read_ = 0;
};

}  // namespace felixsim
