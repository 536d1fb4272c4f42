// SPDX-License-Identifier: Apache-2.0
// A log's prefix as the shortest list of events with the same end: host and process events as they
// are, ends of steps, and between two of them at which Felix's view of the datastore matters, the
// difference of the folded datastore.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "felixsim/event.h"
#include "felixsim/result.h"
#include "replay/log/event_log.h"

namespace felixsim::cli {

// Events 1..last of the log, folded for these nodes (empty: all). Costs the state and the number of
// host and process events and steps; not the history.
Result<std::vector<Event>> folded_events(const EventLog& log, int64_t last,
                                         const std::set<std::string>& nodes);

}  // namespace felixsim::cli
