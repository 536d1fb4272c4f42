// SPDX-License-Identifier: Apache-2.0
// Where a Felix model's time goes. The clock is the caller's: nothing below sim/cli/ reads one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace felixsim {

enum class Phase : uint8_t {
  start_up,        // configuration, mark bits, building graph and dataplane
  calc_updates,    // datastore updates through the calc graph
  calc_flush,      // messages in the order of their dependence
  to_managers,     // messages to the dataplane's managers
  program_kernel,  // tables, sets and routes written, and read back
};
inline constexpr std::array phase_names{
    std::string_view("start-up"), std::string_view("calc graph: updates"),
    std::string_view("calc graph: flush"), std::string_view("dataplane: take messages"),
    std::string_view("dataplane: program the kernel")};

struct TimeProfile {
  std::function<double()> clock;  // seconds since any moment; empty: nothing is measured
  std::array<double, phase_names.size()> seconds{};
};

// Adds the time until its end to a phase of `profile`, which may be null.
class PhaseTimer {
 public:
  PhaseTimer(TimeProfile* profile, Phase phase)
      : profile_(profile && profile->clock ? profile : nullptr),
        phase_(static_cast<size_t>(phase)),
        begin_(profile_ ? profile_->clock() : 0) {}
  ~PhaseTimer() {
    if (profile_) profile_->seconds[phase_] += profile_->clock() - begin_;
  }
  PhaseTimer(const PhaseTimer&) = delete;
  PhaseTimer& operator=(const PhaseTimer&) = delete;

 private:
  TimeProfile* profile_;
  size_t phase_;
  double begin_;
};

}  // namespace felixsim
