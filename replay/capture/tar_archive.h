// SPDX-License-Identifier: Apache-2.0
// Files of a tar archive in memory: ustar, with the long names of GNU tar and pax headers skipped
// over. Left out: links, devices and sparse files (skipped), compression (refused by name).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "felixsim/result.h"

namespace felixsim {

// What a node's capture may hold at most; beyond it the archive is not one.
inline constexpr size_t max_archive_files = 1000;

// True if the text begins as a ustar archive does.
bool looks_like_tar(std::string_view bytes);

// Regular files by name as archived, "./" at the front taken off. Errors name the byte at which the
// archive is wrong. Nothing is written to disk, so names may be anything. O(bytes).
Result<std::map<std::string, std::string>> read_tar(std::string_view bytes);

}  // namespace felixsim
