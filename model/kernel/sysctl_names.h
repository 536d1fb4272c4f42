// SPDX-License-Identifier: Apache-2.0
// Which settings a kernel has, as far as it is known here: net.ipv4 and net.ipv6, but for what is
// below route and icmp there.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace felixsim {

enum class SysctlKnowledge : uint8_t { exists, missing, not_known };

// `name` has dots between its parts, and slashes where an interface's name has dots.
SysctlKnowledge know_sysctl(std::string_view name, const std::set<std::string>& interfaces);
// Whether it is a setting of an interface, of all or of those to come.
bool is_of_interface(std::string_view name);

}  // namespace felixsim
