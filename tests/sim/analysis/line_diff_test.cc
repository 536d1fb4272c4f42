// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/line_diff.h"

#include <rapidcheck.h>

using felixsim::diff_lines;
using felixsim::LineChange;

namespace {

std::string text_of(const std::vector<LineChange>& changes) {
  std::string out;
  for (const auto& change : changes) out += static_cast<char>(change.kind) + change.line + "\n";
  return out;
}

using Lines = std::vector<std::string>;

bool is_subsequence(const Lines& part, const Lines& whole) {
  size_t next = 0;
  for (const auto& line : whole) next += next < part.size() && part[next] == line;
  return next == part.size();
}

// By the textbook's table: the length of the longest common subsequence.
size_t common_length(const Lines& a, const Lines& b) {
  std::vector<std::vector<size_t>> table(a.size() + 1, std::vector<size_t>(b.size() + 1, 0));
  for (size_t i = 0; i < a.size(); ++i)
    for (size_t j = 0; j < b.size(); ++j)
      table[i + 1][j + 1] =
          a[i] == b[j] ? table[i][j] + 1 : std::max(table[i][j + 1], table[i + 1][j]);
  return table[a.size()][b.size()];
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += line + "\n";
  return out;
}

}  // namespace

TEST_CASE("a changed line is a removal and an addition") {
  struct Case {
    std::string name, before, after, want;
  };
  for (const auto& c :
       {Case{"equal", "a\nb\n", "a\nb\n", ""}, Case{"added", "a\n", "a\nb\n", "+b\n"},
        Case{"removed", "a\nb\n", "b\n", "-a\n"},
        Case{"changed", "a\nx\nc\n", "a\ny\nc\n", "-x\n+y\n"},
        Case{"from nothing", "", "a\n", "+a\n"}})
    DYNAMIC_SECTION(c.name) { CHECK(text_of(diff_lines(c.before, c.after)) == c.want); }
}

TEST_CASE("a diff takes lines of the one, adds lines of the other, and is as short as can be") {
  const bool holds = rc::check([] {
    const auto line = rc::gen::element<std::string>("a", "b", "c", "d");
    const auto before = *rc::gen::container<Lines>(line);
    const auto after = *rc::gen::container<Lines>(line);
    Lines removed;
    Lines added;
    for (const auto& change : diff_lines(joined(before), joined(after)))
      (change.kind == LineChange::Kind::removed ? removed : added).push_back(change.line);
    RC_ASSERT(is_subsequence(removed, before));
    RC_ASSERT(is_subsequence(added, after));
    const size_t kept = common_length(before, after);
    RC_ASSERT(removed.size() == before.size() - kept);
    RC_ASSERT(added.size() == after.size() - kept);
  });
  CHECK(holds);
}
