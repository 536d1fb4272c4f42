// SPDX-License-Identifier: Apache-2.0
// The tiers of endpoints as compiled rules: one for all programs in which it is the same.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <memory>
#include <vector>

#include "sim/analysis/reach/cells.h"
#include "sim/analysis/reach/compiled_rules.h"

namespace felixsim::reach {

class ProgramTiers {
 public:
  explicit ProgramTiers(const CompiledRules& rules) : rules_(rules) {}

  // One direction of a tier, without staged policies and what is not in force; one of staged
  // policies alone denies nothing. Null: it has no policy. Equal ones are the same pointer, as long
  // as one is in use.
  ProgramTierPtr of(const msg::TierInfo& tier, bool ingress);

  // Now and then: what nothing has any more.
  void forget_unused();

 private:
  const CompiledRules& rules_;
  // By name, action and rules.
  absl::flat_hash_map<std::vector<uint64_t>, std::weak_ptr<const ProgramTier>> tiers_;
};

}  // namespace felixsim::reach
