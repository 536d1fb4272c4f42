// SPDX-License-Identifier: Apache-2.0
// Rules of one chain compared, whatever dialect they are in.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/analysis/verify/drift.h"

namespace felixsim {

struct ChainRule {
  std::string text;  // as the tool prints it, without counters
  std::string hash;  // Felix's, from the comment; empty: not Felix's
  bool operator==(const ChainRule&) const = default;
};

// Felix's hash in a rule's text, behind "cali:"; empty: none.
std::string felix_hash(std::string_view text);

// Whether two texts mean the same rule.
using SameRule = std::function<bool(const std::string& predicted, const std::string& captured)>;

// Drifts of a chain, their part and place filled in from `at`. Rules count as equal if their texts
// do, or if they have the same hash and `same` says so.
void compare_rules(const std::vector<ChainRule>& predicted, const std::vector<ChainRule>& captured,
                   const SameRule& same, const Drift& at, std::vector<Drift>& out);

}  // namespace felixsim
