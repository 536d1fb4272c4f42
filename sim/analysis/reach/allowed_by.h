// SPDX-License-Identifier: Apache-2.0
// What one direction of an endpoint's policy lets through: what its layers say, put together.
#pragma once

#include "sim/analysis/reach/allowed.h"
#include "sim/analysis/reach/stacks.h"

namespace felixsim::reach {

// Of all peers that are live. O(layers × parts × elements / 64).
Allowed allowed_by(const Stack& stack, const HeaderSpace& headers, const Bits& live);

// The headers with which one peer may be met. O(layers × outcomes).
Tri allowed_by(const Stack& stack, const HeaderSpace& headers, size_t peer);

}  // namespace felixsim::reach
