// SPDX-License-Identifier: Apache-2.0
// Which prefix of a list of events a moment means; the same rules as EventLog::resolve.
#pragma once

#include <vector>

#include "felixsim/event.h"
#include "felixsim/result.h"

namespace felixsim::cli {

// The number of leading events that belong to the moment.
Result<size_t> resolve_in(const std::vector<Event>& events, const Moment& moment);

}  // namespace felixsim::cli
