// SPDX-License-Identifier: Apache-2.0
// Hashes of the vocabulary's keys for Abseil's containers. For look-up only: whatever leaves such a
// container is sorted first.
#pragma once

#include <absl/hash/hash.h>

#include "felixsim/ip.h"
#include "felixsim/keys.h"
#include "felixsim/messages.h"
#include "felixsim/symbol.h"

namespace felixsim {

template <class H>
H AbslHashValue(H h, Symbol symbol) {
  return H::combine(std::move(h), symbol.hash());
}
template <class H>
H AbslHashValue(H h, const Ip& ip) {
  return H::combine(std::move(h), ip.family, ip.bytes);
}
template <class H>
H AbslHashValue(H h, const Cidr& cidr) {
  return H::combine(std::move(h), cidr.address, cidr.length);
}
template <class H>
H AbslHashValue(H h, const WorkloadEndpointKey& key) {
  return H::combine(std::move(h), key.host, key.orchestrator, key.workload, key.endpoint);
}
template <class H>
H AbslHashValue(H h, const HostEndpointKey& key) {
  return H::combine(std::move(h), key.host, key.endpoint);
}
template <class H>
H AbslHashValue(H h, const PolicyKey& key) {
  return H::combine(std::move(h), key.kind, key.ns, key.name);
}
template <class H>
H AbslHashValue(H h, const NetworkSetKey& key) {
  return H::combine(std::move(h), key.name);
}
template <class H>
H AbslHashValue(H h, const ResourceKey& key) {
  return H::combine(std::move(h), key.kind, key.ns, key.name);
}
// Debian's Abseil knows its own variant only.
template <class H>
H AbslHashValue(H h, const std::variant<WorkloadEndpointKey, HostEndpointKey>& key) {
  if (const auto* workload = std::get_if<WorkloadEndpointKey>(&key))
    return H::combine(std::move(h), *workload);
  return H::combine(std::move(h), std::get<HostEndpointKey>(key));
}

namespace msg {

template <class H>
H AbslHashValue(H h, const IpSetMember& member) {
  return H::combine(std::move(h), member.cidr, member.protocol, member.port);
}

}  // namespace msg
}  // namespace felixsim
