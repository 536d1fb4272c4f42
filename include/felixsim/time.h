// SPDX-License-Identifier: Apache-2.0
// Virtual time. Nothing below sim/cli reads a clock: time comes with the events.
#pragma once

#include <cstdint>

namespace felixsim {

using SimTime = int64_t;  // nanoseconds since the log's first event, or since the epoch where the
                          // capture has wall time

inline constexpr SimTime second = 1'000'000'000;

}  // namespace felixsim
