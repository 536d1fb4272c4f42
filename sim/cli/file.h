// SPDX-License-Identifier: Apache-2.0
// Files and small option values of the command line.
#pragma once

#include <string>

#include "felixsim/felix_version.h"
#include "felixsim/result.h"

namespace felixsim::cli {

// The whole file, of a GiB at most; "-" is standard input. Errors name the path and what the system
// said.
Result<std::string> read_file(const std::string& path);

// Its first bytes, at most as many as asked for.
Result<std::string> read_head(const std::string& path, size_t bytes);

// Replaces the file in one step (a temporary beside it, then a rename), so that a full disk leaves
// the old one. A link stays: what it names is replaced. Devices and pipes are written to.
Status write_file(const std::string& path, const std::string& text);

// "v3.32" or "v3.28"; others are refused by name.
Result<FelixVersion> parse_version(const std::string& text);

}  // namespace felixsim::cli
