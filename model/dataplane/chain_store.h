// SPDX-License-Identifier: Apache-2.0
// The chains that one table should hold: only those that a hook reaches, directly or by other
// chains. Mirrors the reference counts of felix/iptables/table.go and felix/nftables/table.go
// (incref, decref, desiredStateOfChain). Loops of chains are the renderer's bug.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/rules/chain.h"

namespace felixsim {

using ChainPtr = std::shared_ptr<const rules::Chain>;

class ChainStore {
 public:
  // Chains of the kernel are there by definition.
  void add_root(const std::string& name) { references_[name] += 1; }

  // O(rules of the chain), and of chains that become reachable or unreachable by it.
  void update(ChainPtr chain);
  void remove(const std::string& name);
  // The rules that hang in a kernel chain; they refer to chains like others.
  void replace_hook(const std::vector<rules::Rule>& old_rules,
                    const std::vector<rules::Rule>& new_rules);
  // References from outside the table's rules: elements of verdict maps.
  void incref(std::string_view name);
  void decref(std::string_view name);

  // The chain if it is known and reachable, else null.
  const rules::Chain* wanted(const std::string& name) const;
  // Chains whose wanted state may differ from what was applied.
  const std::set<std::string>& dirty() const { return dirty_; }
  void mark_dirty(const std::string& name) { dirty_.insert(name); }
  void clear_dirty() { dirty_.clear(); }
  // Keeps those for which keep(name) holds.
  template <class Keep>
  void keep_dirty(Keep keep) {
    std::erase_if(dirty_, [&](const std::string& name) { return !keep(name); });
  }

 private:
  bool is_referenced(const std::string& name) const { return references_.contains(name); }
  void incref_targets(const std::vector<rules::Rule>& rules);
  void decref_targets(const std::vector<rules::Rule>& rules);

  struct NameHash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  };
  template <class Value>
  using ByName = absl::flat_hash_map<std::string, Value, NameHash, std::equal_to<>>;

  ByName<ChainPtr> chains_;
  ByName<int> references_;  // never 0
  std::set<std::string> dirty_;
};

}  // namespace felixsim
