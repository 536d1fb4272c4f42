// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/workload_chains.h"

#include "model/rules/endpoint_chains.h"

namespace felixsim {

std::vector<GroupChain> group_chains(const std::vector<rules::TierGroups>& tiers) {
  std::vector<GroupChain> chains;
  for (const rules::TierGroups& tier : tiers) {
    for (const auto* groups : {&tier.ingress, &tier.egress}) {
      for (const rules::PolicyGroup& group : *groups)
        if (!group.inlined()) chains.push_back({group.chain_name(), group});
    }
  }
  return chains;
}

// The policies tell nearly all shapes apart.
size_t WorkloadChains::ShapeHash::operator()(const WorkloadShape& shape) const {
  size_t hash = shape.admin_up ? 1 : 0;
  const auto add = [&](Symbol symbol) { hash = hash * 31 + symbol.hash(); };
  for (const Symbol profile : shape.profiles) add(profile);
  for (const rules::TierGroups& tier : shape.tiers) {
    for (const auto* groups : {&tier.ingress, &tier.egress}) {
      for (const rules::PolicyGroup& group : *groups)
        for (const msg::PolicyId& policy : group.policies) add(policy.name);
    }
  }
  return absl::HashOf(hash);
}

Result<const WorkloadChains::Rules*> WorkloadChains::rules_of(const rules::Renderer& renderer,
                                                              const RuleTable& filter,
                                                              WorkloadShape shape) {
  if (auto it = rules_.find(shape); it != rules_.end()) return &it->second;
  auto fresh =
      rules::workload_rules(renderer, shape.admin_up, shape.tiers, shape.profiles, shape.qos);
  if (!fresh) return forward(fresh);
  Rules rules{filter.written(std::move(fresh->to)), filter.written(std::move(fresh->from)),
              group_chains(shape.tiers)};
  return &rules_.try_emplace(std::move(shape), std::move(rules)).first->second;
}

const WorkloadChains::Chains& WorkloadChains::chains_of(const rules::Renderer& renderer,
                                                        const RuleTable& filter, Symbol interface,
                                                        const Rules* rules) {
  Rendered& rendered = chains_[interface];
  if (rendered.rules != rules) {
    const auto chain = [&](std::string_view prefix, const rules::WrittenRulesPtr& written) {
      return filter.chain(rules::endpoint_chain_name(prefix, interface.view(), renderer.dialect()),
                          written);
    };
    rendered = {rules,
                {chain(rules::prefix::to_workload, rules->to),
                 chain(rules::prefix::from_workload, rules->from)}};
  }
  return rendered.chains;
}

void WorkloadChains::forget() {
  rules_.clear();
  chains_.clear();
}

}  // namespace felixsim
