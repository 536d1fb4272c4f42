// SPDX-License-Identifier: Apache-2.0
// The tiers of endpoints as compiled rules: one for all programs in which it is the same.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <array>
#include <memory>
#include <vector>

#include "model/calc/endpoint_tiers.h"
#include "sim/analysis/reach/cells.h"
#include "sim/analysis/reach/compiled_rules.h"

namespace felixsim::reach {

class ProgramTiers {
 public:
  explicit ProgramTiers(const CompiledRules& rules) : rules_(rules) {}

  // One direction of a tier, without staged policies and what is not in force; one of staged
  // policies alone denies nothing. Null: it has no policy. Equal ones are the same pointer, as long
  // as one is in use.
  ProgramTierPtr of(const calc::TierPtr& tier, bool ingress);  // O(1) if asked before
  ProgramTierPtr of(const msg::TierInfo& tier, bool ingress);

  // The policy came into force, or went: tiers that have it are looked at again.
  void forget(const PolicyKey& policy);
  // Now and then: what no endpoint has any more.
  void forget_unused();

 private:
  struct Known {
    ProgramTierPtr ingress, egress;
  };

  const CompiledRules& rules_;
  size_t kept_ = 0;  // the last time that what is unused was forgotten
  absl::flat_hash_map<calc::TierPtr, Known> known_;
  // By name, action and rules.
  absl::flat_hash_map<std::vector<uint64_t>, std::weak_ptr<const ProgramTier>> tiers_;
};

}  // namespace felixsim::reach
