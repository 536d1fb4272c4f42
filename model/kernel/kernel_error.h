// SPDX-License-Identifier: Apache-2.0
// What the kernel says where it refuses: an errno, and its extended text ("Error: ...") where it
// gives one.
#pragma once

#include <cerrno>

#include "felixsim/kernel_op.h"

namespace felixsim {

// The errno with its usual text: "File exists".
KernelAnswer kernel_error(int code);
// The errno with the kernel's own words, which iproute2 prints as "Error: WORDS."
KernelAnswer kernel_error(int code, std::string_view words);

}  // namespace felixsim
