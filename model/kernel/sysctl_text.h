// SPDX-License-Identifier: Apache-2.0
// Sysctls as `sysctl -a` prints them: "name = value" lines, sorted by name.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "felixsim/result.h"

namespace felixsim {

std::string print_sysctls(const std::map<std::string, std::string>& sysctls);
Result<std::map<std::string, std::string>> parse_sysctls(std::string_view text);

// The lines that a recording's sysctl.txt shows: for `all`, every interface and `default` the nine
// names that Felix writes (absent values print empty).
std::string print_interface_sysctls(const std::map<std::string, std::string>& sysctls);

}  // namespace felixsim
