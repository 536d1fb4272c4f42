// SPDX-License-Identifier: Apache-2.0
// A local endpoint with the tiers and policies that apply to it, and its conversion to the message
// the dataplane gets. Mirrors the latter half of felix/calc/event_sequencer.go
// (tierInfoToProtoTierInfo, ModelWorkloadEndpointToProto, ModelHostEndpointToProto).
#pragma once

#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "felixsim/keys.h"
#include "felixsim/messages.h"
#include "felixsim/resource.h"

namespace felixsim::calc {

using EndpointKey = std::variant<WorkloadEndpointKey, HostEndpointKey>;
// Of a local endpoint, among those of one graph: small. It stays while the endpoint exists.
using EndpointNumber = uint32_t;
inline constexpr EndpointNumber no_endpoint = UINT32_MAX;

// What ordering and rendering need of a policy, without its rules (policy_sorter.go,
// policyMetadata).
struct PolicyMeta {
  Symbol tier;
  double order = 0;  // +infinity when the policy has none
  bool do_not_track = false, pre_dnat = false, apply_on_forward = false;
  bool ingress = false, egress = false;
  bool operator==(const PolicyMeta&) const = default;
};
PolicyMeta policy_meta(const Policy& policy);

struct AppliedPolicy {
  PolicyKey key;
  PolicyMeta meta;
};
struct AppliedTier {
  Symbol name, default_action;
  std::vector<AppliedPolicy> policies;  // in order of evaluation
};

// The lists of tiers that an endpoint is sent with, in order of evaluation. Endpoints share them.
using TierPtr = std::shared_ptr<const msg::TierInfo>;
using TierPtrs = absl::InlinedVector<TierPtr, 4>;
struct TierLists {
  std::vector<TierPtr> normal, untracked, pre_dnat, forward;
  void append(const TierLists& other);
  // Tiers that are equal to those at the same place in the other become the same.
  void keep_equal(const TierLists& other);
};
using TierListsPtr = std::shared_ptr<const TierLists>;  // null: no tiers
TierLists lists_of(const AppliedTier& tier);

// What other nodes of the graph add to a workload endpoint.
struct ComputedData {
  bool istio_ambient = false;
  msg::LiveMigrationRole role = msg::LiveMigrationRole::none;
  std::string migration_uid;
  Symbol bgp_peer;  // empty: no local peer
};

struct ResolvedEndpoint {
  ValuePtr value;  // WorkloadEndpoint or HostEndpoint
  TierListsPtr tiers;
  ComputedData computed;
};

msg::WorkloadEndpoint workload_endpoint_message(const ResolvedEndpoint& resolved);
msg::HostEndpoint host_endpoint_message(const ResolvedEndpoint& resolved);

}  // namespace felixsim::calc
