// SPDX-License-Identifier: Apache-2.0
// The routing tables: which routes come in, in which place, and which go. Next hops are checked by
// route_check.h before.
#pragma once

#include "model/kernel/kernel_core.h"
#include "model/kernel/route_text.h"

namespace felixsim {

// As the flags of netlink: `ip route add` (NLM_F_EXCL), append, prepend, replace, change (which
// makes nothing new).
enum class RouteVerb : uint8_t { add, append, prepend, replace, change };
KernelAnswer put_route(KernelCore& core, RouteVerb verb, const Route& route);
// Deletes the first route that has what is named: ESRCH if there is none.
KernelAnswer delete_route(KernelCore& core, const RouteWords& named);

// A key to look from: before every route of the destination, table and metric that it is given.
Route before_all();

// Puts a route behind those of its destination, table and metric, and notes the change.
void insert_route(KernelCore& core, const Route& route);
void erase_routes_if(KernelCore& core, const std::function<bool(const Route&)>& which);

// Multipath routes when an interface goes down, comes up, and goes for good. A route without a next
// hop that lives goes too.
void mark_next_hops(KernelCore& core, const std::string& device, IpFamily family, bool dead);
void remove_next_hops(KernelCore& core, const std::string& device);

}  // namespace felixsim
