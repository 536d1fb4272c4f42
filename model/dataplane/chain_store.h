// SPDX-License-Identifier: Apache-2.0
// The chains that one table should hold: only those that a hook reaches, directly or by other
// chains. Mirrors the reference counts of felix/iptables/table.go and felix/nftables/table.go
// (incref, decref, desiredStateOfChain). Loops of chains are the renderer's bug.
#pragma once

#include <absl/container/node_hash_map.h>

#include <string>
#include <string_view>
#include <vector>

#include "model/dataplane/table_chain.h"

namespace felixsim {

class ChainStore {
 public:
  // Chains of the kernel are there by definition.
  void add_root(const std::string& name) { entries_[name].references += 1; }

  // O(rules of the chain), and of chains that become reachable or unreachable by it.
  void update(ChainPtr chain);
  void remove(std::string_view name);
  // The rules that hang in a kernel chain; they refer to chains like others.
  void replace_hook(const rules::WrittenRules& old_rules, const rules::WrittenRules& new_rules);
  // References from outside the table's rules: elements of verdict maps.
  void incref(std::string_view name);
  void decref(std::string_view name);

  // A chain whose wanted state may differ from what was applied; null: not wanted. Valid until the
  // store changes.
  struct Dirty {
    const std::string& name;
    const TableChain* wanted = nullptr;
  };
  // In order of name.
  std::vector<Dirty> dirty() const;
  bool any_dirty() const { return !dirty_.empty(); }
  bool is_dirty(std::string_view name) const;
  void mark_dirty(std::string_view name);
  void clear_dirty();

 private:
  struct Entry {
    ChainPtr chain;      // null: not known
    int references = 0;  // the chain is reachable unless 0
    bool dirty = false;
  };
  struct NameHash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  };
  using Entries = absl::node_hash_map<std::string, Entry, NameHash, std::equal_to<>>;

  void mark_dirty(Entries::value_type& entry);
  void incref_targets(const rules::WrittenRules& rules);
  void decref_targets(const rules::WrittenRules& rules);

  Entries entries_;
  std::vector<Entries::value_type*> dirty_;  // each once
};

}  // namespace felixsim
