// SPDX-License-Identifier: Apache-2.0
// The difference of two texts, line by line, as `diff -u` has it but without its line numbers:
// kernel state has sections
// ("*filter", a chain), and those tell the place better.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace felixsim {

struct LineChange {
  enum class Kind : char { removed = '-', added = '+' };
  Kind kind;
  std::string line;
};

// A shortest list of changes that turns `before` into `after`, in order. O(lines + changes * lines)
// time.
std::vector<LineChange> diff_lines(std::string_view before, std::string_view after);

}  // namespace felixsim
