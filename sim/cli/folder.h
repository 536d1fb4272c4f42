// SPDX-License-Identifier: Apache-2.0
// The files of a folder of manifests or scenarios.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "felixsim/result.h"

namespace felixsim::cli {

// Those with one of the extensions (".yaml"), at any depth, sorted. Links to files are followed,
// also dangling ones: who opens them says so. What cannot be looked into is an error and not left
// out: a closed folder, a pipe, a link to a folder (which may lead anywhere, and round in circles;
// but not one with a dot in front, as Kubernetes' own mounts have).
Result<std::vector<std::string>> files_below(const std::string& folder,
                                             std::initializer_list<std::string_view> extensions);

}  // namespace felixsim::cli
