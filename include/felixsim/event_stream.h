// SPDX-License-Identifier: Apache-2.0
// Events one at a time, so that a capture of millions never has to be in memory at once.
#pragma once

#include <functional>
#include <optional>

#include "felixsim/event.h"
#include "felixsim/result.h"

namespace felixsim {

// The next event, nothing at the end, or what is wrong with the source. After the end or an error
// the stream is not called again.
using EventStream = std::function<Result<std::optional<Event>>()>;

}  // namespace felixsim
