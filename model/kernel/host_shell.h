// SPDX-License-Identifier: Apache-2.0
// A shell's command line, as far as host commands of scenarios and recordings need it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "felixsim/result.h"

namespace felixsim {

// One command; `input` is what a pipe gives it. `after` says when it runs: always, or if the
// command before it succeeded or failed.
struct ShellCommand {
  enum class After : uint8_t { any, success, failure };
  After after = After::any;
  std::vector<std::string> words;  // never empty
  std::string input;
};

// The commands of a line or of several lines, in order: joined by ";", "&&", "||" and newlines;
// words with single and double quotes and backslashes. Output may go to /dev/null, and to a command
// by a pipe if echo or printf makes it. What else a shell can do is an error that names it.
Result<std::vector<ShellCommand>> parse_shell(std::string_view line);

}  // namespace felixsim
