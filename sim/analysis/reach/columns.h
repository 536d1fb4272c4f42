// SPDX-License-Identifier: Apache-2.0
// Brings what a group lets through up to date at those elements alone that changed.
#pragma once

#include <vector>

#include "sim/analysis/reach/ask.h"
#include "sim/analysis/reach/groups.h"

namespace felixsim::reach {

// An element that is now, for every rule, like one that did not change (npos: like none, it is
// vacant).
struct AlikeElement {
  size_t element = 0, like = Bits::npos;
};

// Asks the rules about elements that every set's column is about (ElementSets::look_at).
// O(cells × rules), as long as the parts stay what they are. Keeps its memory from call to call.
class ColumnEvaluator {
 public:
  void evaluate(std::vector<Cell>& cells, const Program& program, const HeaderSpace& headers,
                const Bits& live, const std::vector<size_t>& elements, Allowed& allowed);

 private:
  void gather(const Cell& cell, const Program& program, const HeaderSpace& headers,
              const std::vector<size_t>& elements);

  std::vector<Column> found_, made_;
  std::vector<Peers> peers_;
  std::vector<const Column*> of_part_;
};

// Asks no rule. O(elements × parts), as long as the parts stay what they are.
void copy_columns(const std::vector<AlikeElement>& elements, std::vector<Cell>& cells,
                  Allowed& allowed);

}  // namespace felixsim::reach
