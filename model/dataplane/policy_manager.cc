// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/policy_manager.h"

#include <algorithm>

#include "model/rules/policy_chains.h"

namespace felixsim {

namespace {

constexpr char assume_needed_everywhere[] = "AssumeNeededOnEveryNode";

}  // namespace

std::optional<std::string> PolicyManager::on_policy(const msg::PolicyId& id,
                                                    const msg::Policy& policy) {
  auto chains = rules::policy_chains(renderer_, id, policy);
  if (!chains) return chains.error().message;
  const auto& hints = policy.perf_hints;
  bool force = renderer_.config.felix.forced_policies &&
               std::find(hints.begin(), hints.end(), assume_needed_everywhere) != hints.end();
  // Which table uses a policy can change with its kind, so all of them know it; only those whose
  // rules refer to it will program it.
  for (rules::Chain& chain : *chains) {
    update_tables({&raw_, &mangle_}, chain);
    chain.force = force;
    filter_.update(std::move(chain));
  }
  return std::nullopt;
}

void PolicyManager::on_policy_removed(const msg::PolicyId& id) {
  for (std::string_view prefix : {rules::prefix::policy_in, rules::prefix::policy_out}) {
    std::string name = rules::policy_chain_name(prefix, id, renderer_.dialect());
    for (RuleTable* table : {&filter_, &mangle_, &raw_}) table->remove(name);
  }
}

std::optional<std::string> PolicyManager::on_profile(Symbol id, const msg::Profile& profile) {
  auto chains = rules::profile_chains(renderer_, id, profile);
  if (!chains) return chains.error().message;
  std::string outbound =
      rules::profile_chain_name(rules::prefix::profile_out, id, renderer_.dialect());
  for (rules::Chain& chain : *chains) {
    filter_.update(chain);
    if (chain.name == outbound) mangle_.update(std::move(chain));
  }
  return std::nullopt;
}

void PolicyManager::on_profile_removed(Symbol id) {
  rules::Dialect dialect = renderer_.dialect();
  std::string outbound = rules::profile_chain_name(rules::prefix::profile_out, id, dialect);
  filter_.remove(rules::profile_chain_name(rules::prefix::profile_in, id, dialect));
  filter_.remove(outbound);
  mangle_.remove(outbound);
}

}  // namespace felixsim
