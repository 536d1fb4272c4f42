// SPDX-License-Identifier: Apache-2.0
// What one direction of policy lets through to or from the endpoints that have the same policy.
#pragma once

#include <vector>

#include "sim/analysis/reach/bits.h"

namespace felixsim::reach {

// Headers with which the endpoints' peers may be met; parts have no header in common, and none that
// no peer may use. No two have the same peers; in order of their first class of headers.
struct AllowedPart {
  Bits headers;
  Tri peers;
};
using Allowed = std::vector<AllowedPart>;

}  // namespace felixsim::reach
