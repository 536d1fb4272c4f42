// SPDX-License-Identifier: Apache-2.0
#include "model/calc/policy_resolver.h"

#include <algorithm>
#include <utility>

#include "felixsim/check.h"

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
  for (EndpointNumber endpoint = 0; endpoint < applied_.size(); ++endpoint)
    if (lists_.has(applied_[endpoint].policies, number)) set_dirty(numbers_.key(endpoint));
}

void PolicyResolver::on_tier(Symbol name, const Tier* tier) {
  if (sorter_.update_tier(name, tier)) lists_.on_tier(name);
  for (EndpointNumber endpoint = 0; endpoint < applied_.size(); ++endpoint)
    if (applied_[endpoint].policies != PolicyLists::none) set_dirty(numbers_.key(endpoint));
}

void PolicyResolver::on_policy_match(const PolicyKey& policy, Endpoints endpoints) {
  if (!sorter_.find(policy)) unsorted_.insert(policy);
  matches_[policy] += endpoints.size();
  toggle(lists_.number_of(policy), endpoints);
}

void PolicyResolver::on_policy_match_stopped(const PolicyKey& policy, Endpoints endpoints) {
  toggle(lists_.number_of(policy), endpoints);
  const auto matches = matches_.find(policy);
  FELIXSIM_CHECK(matches != matches_.end() && matches->second >= endpoints.size());
  matches->second -= endpoints.size();
  if (matches->second > 0) return;
  matches_.erase(matches);
  if (sorter_.remove_policy(policy)) lists_.on_policy(policy);
}

void PolicyResolver::toggle(PolicyLists::Policy policy, Endpoints endpoints) {
  for (const EndpointNumber endpoint : endpoints) {
    set_dirty(numbers_.key(endpoint));
    if (endpoint >= applied_.size()) applied_.resize(endpoint + 1);
    auto& list = applied_[endpoint].changes;
    if (list.empty()) toggled_.push_back(endpoint);
    const auto known = std::find(list.begin(), list.end(), policy);
    if (known == list.end())
      list.push_back(policy);
    else
      list.erase(known);
  }
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
  lists_.follow_sorter();
  for (const EndpointNumber endpoint : toggled_) {
    auto& [policies, changes] = applied_[endpoint];
    if (changes.empty()) continue;
    const auto before = std::exchange(policies, lists_.toggled(policies, changes));
    lists_.move_endpoint(before, policies);
    changes.clear();
    changes.shrink_to_fit();
  }
  toggled_.clear();
  lists_.refresh();
}

void PolicyResolver::send(const EndpointKey& key) {
  const auto endpoint = endpoints_.find(key);
  if (endpoint == endpoints_.end()) return sequencer_.on_endpoint_remove(key);
  ResolvedEndpoint resolved{endpoint->second, {}, {}};
  resolved.tiers = lists_.lists(policies_of(numbers_.find(key).value_or(no_endpoint)));
  if (const auto it = computed_.find(key); it != computed_.end()) resolved.computed = it->second;
  if (const auto it = bgp_peers_.find(key); it != bgp_peers_.end())
    resolved.computed.bgp_peer = it->second;
  sequencer_.on_endpoint_update(key, std::move(resolved));
}

TierPtrs PolicyResolver::tiers_of(EndpointNumber endpoint) {
  return lists_.workload_tiers(policies_of(endpoint));
}

}  // namespace felixsim::calc
