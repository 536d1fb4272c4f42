// SPDX-License-Identifier: Apache-2.0
// The heart of the evaluation: one cell's steps asked about many peers at once, a bit each.
#pragma once

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "sim/analysis/reach/cells.h"

namespace felixsim::reach {

// So many words of a set at once.
template <size_t N>
struct Words {
  std::array<uint64_t, N> words;

  static Words none() { return Words{}; }
  static Words at(const uint64_t* from) {
    Words out;
    std::copy_n(from, N, out.words.begin());
    return out;
  }
  bool any() const {
    uint64_t any = 0;
    for (const uint64_t word : words) any |= word;
    return any != 0;
  }
  void operator|=(const Words& other) {
    for (size_t i = 0; i < N; ++i) words[i] |= other.words[i];
  }
  Words operator&(const Words& other) const {
    Words out;
    for (size_t i = 0; i < N; ++i) out.words[i] = words[i] & other.words[i];
    return out;
  }
  Words operator-(const Words& other) const {
    Words out;
    for (size_t i = 0; i < N; ++i) out.words[i] = words[i] & ~other.words[i];
    return out;
  }
};

// The peers for which a step's rule matches; null: any.
struct Peers {
  const uint64_t *yes = nullptr, *may = nullptr;
};

template <size_t N>
struct Outcome {
  Words<N> surely, perhaps;  // allowed
};

// Asks one cell's steps about the peers `left`, whose words are at `offset`. Follows all that may
// happen: what may be left for the next rule, and what may have been decided. Exactly one decision
// falls in the end, so what may be allowed and cannot be denied is allowed. `tell` gets the peers
// that each step may concern.
template <size_t N, class Tell>
Outcome<N> ask(const Cell& cell, const std::vector<Peers>& peers, size_t offset, Words<N> left,
               Tell tell) {
  Words<N> allowed = Words<N>::none(), denied = allowed, passed = allowed;
  for (size_t i = 0; i < cell.steps.size(); ++i) {
    const Step& step = cell.steps[i];
    if (step.does == Step::Does::next) {
      left = std::exchange(allowed, Words<N>::none());
      continue;
    }
    if (step.does == Step::Does::end) {
      tell(i, left);
      if (step.denies_rest)
        denied |= left;
      else
        passed |= left;
      left = std::exchange(passed, Words<N>::none());
      continue;
    }
    const Words<N> hit = peers[i].may ? left & Words<N>::at(peers[i].may + offset) : left;
    tell(i, hit);
    (step.does == Step::Does::allow  ? allowed
     : step.does == Step::Does::deny ? denied
                                     : passed) |= hit;
    if (!step.surely) continue;
    left = peers[i].yes ? left - Words<N>::at(peers[i].yes + offset) : Words<N>::none();
  }
  return {allowed - denied, allowed};
}

}  // namespace felixsim::reach
