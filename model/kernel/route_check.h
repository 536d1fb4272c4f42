// SPDX-License-Identifier: Apache-2.0
// Whether a kernel takes a route: its type, scope, next hops and preferred source.
#pragma once

#include "model/kernel/kernel_core.h"

namespace felixsim {

// The route as the kernel keeps it: defaults of the family.
Route normal_route(Route route);
// Finds the interfaces of the next hops where they are not named. rc 0, or an errno with the
// kernel's words.
KernelAnswer check_route(const KernelCore& core, Route& route);

}  // namespace felixsim
