// SPDX-License-Identifier: Apache-2.0
// The filter chains of workloads, rendered once for both families: neither their rules nor their
// hashes depend on the family. Workloads with the same policies, profiles and limits share their
// rules. What was rendered is remembered until forget(), at the end of an apply; whatever a chain
// depends on is part of the key.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/node_hash_map.h>

#include <string>
#include <vector>

#include "felixsim/result.h"
#include "model/dataplane/id_hash.h"
#include "model/dataplane/rule_table.h"
#include "model/rules/policy_group.h"
#include "model/rules/renderer.h"

namespace felixsim {

// What a workload's rules depend on.
struct WorkloadShape {
  bool admin_up = true;
  std::vector<rules::TierGroups> tiers;
  std::vector<Symbol> profiles;
  std::optional<QosControls> qos;
  bool operator==(const WorkloadShape&) const = default;
};

// A group of policies with a chain of its own.
struct GroupChain {
  std::string name;
  rules::PolicyGroup group;
};
std::vector<GroupChain> group_chains(const std::vector<rules::TierGroups>& tiers);

class WorkloadChains {
 public:
  struct Rules {
    rules::WrittenRulesPtr to, from;
    std::vector<GroupChain> groups;
  };
  struct Chains {
    ChainPtr to, from;
  };

  // An error is what Felix panics of. The rules are valid until forget().
  Result<const Rules*> rules_of(const rules::Renderer& renderer, const RuleTable& filter,
                                WorkloadShape shape);
  const Chains& chains_of(const rules::Renderer& renderer, const RuleTable& filter,
                          Symbol interface, const Rules* rules);
  void forget();

 private:
  struct ShapeHash {
    size_t operator()(const WorkloadShape& shape) const;
  };
  struct Rendered {
    const Rules* rules = nullptr;
    Chains chains;
  };
  absl::node_hash_map<WorkloadShape, Rules, ShapeHash> rules_;
  absl::flat_hash_map<Symbol, Rendered, IdHash> chains_;
};

}  // namespace felixsim
