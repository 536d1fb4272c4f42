// SPDX-License-Identifier: Apache-2.0
#include "model/calc/policy_resolver.h"

namespace felixsim::calc {

void PolicyResolver::on_endpoint(const EndpointKey& key, const ValuePtr& value) {
  if (value) {
    endpoints_[key] = value;
  } else {
    endpoints_.erase(key);
    computed_.erase(key);
  }
  set_dirty(key);
}

void PolicyResolver::on_policy(const PolicyKey& key, const Policy* policy) {
  if (policy) {
    policies_.insert_or_assign(key, policy_meta(*policy));
  } else {
    policies_.erase(key);
    unsorted_.erase(key);
  }
  if (!matches_.contains(key)) return;
  const bool changed =
      policy ? sorter_.update_policy(key, policies_.at(key)) : sorter_.remove_policy(key);
  if (!changed) return;
  lists_.on_policy(key);
  const auto number = lists_.number_of(key);
  for (const auto& [endpoint, policies] : policies_of_endpoint_)
    if (lists_.has(policies, number)) set_dirty(endpoint);
}

void PolicyResolver::on_tier(Symbol name, const Tier* tier) {
  if (sorter_.update_tier(name, tier)) lists_.on_tier(name);
  for (const auto& [endpoint, policies] : policies_of_endpoint_) set_dirty(endpoint);
}

void PolicyResolver::on_policy_match(const PolicyKey& policy, const EndpointKey& endpoint) {
  if (!sorter_.find(policy)) unsorted_.insert(policy);
  set_dirty(endpoint);
  const auto number = lists_.number_of(policy);
  if (applies(number, endpoint)) return;
  ++matches_[policy];
  toggle(number, endpoint);
}

void PolicyResolver::on_policy_match_stopped(const PolicyKey& policy, const EndpointKey& endpoint) {
  set_dirty(endpoint);
  const auto number = lists_.number_of(policy);
  if (applies(number, endpoint)) {
    if (--matches_[policy] == 0) matches_.erase(policy);
    toggle(number, endpoint);
  }
  if (!matches_.contains(policy) && sorter_.remove_policy(policy)) lists_.on_policy(policy);
}

bool PolicyResolver::applies(PolicyLists::Policy policy, const EndpointKey& endpoint) const {
  const bool before = lists_.has(policies_of(endpoint), policy);
  const auto changes = changes_of_endpoint_.find(endpoint);
  if (changes == changes_of_endpoint_.end()) return before;
  const auto& list = changes->second;
  return (std::find(list.begin(), list.end(), policy) != list.end()) != before;
}

void PolicyResolver::toggle(PolicyLists::Policy policy, const EndpointKey& endpoint) {
  auto& list = changes_of_endpoint_[endpoint];
  const auto known = std::find(list.begin(), list.end(), policy);
  if (known == list.end())
    list.push_back(policy);
  else
    list.erase(known);
}

PolicyResolver::PolicySet PolicyResolver::policies_of(const EndpointKey& key) const {
  const auto it = policies_of_endpoint_.find(key);
  return it == policies_of_endpoint_.end() ? PolicyLists::none : it->second;
}

void PolicyResolver::set_dirty(const EndpointKey& key) {
  if (sends_workloads_ || std::holds_alternative<HostEndpointKey>(key)) dirty_.insert(key);
}

void PolicyResolver::on_istio_ambient(const WorkloadEndpointKey& key, bool ambient) {
  const auto it = computed_.find(EndpointKey(key));
  if (!ambient && (it == computed_.end() || !it->second.istio_ambient)) return;
  computed_[key].istio_ambient = ambient;
  set_dirty(key);
}

void PolicyResolver::on_live_migration(const WorkloadEndpointKey& key, msg::LiveMigrationRole role,
                                       const std::string& uid) {
  ComputedData& data = computed_[key];
  data.role = role;
  data.migration_uid = uid;
  set_dirty(key);
}

void PolicyResolver::on_bgp_peer(const WorkloadEndpointKey& key, Symbol peer) {
  if (peer.empty())
    bgp_peers_.erase(EndpointKey(key));
  else
    bgp_peers_[key] = peer;
  set_dirty(key);
}

void PolicyResolver::flush() {
  if (!in_sync_) return;
  // A policy that has stopped matching since is sorted in all the same, as Felix does; whether its
  // order is still right matters once it matches again.
  for (auto it = unsorted_.begin(); it != unsorted_.end();) {
    const auto policy = policies_.find(*it);
    if (policy == policies_.end()) {
      ++it;
      continue;
    }
    if (sorter_.update_policy(*it, policy->second)) lists_.on_policy(*it);
    unsorted_.erase(it++);
  }
  refresh_lists();
  for (const EndpointKey& key : dirty_) send(key);
  dirty_.clear();
}

void PolicyResolver::refresh_lists() {
  changed_tiers_.clear();
  for (const auto& [endpoint, changes] : changes_of_endpoint_) {
    if (changes.empty()) continue;
    const PolicySet before = policies_of(endpoint), after = lists_.toggled(before, changes);
    lists_.move_endpoint(before, after);
    if (after == PolicyLists::none)
      policies_of_endpoint_.erase(endpoint);
    else
      policies_of_endpoint_[endpoint] = after;
    changed_tiers_.push_back(endpoint);
  }
  changes_of_endpoint_ = {};
  const auto changed = lists_.refresh();
  if (changed.empty()) return;
  for (const auto& [endpoint, policies] : policies_of_endpoint_)
    if (std::binary_search(changed.begin(), changed.end(), policies))
      changed_tiers_.push_back(endpoint);
}

void PolicyResolver::send(const EndpointKey& key) {
  const auto endpoint = endpoints_.find(key);
  if (endpoint == endpoints_.end()) return sequencer_.on_endpoint_remove(key);
  ResolvedEndpoint resolved{endpoint->second, {}, {}};
  resolved.tiers = tiers_of(key);
  if (const auto it = computed_.find(key); it != computed_.end()) resolved.computed = it->second;
  if (const auto it = bgp_peers_.find(key); it != bgp_peers_.end())
    resolved.computed.bgp_peer = it->second;
  sequencer_.on_endpoint_update(key, std::move(resolved));
}

TierListsPtr PolicyResolver::tiers_of(const EndpointKey& key) const {
  return lists_.of(policies_of(key));
}

}  // namespace felixsim::calc
