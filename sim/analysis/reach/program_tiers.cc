// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/program_tiers.h"

#include "model/rules/names.h"

namespace felixsim::reach {

ProgramTierPtr ProgramTiers::of(const calc::TierPtr& tier, bool ingress) {
  const auto [it, is_new] = known_.try_emplace(tier);
  if (is_new) it->second = {of(*tier, true), of(*tier, false)};
  return ingress ? it->second.ingress : it->second.egress;
}

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
    identity.push_back(reinterpret_cast<uintptr_t>(out.policies.back()));
  }
  auto& known = tiers_[std::move(identity)];
  ProgramTierPtr same = known.lock();
  if (!same) known = same = std::make_shared<const ProgramTier>(std::move(out));
  return same;
}

void ProgramTiers::forget(const PolicyKey& policy) {
  absl::erase_if(known_, [&](const auto& entry) {
    const auto has = [&](const std::vector<PolicyKey>& list) {
      return std::find(list.begin(), list.end(), policy) != list.end();
    };
    return has(entry.first->ingress) || has(entry.first->egress);
  });
}

void ProgramTiers::forget_unused() {
  if (known_.size() + tiers_.size() <= 2 * kept_ + 64) return;
  absl::erase_if(known_, [](const auto& entry) { return entry.first.use_count() == 1; });
  absl::erase_if(tiers_, [](const auto& entry) { return entry.second.expired(); });
  kept_ = known_.size() + tiers_.size();
}

}  // namespace felixsim::reach
