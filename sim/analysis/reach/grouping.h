// SPDX-License-Identifier: Apache-2.0
// The matrix of one IP version written out: endpoints of which one direction of policy has the same
// layers are one group, and what the layers say of it is put together.
#pragma once

#include "sim/analysis/reach/matrix.h"
#include "sim/analysis/reach/stacks.h"

namespace felixsim::reach {

// Fills the groups of a matrix that has addresses and headers. O(endpoints + groups × elements /
// 64).
void find_groups(Stacks& stacks, FamilyMatrix& out);

}  // namespace felixsim::reach
