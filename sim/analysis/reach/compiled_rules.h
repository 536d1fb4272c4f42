// SPDX-License-Identifier: Apache-2.0
// The rules of all policies and profiles in force, compiled for one IP version and kept as the
// cluster changes.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <memory>
#include <vector>

#include "model/calc/calc_hash.h"
#include "sim/analysis/reach/rules.h"

namespace felixsim::reach {

struct CompiledPolicy {
  RuleMatches inbound, outbound;
  std::vector<Cidr> nets;  // that the rules name
  const RuleMatches& of(bool ingress) const { return ingress ? inbound : outbound; }
};

// What one update did to rules; each is listed once.
struct RulesUpdate {
  std::vector<const RuleMatches*> changed;  // other rules, or others headers that they tell apart
  std::vector<const RuleMatches*> touched;  // members of their sets
};

// Looked up only; what is in it stays where it is.
class CompiledRules {
 public:
  const CompiledPolicy* policy(const PolicyKey& key) const { return find(policies_, key); }
  const CompiledPolicy* profile(Symbol name) const { return find(profiles_, name); }

  // Names the nets of what changed to the address space, and no longer those of what was there.
  void update_nets(const ClusterState& state, const Changes& changes, AddressSpace& addresses);
  // Compiles what changed.
  RulesUpdate compile(const ClusterState& state, const Changes& changes, size_t update,
                      ElementSets& sets, HeaderSpace& headers);
  // Forgets what is no longer in force: nothing may look at it any more.
  void drop_old(const ClusterState& state, const Changes& changes);

 private:
  template <class Key>
  using Rules = absl::flat_hash_map<Key, std::unique_ptr<CompiledPolicy>>;
  template <class Key>
  static const CompiledPolicy* find(const Rules<Key>& rules, const Key& key) {
    const auto it = rules.find(key);
    return it == rules.end() || it->second->inbound.gone ? nullptr : it->second.get();
  }

  void compile_one(const std::vector<msg::Rule>& rules, bool ingress, ElementSets& sets,
                   HeaderSpace& headers, RuleMatches& out);
  void count_users(RuleMatches& rules, bool in);

  uint64_t last_id_ = 0;
  Rules<PolicyKey> policies_;
  Rules<Symbol> profiles_;
  absl::flat_hash_map<const void*, std::vector<RuleMatches*>> users_;  // of sets
};

}  // namespace felixsim::reach
