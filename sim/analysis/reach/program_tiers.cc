// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/program_tiers.h"

#include "model/rules/names.h"

namespace felixsim::reach {

ProgramTierPtr ProgramTiers::of(const msg::TierInfo& tier, bool ingress) {
  const auto& policies = ingress ? tier.ingress : tier.egress;
  if (policies.empty()) return nullptr;
  ProgramTier out;
  out.name = tier.name;
  out.denies_rest = tier.default_action.view() != "Pass" &&
                    !std::all_of(policies.begin(), policies.end(), rules::is_staged);
  std::vector<uint64_t> identity{tier.name.hash(), out.denies_rest ? 1u : 0u};
  for (const auto& policy : policies) {
    if (rules::is_staged(policy)) continue;
    const auto* compiled = rules_.policy(policy);
    if (!compiled) continue;
    out.policies.push_back(&compiled->of(ingress));
    out.names.push_back(policy);
    identity.push_back(out.policies.back()->id);
  }
  auto& known = tiers_[std::move(identity)];
  ProgramTierPtr same = known.lock();
  if (!same) known = same = std::make_shared<const ProgramTier>(std::move(out));
  return same;
}

void ProgramTiers::forget_unused() {
  absl::erase_if(tiers_, [](const auto& entry) { return entry.second.expired(); });
}

}  // namespace felixsim::reach
