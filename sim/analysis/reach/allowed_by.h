// SPDX-License-Identifier: Apache-2.0
// What one direction of an endpoint's policy lets through: what its layers say, put together.
#pragma once

#include <absl/container/flat_hash_map.h>

#include "sim/analysis/reach/allowed.h"
#include "sim/analysis/reach/stacks.h"

namespace felixsim::reach {

// What whole tiers do, put together once for all endpoints that have them. Good while the layers
// are what they are.
class TierOutcomes {
 public:
  // All must outlive it.
  TierOutcomes(const HeaderSpace& headers, const Bits& live) : headers_(headers), live_(live) {}
  const HeaderSpace& headers() const { return headers_; }
  const Bits& live() const { return live_; }
  // Of live peers. O(policies × parts × elements / 64), once.
  const HeaderOutcomes& of(const Stack::Tier& tier);

 private:
  const HeaderSpace& headers_;
  const Bits& live_;
  absl::flat_hash_map<std::vector<uint64_t>, HeaderOutcomes> known_;  // by layers
};

// Of all peers that are live. O(layers × parts × elements / 64).
Allowed allowed_by(const Stack& stack, TierOutcomes& tiers);

// The headers with which one peer may be met. O(layers × outcomes).
Tri allowed_by(const Stack& stack, const HeaderSpace& headers, size_t peer);

}  // namespace felixsim::reach
