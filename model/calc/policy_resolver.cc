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
  dirty_.insert(key);
}

void PolicyResolver::on_policy(const PolicyKey& key, const Policy* policy) {
  if (policy) {
    policies_.insert_or_assign(key, policy_meta(*policy));
  } else {
    policies_.erase(key);
    unsorted_.erase(key);
  }
  const auto matches = endpoints_of_policy_.find(key);
  if (matches == endpoints_of_policy_.end()) return;
  const bool changed =
      policy ? sorter_.update_policy(key, policies_.at(key)) : sorter_.remove_policy(key);
  if (changed) dirty_.insert(matches->second.begin(), matches->second.end());
}

void PolicyResolver::on_tier(Symbol name, const Tier* tier) {
  sorter_.update_tier(name, tier);
  for (const auto& [endpoint, policies] : policies_of_endpoint_) dirty_.insert(endpoint);
}

void PolicyResolver::on_policy_match(const PolicyKey& policy, const EndpointKey& endpoint) {
  if (!sorter_.has_policy(policy)) unsorted_.insert(policy);
  endpoints_of_policy_[policy].insert(endpoint);
  policies_of_endpoint_[endpoint].insert(policy);
  dirty_.insert(endpoint);
}

void PolicyResolver::on_policy_match_stopped(const PolicyKey& policy, const EndpointKey& endpoint) {
  if (const auto it = endpoints_of_policy_.find(policy); it != endpoints_of_policy_.end()) {
    it->second.erase(endpoint);
    if (it->second.empty()) endpoints_of_policy_.erase(it);
  }
  if (const auto it = policies_of_endpoint_.find(endpoint); it != policies_of_endpoint_.end()) {
    it->second.erase(policy);
    if (it->second.empty()) policies_of_endpoint_.erase(it);
  }
  if (!endpoints_of_policy_.contains(policy)) sorter_.remove_policy(policy);
  dirty_.insert(endpoint);
}

void PolicyResolver::on_istio_ambient(const WorkloadEndpointKey& key, bool ambient) {
  const auto it = computed_.find(EndpointKey(key));
  if (!ambient && (it == computed_.end() || !it->second.istio_ambient)) return;
  computed_[key].istio_ambient = ambient;
  dirty_.insert(key);
}

void PolicyResolver::on_live_migration(const WorkloadEndpointKey& key, msg::LiveMigrationRole role,
                                       const std::string& uid) {
  ComputedData& data = computed_[key];
  data.role = role;
  data.migration_uid = uid;
  dirty_.insert(key);
}

void PolicyResolver::on_bgp_peer(const WorkloadEndpointKey& key, Symbol peer) {
  if (peer.empty())
    bgp_peers_.erase(EndpointKey(key));
  else
    bgp_peers_[key] = peer;
  dirty_.insert(key);
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
    sorter_.update_policy(*it, policy->second);
    unsorted_.erase(it++);
  }
  for (const EndpointKey& key : dirty_) send(key);
  dirty_.clear();
}

void PolicyResolver::send(const EndpointKey& key) {
  const auto endpoint = endpoints_.find(key);
  if (endpoint == endpoints_.end()) return sequencer_.on_endpoint_remove(key);
  ResolvedEndpoint resolved{endpoint->second, {}, {}};
  if (const auto it = policies_of_endpoint_.find(key); it != policies_of_endpoint_.end())
    resolved.tiers = sorter_.sorted({it->second.begin(), it->second.end()});
  if (const auto it = computed_.find(key); it != computed_.end()) resolved.computed = it->second;
  if (const auto it = bgp_peers_.find(key); it != bgp_peers_.end())
    resolved.computed.bgp_peer = it->second;
  sequencer_.on_endpoint_update(key, std::move(resolved));
}

}  // namespace felixsim::calc
