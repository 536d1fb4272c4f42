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
  static Words all() {
    Words out;
    out.words.fill(~uint64_t{0});
    return out;
  }
  static Words at(const uint64_t* from) {
    Words out;
    std::copy_n(from, N, out.words.begin());
    return out;
  }
  void put(uint64_t* to) const { std::copy_n(words.begin(), N, to); }
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

// Calls ask<N>(offset) for all words of sets, many at a time.
template <class Ask>
void for_each_words(size_t words, Ask ask) {
  constexpr size_t many = 8;
  size_t offset = 0;
  for (; offset + many <= words; offset += many) ask.template operator()<many>(offset);
  for (; offset < words; ++offset) ask.template operator()<1>(offset);
}

// The peers for which a step's rule matches.
template <size_t N>
struct Match {
  Words<N> yes, may;
};

// Peers that may be allowed, denied, or left undecided; and passed by a policy that is asked alone.
template <size_t N>
struct Asked {
  Words<N> allowed, denied, left, passed;
};

// Asks one cell's steps about the peers `left`; `match(step)` are those for which it matches.
// Follows all that may happen: what may be left for the next rule, and what may have been decided.
// Exactly one decision falls in the end, so what may be allowed and cannot be denied is allowed.
// What of a tier's steps is left goes on to the next tier. `tell` gets the peers that each step may
// concern.
template <size_t N, class Matches, class Tell>
Asked<N> ask(const Cell& cell, Matches match, Words<N> left, Tell tell) {
  Words<N> allowed = Words<N>::none(), denied = allowed, passed = allowed;
  Match<N> marked{Words<N>::none(), Words<N>::none()};  // those that carry the pass mark
  for (size_t i = 0; i < cell.steps.size(); ++i) {
    const Step& step = cell.steps[i];
    if (step.does == Step::Does::next) {
      left = std::exchange(allowed, Words<N>::none());
      continue;
    }
    if (step.does == Step::Does::end) {
      tell(i, left);
      if (step.denies_rest) denied |= left;
      const Words<N> rest = step.denies_rest ? Words<N>::none() : left;
      if (!step.keeps_marks) marked = {Words<N>::none(), Words<N>::none()};
      marked.yes |= passed - rest;
      marked.may |= passed;
      left = rest;
      left |= std::exchange(passed, Words<N>::none());
      continue;
    }
    if (!left.any()) continue;
    if (step.if_marked != Step::IfMarked::no) {
      const Words<N> returns = left & marked.may;
      passed |= returns;
      left = left - marked.yes;
      if (step.if_marked == Step::IfMarked::only) {
        tell(i, returns);
        continue;
      }
    }
    const Match<N> matched = match(i);
    const Words<N> hit = left & matched.may;
    tell(i, hit);
    (step.does == Step::Does::allow  ? allowed
     : step.does == Step::Does::deny ? denied
                                     : passed) |= hit;
    if (step.surely) left = left - matched.yes;
  }
  return {allowed, denied, left, passed};
}

}  // namespace felixsim::reach
