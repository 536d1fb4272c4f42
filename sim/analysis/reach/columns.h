// SPDX-License-Identifier: Apache-2.0
// Brings what a group lets through up to date at those elements alone that changed.
#pragma once

#include <utility>
#include <vector>

#include "sim/analysis/reach/ask.h"
#include "sim/analysis/reach/element_column.h"
#include "sim/analysis/reach/groups.h"

namespace felixsim::reach {

// Elements that are now, for every rule, like one that did not change (npos: like none, they are
// vacant).
struct AlikeElements {
  size_t like = Bits::npos;
  std::vector<std::pair<size_t, uint64_t>> words;  // where in a set, which bits
  void add(size_t element);
};

// Asks the rules about elements that every set's column is about (ElementSets::look_at).
// O(cells × rules), as long as the parts stay what they are. Keeps its memory from call to call.
class ColumnEvaluator {
 public:
  void evaluate(std::vector<Cell>& cells, const Program& program, const HeaderSpace& headers,
                const Bits& live, const ElementColumn& elements, Allowed& allowed);

 private:
  void find_port_matches(const Cell& cell, const Program& program, const HeaderSpace& headers,
                         const ElementColumn& elements);

  std::vector<Column> found_, made_;
  std::vector<const Column*> of_part_;
};

// Asks no rule. O(elements × parts), as long as the parts stay what they are.
void copy_columns(const std::vector<AlikeElements>& alike, std::vector<Cell>& cells,
                  Allowed& allowed);

}  // namespace felixsim::reach
