// SPDX-License-Identifier: Apache-2.0
// WHEN on the command line: rev:N, seq:N, step:N, step:NAME, or a time in seconds since the log's
// first event.
#pragma once

#include <string>

#include "felixsim/event.h"
#include "felixsim/result.h"

namespace felixsim::cli {

// Empty text is the end of the log.
Result<Moment> parse_moment(const std::string& text);

}  // namespace felixsim::cli
