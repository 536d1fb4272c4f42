// SPDX-License-Identifier: Apache-2.0
// What one direction of policy lets through to or from the endpoints that have the same policy.
#pragma once

#include <functional>
#include <vector>

#include "sim/analysis/reach/cells.h"

namespace felixsim::reach {

// Headers with which the endpoints' peers may be met; parts have no header in common, and none that
// no peer may use. No two have the same peers; in order of their first class of headers.
struct AllowedPart {
  Bits headers;
  Tri peers;
};
using Allowed = std::vector<AllowedPart>;

// O(cells × rules × elements / 64). Numbers the cells' parts.
Allowed evaluate(std::vector<Cell>& cells, const Program& program, const HeaderSpace& headers,
                 const Bits& live);

// Makes of what was allowed by other rules what is allowed now, where nothing changed but for the
// headers `changed`: cells of these alone are evaluated, the others are taken from `allowed`.
void derive(std::vector<Cell>& cells, const Program& program, const HeaderSpace& headers,
            const Bits& live, const Bits& changed, Allowed& allowed);

// What one tier does with peers, by headers: whom it may allow or deny, and who may be left to the
// next tier. No rule of it asks about the endpoint itself.
struct TierOutcome {
  Bits headers, allowed, denied, left;
};
std::vector<TierOutcome> outcomes_of(const ProgramTierPtr& tier, bool ingress,
                                     const HeaderSpace& headers, const Bits& live);

// Puts cells with equal peers together and numbers their parts; `peers` has those of each cell.
Allowed joined(std::vector<Cell>& cells, std::vector<Tri> peers);

// The peers of each cell, as the parts have them.
std::vector<Tri> peers_of_cells(const std::vector<Cell>& cells, const Allowed& allowed,
                                size_t elements);

// The evaluation, told step by step: for which headers what decides (perhaps, where the input does
// not tell) about which peers.
using Observer =
    std::function<void(const Bits& headers, const Decided& decided, const Bits& peers)>;
void observe(const Program& program, size_t local, const HeaderSpace& headers, const Bits& live,
             const Observer& observer);

}  // namespace felixsim::reach
