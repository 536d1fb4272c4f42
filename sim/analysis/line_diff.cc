// SPDX-License-Identifier: Apache-2.0
// Myers' greedy algorithm ("An O(ND) difference algorithm", 1986) over lines, after the common head
// and tail are off.
#include "sim/analysis/line_diff.h"

namespace felixsim {
namespace {

using Lines = std::vector<std::string_view>;

// Beyond so many changes the exact answer costs too much memory; then the middle is replaced whole.
constexpr int max_changes = 4000;

Lines split(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return lines;
}

void replace_all(const Lines& a, const Lines& b, std::vector<LineChange>& out) {
  for (const auto line : a) out.push_back({LineChange::Kind::removed, std::string(line)});
  for (const auto line : b) out.push_back({LineChange::Kind::added, std::string(line)});
}

// Furthest x on each diagonal, for each number of changes until the end is reached.
std::vector<std::vector<int>> search(const Lines& a, const Lines& b) {
  const int n = static_cast<int>(a.size());
  const int m = static_cast<int>(b.size());
  const int limit = std::min(n + m, max_changes);
  std::vector<int> furthest(static_cast<size_t>(2 * limit + 3), 0);
  const auto at = [&](int diagonal) -> int& {
    return furthest[static_cast<size_t>(diagonal + limit + 1)];
  };
  std::vector<std::vector<int>> trace;
  for (int changes = 0; changes <= limit; ++changes) {
    trace.push_back(furthest);
    for (int k = -changes; k <= changes; k += 2) {
      const bool down = k == -changes || (k != changes && at(k - 1) < at(k + 1));
      int x = down ? at(k + 1) : at(k - 1) + 1;
      int y = x - k;
      while (x < n && y < m && a[static_cast<size_t>(x)] == b[static_cast<size_t>(y)]) ++x, ++y;
      at(k) = x;
      if (x >= n && y >= m) return trace;
    }
  }
  return {};
}

void walk_back(const Lines& a, const Lines& b, const std::vector<std::vector<int>>& trace,
               std::vector<LineChange>& out) {
  const int limit = (static_cast<int>(trace[0].size()) - 3) / 2;
  std::vector<LineChange> reversed;
  int x = static_cast<int>(a.size());
  int y = static_cast<int>(b.size());
  for (int changes = static_cast<int>(trace.size()) - 1; changes > 0; --changes) {
    const auto& furthest = trace[static_cast<size_t>(changes)];
    const auto at = [&](int diagonal) {
      return furthest[static_cast<size_t>(diagonal + limit + 1)];
    };
    const int k = x - y;
    const bool down = k == -changes || (k != changes && at(k - 1) < at(k + 1));
    const int previous = down ? k + 1 : k - 1;
    const int from_x = at(previous);
    const int from_y = from_x - previous;
    if (down)
      reversed.push_back({LineChange::Kind::added, std::string(b[static_cast<size_t>(from_y)])});
    else
      reversed.push_back({LineChange::Kind::removed, std::string(a[static_cast<size_t>(from_x)])});
    x = from_x;
    y = from_y;
  }
  out.insert(out.end(), reversed.rbegin(), reversed.rend());
}

}  // namespace

std::vector<LineChange> diff_lines(std::string_view before, std::string_view after) {
  Lines a = split(before);
  Lines b = split(after);
  size_t head = 0;
  while (head < a.size() && head < b.size() && a[head] == b[head]) ++head;
  size_t tail = 0;
  while (tail < a.size() - head && tail < b.size() - head &&
         a[a.size() - 1 - tail] == b[b.size() - 1 - tail])
    ++tail;
  const auto middle = [&](const Lines& lines) {
    return Lines(lines.begin() + static_cast<std::ptrdiff_t>(head),
                 lines.end() - static_cast<std::ptrdiff_t>(tail));
  };
  a = middle(a);
  b = middle(b);
  std::vector<LineChange> out;
  if (a.empty() || b.empty()) {
    replace_all(a, b, out);
    return out;
  }
  const auto trace = search(a, b);
  if (trace.empty())
    replace_all(a, b, out);
  else
    walk_back(a, b, trace, out);
  return out;
}

}  // namespace felixsim
