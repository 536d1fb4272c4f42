// SPDX-License-Identifier: Apache-2.0
// How a predicted file of kernel state compares with a recorded one: the rules of the recordings'
// README, file by file.
#pragma once

#include <optional>
#include <string>

namespace felixsim::conform {

// The first difference by the rule for `file` ("iptables-save.txt", "ip-route.txt", ...); nothing
// where they agree.
std::optional<std::string> compare_recorded(const std::string& file, const std::string& want,
                                            const std::string& got);

}  // namespace felixsim::conform
