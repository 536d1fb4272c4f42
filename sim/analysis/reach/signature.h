// SPDX-License-Identifier: Apache-2.0
// What an element is a member of, as one number: the sum of the marks of the sets that it is in.
#pragma once

#include <array>
#include <cstdint>

namespace felixsim::reach {

// Two lanes, so that different things meet by chance in one of 2^128 cases.
using Signature = std::array<uint64_t, 2>;

inline uint64_t mixed(uint64_t value) {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
  value = (value ^ value >> 27) * 0x94d049bb133111ebu;
  return value ^ value >> 31;
}
inline Signature signature_of(uint64_t a, uint64_t b) {
  const uint64_t first = mixed(mixed(a) ^ b);
  return {first, mixed(first ^ 0x5851f42d4c957f2du)};
}
inline void operator^=(Signature& a, const Signature& b) {
  a[0] ^= b[0];
  a[1] ^= b[1];
}

}  // namespace felixsim::reach
