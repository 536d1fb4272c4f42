// SPDX-License-Identifier: Apache-2.0
// Sets of small numbers, and sets of which the input does not tell all members.
#pragma once

#include <boost/dynamic_bitset.hpp>
#include <cstdint>

namespace felixsim::reach {

using Bits = boost::dynamic_bitset<uint64_t>;

// What is surely in a set, and what may be: `yes` is a part of `may`.
struct Tri {
  Bits yes, may;

  static Tri none(size_t size) { return {Bits(size), Bits(size)}; }
  static Tri all(size_t size) {
    Bits full(size);
    full.set();
    return {full, full};
  }
  Tri& operator&=(const Tri& other) {
    yes &= other.yes;
    may &= other.may;
    return *this;
  }
  Tri& operator|=(const Tri& other) {
    yes |= other.yes;
    may |= other.may;
    return *this;
  }
  Tri& operator-=(const Tri& other) {
    yes -= other.may;
    may -= other.yes;
    return *this;
  }
  bool operator==(const Tri&) const = default;
};

enum class Verdict : uint8_t { no, yes, unknown };

inline Verdict verdict_of(const Tri& set, size_t index) {
  return set.yes.test(index) ? Verdict::yes : set.may.test(index) ? Verdict::unknown : Verdict::no;
}

}  // namespace felixsim::reach
