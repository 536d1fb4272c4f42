// SPDX-License-Identifier: Apache-2.0
// Regular expressions as Go's package regexp takes them, which are RE2's.
#pragma once

#include <string>

namespace felixsim::go {

// Whether regexp.Compile takes it.
bool is_regexp(const std::string& pattern);
// Whether `pattern`, known to compile, occurs anywhere in `text`.
bool matches(const std::string& pattern, const std::string& text);

}  // namespace felixsim::go
