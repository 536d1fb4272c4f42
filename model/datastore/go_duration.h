// SPDX-License-Identifier: Apache-2.0
// Durations and numbers as Go writes them: time.ParseDuration, time.Duration.String, "%v".
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
// A float64: "0.5", "100000", "1e+06".
std::string go_real_text(double value);

}  // namespace felixsim
