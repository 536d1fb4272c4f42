// SPDX-License-Identifier: Apache-2.0
// What rules do with peers: evaluated for all of them at once, or told step by step.
#pragma once

#include <functional>
#include <vector>

#include "sim/analysis/reach/cells.h"

namespace felixsim::reach {

// What rules may do with peers, one of which surely falls. Whom they can neither allow nor pass
// nor leave to what is asked next, they deny. Sets that nobody is in may have no words.
struct Outcome {
  Bits allowed, left;
  Bits passed;  // by a policy alone, to the next tier
  Bits denied;  // only of those that may fare otherwise, too: the input does not tell
  bool operator==(const Outcome&) const = default;
};

// O(rules × elements / 64). `everyone`: all numbers of elements, also those that are vacant.
Outcome evaluate(const Cell& cell, const Program& program, const HeaderSpace& headers,
                 const Bits& everyone);

// The evaluation, told step by step: for which headers what decides (perhaps, where the input does
// not tell) about which peers.
using Observer =
    std::function<void(const Bits& headers, const Decided& decided, const Bits& peers)>;
void observe(const Program& program, size_t local, const HeaderSpace& headers, const Bits& live,
             const Observer& observer);

}  // namespace felixsim::reach
