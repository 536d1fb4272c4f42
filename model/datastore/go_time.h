// SPDX-License-Identifier: Apache-2.0
// Times as Kubernetes reads and writes them (metav1.Time): RFC 3339, in whole seconds of UTC.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace felixsim {

// "2024-01-02T03:04:05Z".
std::string rfc3339_text(std::chrono::sys_seconds time);

// The instant of "2024-01-02T05:04:05.7+02:00", digits behind nanoseconds dropped. Nothing for what
// time.Parse refuses.
struct Instant {
  std::chrono::sys_seconds second;
  std::chrono::nanoseconds behind;  // it, less than a second; years beyond 2262 have them, too
};
std::optional<Instant> rfc3339_instant(std::string_view text);

// The same in whole seconds of UTC: "2024-01-02T03:04:05Z".
std::optional<std::string> rfc3339_utc(std::string_view text);

}  // namespace felixsim
