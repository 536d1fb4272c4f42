// SPDX-License-Identifier: Apache-2.0
// Datastore keys as Felix's syncer delivers them (libcalico-go/lib/backend/model). Text forms are
// parsed and printed in model/datastore/key_text.h. Kinds that Felix never reads are not here: the
// parser reports them as `other`.
#pragma once

#include <compare>
#include <string>
#include <variant>

#include "felixsim/ip.h"
#include "felixsim/symbol.h"

namespace felixsim {

struct WorkloadEndpointKey {
  Symbol host, orchestrator, workload, endpoint;
  auto operator<=>(const WorkloadEndpointKey&) const = default;
};
struct HostEndpointKey {
  Symbol host, endpoint;
  auto operator<=>(const HostEndpointKey&) const = default;
};
// kind is the v3 kind (GlobalNetworkPolicy, NetworkPolicy, StagedNetworkPolicy,
// KubernetesNetworkPolicy, ...).
struct PolicyKey {
  Symbol kind, ns, name;  // ns is empty for global policies
  auto operator<=>(const PolicyKey&) const = default;
};
struct TierKey {
  Symbol name;
  auto operator<=>(const TierKey&) const = default;
};
struct ProfileRulesKey {
  Symbol name;
  auto operator<=>(const ProfileRulesKey&) const = default;
};
struct ProfileLabelsKey {
  Symbol name;
  auto operator<=>(const ProfileLabelsKey&) const = default;
};
struct NetworkSetKey {
  Symbol name;  // "ns/name" for namespaced sets
  auto operator<=>(const NetworkSetKey&) const = default;
};
struct IpPoolKey {
  Cidr cidr;
  auto operator<=>(const IpPoolKey&) const = default;
};
struct BlockKey {
  Cidr cidr;
  auto operator<=>(const BlockKey&) const = default;
};
struct HostIpKey {
  Symbol host;
  auto operator<=>(const HostIpKey&) const = default;
};
struct HostConfigKey {
  Symbol host, name;
  auto operator<=>(const HostConfigKey&) const = default;
};
struct GlobalConfigKey {
  Symbol name;
  auto operator<=>(const GlobalConfigKey&) const = default;
};
struct ReadyFlagKey {
  auto operator<=>(const ReadyFlagKey&) const = default;
};
struct WireguardKey {
  Symbol node;
  auto operator<=>(const WireguardKey&) const = default;
};
// A v3 resource that Felix reads as it is: Node, Profile, Service, EndpointSlice, LiveMigration,
// BGPConfiguration, BGPPeer, FelixConfiguration (selector-scoped).
struct ResourceKey {
  Symbol kind, ns, name;
  auto operator<=>(const ResourceKey&) const = default;
};

using Key = std::variant<WorkloadEndpointKey, HostEndpointKey, PolicyKey, TierKey, ProfileRulesKey,
                         ProfileLabelsKey, NetworkSetKey, IpPoolKey, BlockKey, HostIpKey,
                         HostConfigKey, GlobalConfigKey, ReadyFlagKey, WireguardKey, ResourceKey>;

}  // namespace felixsim
