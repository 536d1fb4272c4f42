// SPDX-License-Identifier: Apache-2.0
// What `felixsim show` prints: one part of a node's kernel state in the native tool's own words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "felixsim/kernel_state.h"

namespace felixsim {

// A part of kernel state: its name on the command line, and the file of a recording that holds it.
struct KernelPart {
  std::string_view name;  // "iptables"
  std::string_view file;  // "iptables-save.txt"
};

// All parts, in the order in which "all" prints them.
const std::vector<KernelPart>& kernel_parts();

// The text of one part, by its name. The name must be one of kernel_parts(). iptables are those of
// the backend that holds tables; where both do, legacy ones follow after a line that says so.
std::string kernel_text(const KernelState& state, std::string_view part);

}  // namespace felixsim
