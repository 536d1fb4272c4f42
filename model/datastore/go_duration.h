// SPDX-License-Identifier: Apache-2.0
// Durations as Go writes them: time.ParseDuration and time.Duration.String.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace felixsim {

// "1m30s", "1.5h", "-5ms", "0"; nanoseconds. Nothing for other text and for what does not fit.
std::optional<int64_t> parse_go_duration(std::string_view text);
// "1m30s", "500ms", "0s".
std::string go_duration_text(int64_t nanoseconds);

}  // namespace felixsim
