// SPDX-License-Identifier: Apache-2.0
// A few elements as the bits of one word, read from sets and written into them run by run.
#pragma once

#include <vector>

#include "sim/analysis/reach/bits.h"

namespace felixsim::reach {

class ElementColumn {
 public:
  // 64 elements at most; those that are neighbours are cheaper.
  explicit ElementColumn(const std::vector<size_t>& elements) : elements_(elements) {
    FELIXSIM_CHECK(elements.size() <= Bits::word_bits);
    for (size_t i = 0; i < elements.size(); ++i) {
      const size_t word = elements[i] / Bits::word_bits, bit = elements[i] % Bits::word_bits;
      if (i == 0 || elements[i] != elements[i - 1] + 1 || bit == 0)
        runs_.push_back({word, bit, i, 0});
      runs_.back().mask = runs_.back().mask << 1 | 1;
    }
  }
  const std::vector<size_t>& elements() const { return elements_; }
  // The bits of a column that stand for elements.
  uint64_t all() const {
    return elements_.empty() ? 0 : ~uint64_t{0} >> (Bits::word_bits - elements_.size());
  }

  uint64_t read(const Bits& set) const {
    uint64_t column = 0;
    for (const Run& run : runs_)
      column |= (set.data()[run.word] >> run.bit & run.mask) << run.place;
    return column;
  }
  void write(uint64_t column, Bits& set) const {
    for (const Run& run : runs_) {
      uint64_t& word = set.data()[run.word];
      word = (word & ~(run.mask << run.bit)) | (column >> run.place & run.mask) << run.bit;
    }
  }

 private:
  struct Run {
    size_t word, bit;  // where it begins in a set
    size_t place;      // where in the column
    uint64_t mask;
  };
  std::vector<size_t> elements_;
  std::vector<Run> runs_;
};

}  // namespace felixsim::reach
