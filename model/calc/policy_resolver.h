// SPDX-License-Identifier: Apache-2.0
// Marries local endpoints with the policies that match them: the complete, ordered list of tiers of
// each endpoint, sent when something about it changed. Mirrors felix/calc/policy_resolver.go.
// Before the datastore is in sync nothing is sent.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <span>
#include <vector>

#include "felixsim/keys.h"
#include "felixsim/resource.h"
#include "model/calc/calc_hash.h"
#include "model/calc/endpoint_tiers.h"
#include "model/calc/event_sequencer.h"
#include "model/calc/policy_lists.h"
#include "model/calc/policy_sorter.h"

namespace felixsim::calc {

using EndpointNumbers = KeyNumbers<EndpointKey>;

class PolicyResolver {
 public:
  // `numbers`: of the endpoints that policies match. `sends_workloads`: GraphOptions.
  PolicyResolver(const EndpointNumbers& numbers, EventSequencer& sequencer, bool sends_workloads)
      : numbers_(numbers), sequencer_(sequencer), sends_workloads_(sends_workloads) {}

  // Local endpoints only; a null value is a deletion.
  void on_endpoint(const EndpointKey& key, const ValuePtr& value);
  // All policies and tiers, after the active rules calculator has seen them.
  void on_policy(const PolicyKey& key, const Policy* policy);
  void on_tier(Symbol name, const Tier* tier);
  void on_in_sync() { in_sync_ = true; }

  // Of endpoints that the policy does not match yet; and of such that it matches. Their numbers may
  // be handed out again from then on, also before the next flush().
  using Endpoints = std::span<const EndpointNumber>;
  void on_policy_match(const PolicyKey& policy, Endpoints endpoints);
  void on_policy_match_stopped(const PolicyKey& policy, Endpoints endpoints);

  void on_istio_ambient(const WorkloadEndpointKey& key, bool ambient);
  void on_live_migration(const WorkloadEndpointKey& key, msg::LiveMigrationRole role,
                         const std::string& uid);
  void on_bgp_peer(const WorkloadEndpointKey& key, Symbol peer);  // empty: no peer

  void flush();

  // As CalcGraph's.
  TierPtrs tiers_of(EndpointNumber endpoint);

 private:
  struct Applied {
    PolicyLists::Set policies = PolicyLists::none;  // at the last flush
    PolicyLists::Toggles changes;                   // since
  };
  void set_dirty(const EndpointKey& key);
  void toggle(PolicyLists::Policy policy, Endpoints endpoints);
  void refresh_lists();
  void send(const EndpointKey& key);
  PolicyLists::Set policies_of(EndpointNumber endpoint) const {
    return endpoint < applied_.size() ? applied_[endpoint].policies : PolicyLists::none;
  }

  const EndpointNumbers& numbers_;
  EventSequencer& sequencer_;
  const bool sends_workloads_;
  PolicySorter sorter_;
  PolicyLists lists_{sorter_};
  bool in_sync_ = false;
  absl::flat_hash_map<PolicyKey, size_t> matches_;       // endpoints that a policy applies to
  std::vector<Applied> applied_;                         // by number of the endpoint
  std::vector<EndpointNumber> toggled_;                  // since the last flush
  absl::flat_hash_map<PolicyKey, PolicyMeta> policies_;  // all of the cluster's
  absl::flat_hash_map<EndpointKey, ValuePtr> endpoints_;
  absl::flat_hash_map<EndpointKey, ComputedData> computed_;
  absl::flat_hash_map<EndpointKey, Symbol> bgp_peers_;  // outlive the endpoint, as in Felix
  absl::flat_hash_set<EndpointKey> dirty_;
  absl::flat_hash_set<PolicyKey> unsorted_;  // matched since the last flush
};

}  // namespace felixsim::calc
