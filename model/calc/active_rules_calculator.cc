// SPDX-License-Identifier: Apache-2.0
#include "model/calc/active_rules_calculator.h"

#include "felixsim/check.h"

namespace felixsim::calc {
namespace {

bool force_programmed(const Policy& policy) {
  const auto& hints = policy.performance_hints;
  return std::find(hints.begin(), hints.end(), "AssumeNeededOnEveryNode") != hints.end();
}

struct LabelledEndpoint {
  const Labels& labels;
  const std::vector<Symbol>& profile_ids;
};
LabelledEndpoint labelled(const Value& value) {
  if (const auto* workload = std::get_if<WorkloadEndpoint>(&value))
    return {workload->labels, workload->profile_ids};
  const auto& host = std::get<HostEndpoint>(value);
  return {host.labels, host.profile_ids};
}

// Felix keeps policies and rules as JSON that leaves empty lists out (libcalico-go/lib/packedmap):
// what has some differs from its kept self, so that it is told again when it comes again.
template <class T>
bool same_value(const ValuePtr& before, const ValuePtr& now) {
  if (std::get<T>(*now).has_empty_lists) return false;
  return before == now || (before && std::get<T>(*before) == std::get<T>(*now));
}

}  // namespace

ActiveRulesCalculator::ActiveRulesCalculator(EndpointNumbers& endpoints, RuleScanner& scanner,
                                             PolicyResolver& resolver, OnComputedMatch on_computed)
    : endpoints_(endpoints),
      scanner_(scanner),
      resolver_(resolver),
      on_computed_(std::move(on_computed)),
      index_(
          endpoints,
          [this](const SelectorId& id, Endpoints matched) { on_match_started(id, matched); },
          [this](const SelectorId& id, Endpoints matched) { on_match_stopped(id, matched); }) {}

void ActiveRulesCalculator::on_endpoint(const EndpointKey& key, const ValuePtr& value) {
  if (!value) {
    update_profile_ids(key, {});
    return index_.delete_labels(key);
  }
  const LabelledEndpoint endpoint = labelled(*value);
  update_profile_ids(key, endpoint.profile_ids);
  index_.update_labels(key, endpoint.labels, endpoint.profile_ids);
}

void ActiveRulesCalculator::on_policy(const PolicyKey& key, const ValuePtr& value) {
  const auto it = policies_.find(key);
  const ValuePtr before = it == policies_.end() ? nullptr : it->second;
  const bool was_forced = before && force_programmed(std::get<Policy>(*before));
  if (value) {
    if (!same_value<Policy>(before, value)) update_policy(key, value, was_forced);
    return;
  }
  policies_.erase(key);
  if (was_forced) remove_users(key, 1);
  index_.delete_selector({key, {}});
}

void ActiveRulesCalculator::update_policy(const PolicyKey& key, const ValuePtr& value,
                                          bool was_forced) {
  const auto& policy = std::get<Policy>(*value);
  policies_[key] = value;
  const bool forced = force_programmed(policy);
  if (!was_forced && forced) add_users(key, 1);
  auto selector = parse_selector(policy.selector.view());
  FELIXSIM_CHECK(selector.has_value());  // the validation filter lets no other policy through
  index_.update_selector({key, {}}, *selector);
  // The forced use goes only after the selector has matched, so that the policy does not flap.
  if (was_forced && !forced) remove_users(key, 1);
  if (policy_users_.contains(key)) scanner_.on_policy_active(key, value);
}

void ActiveRulesCalculator::on_profile_rules(Symbol name, const ValuePtr& value) {
  if (!value) {
    profile_rules_.erase(name);
  } else {
    ValuePtr& rules = profile_rules_[name];
    if (same_value<ProfileRules>(rules, value)) return;
    rules = value;
  }
  if (profile_users_.contains(name)) send_profile(name);
}

void ActiveRulesCalculator::on_profile_labels(Symbol name, const Profile* profile) {
  index_.update_parent(name, profile ? profile->labels_to_apply : Labels());
}

void ActiveRulesCalculator::add_computed_selector(Symbol text, const SelectorPtr& selector) {
  index_.update_selector({{}, text}, selector);
}
void ActiveRulesCalculator::remove_computed_selector(Symbol text) {
  index_.delete_selector({{}, text});
}

void ActiveRulesCalculator::update_profile_ids(const EndpointKey& key,
                                               const std::vector<Symbol>& ids) {
  std::vector<Symbol> now = ids;
  std::sort(now.begin(), now.end());
  now.erase(std::unique(now.begin(), now.end()), now.end());
  const auto it = profile_ids_.find(key);
  const std::vector<Symbol> before = it == profile_ids_.end() ? std::vector<Symbol>() : it->second;
  if (now.empty())
    profile_ids_.erase(key);
  else
    profile_ids_[key] = now;
  for (const Symbol id : now)
    if (!std::binary_search(before.begin(), before.end(), id) && ++profile_users_[id] == 1)
      send_profile(id);
  for (const Symbol id : before) {
    if (std::binary_search(now.begin(), now.end(), id)) continue;
    const auto users = profile_users_.find(id);
    if (--users->second > 0) continue;
    profile_users_.erase(users);
    send_profile(id);
  }
}

void ActiveRulesCalculator::on_match_started(const SelectorId& id, Endpoints endpoints) {
  if (!id.computed.empty()) return tell_computed(id.computed, endpoints, true);
  add_users(id.policy, endpoints.size());
  resolver_.on_policy_match(id.policy, endpoints);
}

void ActiveRulesCalculator::on_match_stopped(const SelectorId& id, Endpoints endpoints) {
  if (!id.computed.empty()) return tell_computed(id.computed, endpoints, false);
  remove_users(id.policy, endpoints.size());
  resolver_.on_policy_match_stopped(id.policy, endpoints);
}

void ActiveRulesCalculator::tell_computed(Symbol selector, Endpoints endpoints,
                                          bool matches) const {
  for (const EndpointNumber endpoint : endpoints)
    on_computed_(selector, endpoints_.key(endpoint), matches);
}

void ActiveRulesCalculator::add_users(const PolicyKey& key, size_t count) {
  size_t& users = policy_users_[key];
  users += count;
  if (users == count) scanner_.on_policy_active(key, policies_.at(key));
}

void ActiveRulesCalculator::remove_users(const PolicyKey& key, size_t count) {
  const auto it = policy_users_.find(key);
  FELIXSIM_CHECK(it != policy_users_.end() && it->second >= count);
  it->second -= count;
  if (it->second > 0) return;
  policy_users_.erase(it);
  scanner_.on_policy_inactive(key);
}

// A profile that is listed but missing stands for "drop everything".
void ActiveRulesCalculator::send_profile(Symbol name) {
  if (!profile_users_.contains(name)) return scanner_.on_profile_inactive(name);
  const auto rules = profile_rules_.find(name);
  scanner_.on_profile_active(name, rules == profile_rules_.end() ? drop_rules() : rules->second);
}

}  // namespace felixsim::calc
