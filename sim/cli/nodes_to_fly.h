// SPDX-License-Identifier: Apache-2.0
// Which nodes must fly for the requested ones to be right: with WireGuard, a node's peers are those
// whose Felix told the datastore a key. Where the input has all keys, nobody else needs to fly.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "felixsim/event.h"

namespace felixsim::cli {

// `requested`, or all (empty).
std::set<std::string> nodes_to_fly(const std::vector<Event>& events,
                                   const std::set<std::string>& requested);

}  // namespace felixsim::cli
