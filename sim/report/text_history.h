// SPDX-License-Identifier: Apache-2.0
// Many texts through many moments, in little space: every line is kept once, a text that changes
// as what changed since the moment before.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace felixsim {

using LineIds = std::vector<uint32_t>;

// Replace `removed` lines from `start` on (as numbered before any splice) by `added`.
struct Splice {
  size_t start = 0, removed = 0;
  LineIds added;
  bool operator==(const Splice&) const = default;
};

// What turns one text into the other, in order; few splices, not always the fewest.
// O(lines × depth of nesting), near O(lines log lines) for texts of mostly different lines.
std::vector<Splice> splices_between(const LineIds& before, const LineIds& after);

class TextHistory {
 public:
  // The text that `name` has from `moment` on. Moments must not go back.
  void set(const std::string& name, size_t moment, std::string_view text);

  size_t bytes() const { return bytes_; }  // of lines, each counted once

  // {"lines": [...], "texts": {name: [[moment, [[start, removed, ids], ...]], ...]}}; in ids,
  // [first, count] stands for a run. A text is empty before its first moment.
  nlohmann::json json() const;

 private:
  uint32_t id_of(std::string_view line);

  struct Version {
    size_t moment;
    std::vector<Splice> splices;
  };
  struct Text {
    LineIds now;
    std::vector<Version> versions;
  };
  std::map<std::string, Text> texts_;
  std::vector<std::string> lines_;
  std::unordered_map<std::string, uint32_t> ids_;  // look-ups only
  size_t bytes_ = 0;
};

}  // namespace felixsim
