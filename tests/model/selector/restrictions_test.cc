// SPDX-License-Identifier: Apache-2.0
#include "model/selector/selector.h"

using namespace felixsim;

namespace {

// "a:present{x,y} b:absent" for a selector's restrictions.
std::string restrictions(const std::string& text) {
  const auto selector = parse_selector(text);
  REQUIRE(selector);
  std::vector<std::string> parts;
  for (const auto& [label, restriction] : (*selector)->restrictions()) {
    std::string part = label.str() + ":";
    if (restriction.must_be_present) part += "present";
    if (restriction.must_be_absent) part += "absent";
    if (restriction.must_have_one_of) {
      part += '{';
      for (const Symbol value : *restriction.must_have_one_of) part += value.str() + ",";
      part += '}';
    }
    if (!restriction.satisfiable()) part += "!";
    parts.push_back(part);
  }
  return fmt::format("{}", fmt::join(parts, " "));
}

}  // namespace

TEST_CASE("a selector tells what labels must be like for it to match") {
  struct Case {
    std::string text, want;
  };
  for (const auto& c : {
           Case{"all()", ""},
           Case{"a != 'b'", ""},
           Case{"a not in {'b'}", ""},
           Case{"a == 'b'", "a:present{b,}"},
           Case{"a in {'c', 'b'}", "a:present{b,c,}"},
           Case{"a in {}", "a:present{}!"},
           Case{"has(a)", "a:present"},
           Case{"a contains 'x'", "a:present"},
           Case{"a starts with 'x'", "a:present"},
           Case{"a ends with 'x'", "a:present"},
           Case{"!has(a)", "a:absent"},
           Case{"!(a == 'b')", ""},
           Case{"!!has(a)", "a:present"},
           Case{"!(!has(a))", ""},
           Case{"a == 'b' && has(c)", "a:present{b,} c:present"},
           Case{"a == 'b' && a == 'c'", "a:present{}!"},
           Case{"a in {'b','c'} && a in {'c','d'}", "a:present{c,}"},
           Case{"has(a) && a == 'b'", "a:present{b,}"},
           Case{"has(a) && !has(a)", "a:presentabsent!"},
           Case{"a == 'b' || a == 'c'", "a:present{b,c,}"},
           Case{"a == 'b' || has(a)", "a:present"},
           Case{"a == 'b' || c == 'd'", ""},
           Case{"a == 'b' || !has(a)", ""},
           Case{"!has(a) || !has(a)", "a:absent"},
           Case{"(a == 'b' && c == 'd') || (a == 'e' && f == 'g')", "a:present{b,e,}"},
           Case{"a == 'b' || all()", ""},
       })
    DYNAMIC_SECTION(c.text) { CHECK(restrictions(c.text) == c.want); }
}
