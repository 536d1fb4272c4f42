// SPDX-License-Identifier: Apache-2.0
// Sets of small numbers, and sets of which the input does not tell all members.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "felixsim/check.h"

namespace felixsim::reach {

// Numbers below size(). Two sets that are joined or compared have the same size.
class Bits {
 public:
  static constexpr size_t npos = ~size_t{0};
  static constexpr size_t word_bits = 64;

  Bits() = default;
  explicit Bits(size_t size) : size_(size), words_((size + word_bits - 1) / word_bits) {}

  size_t size() const { return size_; }
  const std::vector<uint64_t>& words() const { return words_; }
  uint64_t* data() { return words_.data(); }
  const uint64_t* data() const { return words_.data(); }

  bool test(size_t i) const { return (words_[i / word_bits] >> i % word_bits & 1) != 0; }
  void set(size_t i) { words_[i / word_bits] |= uint64_t{1} << i % word_bits; }
  void reset(size_t i) { words_[i / word_bits] &= ~(uint64_t{1} << i % word_bits); }
  void assign(size_t i, bool value) { value ? set(i) : reset(i); }
  void set() {
    std::fill(words_.begin(), words_.end(), ~uint64_t{0});
    trim();
  }
  void reset() { std::fill(words_.begin(), words_.end(), uint64_t{0}); }
  // What is new is not in the set.
  void resize(size_t size) {
    size_ = size;
    words_.resize((size + word_bits - 1) / word_bits);
    trim();
  }

  bool any() const {
    return std::any_of(words_.begin(), words_.end(), [](uint64_t word) { return word != 0; });
  }
  bool none() const { return !any(); }
  bool all() const { return count() == size_; }
  size_t count() const {
    size_t count = 0;
    for (const uint64_t word : words_) count += static_cast<size_t>(std::popcount(word));
    return count;
  }
  bool intersects(const Bits& other) const {
    FELIXSIM_CHECK(size_ == other.size_);
    for (size_t w = 0; w < words_.size(); ++w)
      if ((words_[w] & other.words_[w]) != 0) return true;
    return false;
  }
  size_t find_first() const { return find_from(0); }
  // The first one that is not in the other set.
  size_t find_first_outside(const Bits& other) const {
    FELIXSIM_CHECK(size_ == other.size_);
    for (size_t w = 0; w < words_.size(); ++w)
      if (const uint64_t word = words_[w] & ~other.words_[w]; word != 0)
        return w * word_bits + static_cast<size_t>(std::countr_zero(word));
    return npos;
  }
  size_t find_next(size_t i) const { return find_from(i + 1); }

  Bits& operator&=(const Bits& other) {
    return join(other, [](uint64_t a, uint64_t b) { return a & b; });
  }
  Bits& operator|=(const Bits& other) {
    return join(other, [](uint64_t a, uint64_t b) { return a | b; });
  }
  Bits& operator-=(const Bits& other) {
    return join(other, [](uint64_t a, uint64_t b) { return a & ~b; });
  }
  friend Bits operator&(Bits a, const Bits& b) { return a &= b; }
  friend Bits operator-(Bits a, const Bits& b) { return a -= b; }
  friend Bits operator~(Bits a) {
    for (uint64_t& word : a.words_) word = ~word;
    a.trim();
    return a;
  }
  bool operator==(const Bits&) const = default;

 private:
  template <class Join>
  Bits& join(const Bits& other, Join join) {
    FELIXSIM_CHECK(size_ == other.size_);
    for (size_t w = 0; w < words_.size(); ++w) words_[w] = join(words_[w], other.words_[w]);
    return *this;
  }
  size_t find_from(size_t i) const {
    if (i >= size_) return npos;
    size_t w = i / word_bits;
    uint64_t word = words_[w] & ~uint64_t{0} << i % word_bits;
    while (word == 0) {
      if (++w == words_.size()) return npos;
      word = words_[w];
    }
    return w * word_bits + static_cast<size_t>(std::countr_zero(word));
  }
  void trim() {
    if (size_ % word_bits != 0) words_.back() &= ~(~uint64_t{0} << size_ % word_bits);
  }

  size_t size_ = 0;
  std::vector<uint64_t> words_;
};

// Its members, ascending.
inline std::vector<size_t> listed(const Bits& set) {
  std::vector<size_t> out;
  for (size_t i = set.find_first(); i != Bits::npos; i = set.find_next(i)) out.push_back(i);
  return out;
}

enum class Verdict : uint8_t { no, yes, unknown };

// What is surely in a set, and what may be: `yes` is a part of `may`.
struct Tri {
  Bits yes, may;

  static Tri none(size_t size) { return {Bits(size), Bits(size)}; }
  static Tri all(size_t size) {
    Bits full(size);
    full.set();
    return {full, full};
  }
  void set(size_t i, Verdict verdict) {
    yes.assign(i, verdict == Verdict::yes);
    may.assign(i, verdict != Verdict::no);
  }
  void resize(size_t size) {
    yes.resize(size);
    may.resize(size);
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

inline Verdict verdict_of(const Tri& set, size_t index) {
  return set.yes.test(index) ? Verdict::yes : set.may.test(index) ? Verdict::unknown : Verdict::no;
}

inline Verdict both(Verdict a, Verdict b) {
  if (a == Verdict::no || b == Verdict::no) return Verdict::no;
  return a == Verdict::yes && b == Verdict::yes ? Verdict::yes : Verdict::unknown;
}
inline Verdict negated(Verdict a) {
  return a == Verdict::yes ? Verdict::no : a == Verdict::no ? Verdict::yes : Verdict::unknown;
}
inline Verdict either(Verdict a, Verdict b) { return negated(both(negated(a), negated(b))); }

}  // namespace felixsim::reach
