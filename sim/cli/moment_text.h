// SPDX-License-Identifier: Apache-2.0
// WHEN on the command line: rev:N, seq:N, step:N, step:NAME, or a time: in seconds as the input has
// them, or as RFC 3339, which means seconds since 1970.
#pragma once

#include <string>

#include "felixsim/event.h"
#include "felixsim/result.h"

namespace felixsim::cli {

// Empty text is the end of the log.
Result<Moment> parse_moment(const std::string& text);

// "28.123 s"; "2024-01-02T14:03:00.000Z" of times that evidently count from 1970.
std::string time_text(SimTime time);

}  // namespace felixsim::cli
