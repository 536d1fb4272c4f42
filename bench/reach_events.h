// SPDX-License-Identifier: Apache-2.0
// What it costs to bring the matrix up to date after one event, by kind of event.
#pragma once

#include <cstddef>
#include <filesystem>

namespace felixsim::bench {

// Prints a table about a cluster of so many pods and policies. False: it could not be read.
bool print_reach_events(const std::filesystem::path& folder, size_t pods, size_t policies);

}  // namespace felixsim::bench
