// SPDX-License-Identifier: Apache-2.0
// At which moments of a flight a report looks.
#pragma once

#include <string>
#include <vector>

#include "felixsim/event.h"

namespace felixsim::cli {

// Numbers of leading events, ascending, at most `limit` (2 or more): the end always, ends of steps
// before others, the rest evenly spread.
std::vector<size_t> choose_report_moments(const std::vector<Event>& events, size_t limit);

// "step 2 (drain)", or what the last event was: "put .../pods/web".
std::string moment_label(const std::vector<Event>& events, size_t moment);

}  // namespace felixsim::cli
