// SPDX-License-Identifier: Apache-2.0
#include "model/config/go_regexp.h"

#include <re2/re2.h>

#include <string_view>

namespace felixsim::go {
namespace {

// Go also takes "(?<name>" for a named group, which this RE2 writes as "(?P<name>".
std::string for_re2(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  for (size_t at = 0; at < pattern.size(); ++at) {
    out.push_back(pattern[at]);
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      out.push_back(pattern[++at]);
    } else if (pattern[at] == '[' || pattern[at] == ']') {
      in_class = pattern[at] == '[';
    } else if (!in_class && pattern.substr(at).starts_with("(?<")) {
      out.append("?P");
      ++at;
    }
  }
  return out;
}

}  // namespace

bool is_regexp(const std::string& pattern) {
  return re2::RE2(for_re2(pattern), re2::RE2::Quiet).ok();
}

bool matches(const std::string& pattern, const std::string& text) {
  return re2::RE2::PartialMatch(text, re2::RE2(for_re2(pattern), re2::RE2::Quiet));
}

}  // namespace felixsim::go
