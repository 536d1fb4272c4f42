// SPDX-License-Identifier: Apache-2.0
// The files of a capture of a node: a folder, or an archive of capture-node.sh.
#pragma once

#include <map>
#include <string>

#include "felixsim/result.h"

namespace felixsim::cli {

// Name (below the folder or the archive's own) -> text. What begins with a dot is passed over.
// Errors name the path.
Result<std::map<std::string, std::string>> read_captured_files(const std::string& path);

}  // namespace felixsim::cli
