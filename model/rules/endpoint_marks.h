// SPDX-License-Identifier: Apache-2.0
// Marks that stand for endpoints, for kube-proxy in ipvs mode. Mirrors felix/rules/epmark.go: the
// mark follows from a hash of the interface's name, collisions go to the next free number, so marks
// depend on the order in which endpoints came.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace felixsim::rules {

class EndpointMarks {
 public:
  // `non_cali_mark` is reserved for interfaces that are not Calico's.
  EndpointMarks(uint32_t mask, uint32_t non_cali_mark);

  uint32_t mask() const { return mask_; }
  // Allocates at the first call; nothing when all numbers are taken. Not of an empty name.
  std::optional<uint32_t> get(std::string_view interface);
  void release(std::string_view interface);

 private:
  uint32_t mask_ = 0;
  uint64_t count_ = 0;  // numbers that the mask can hold, zero included
  std::map<std::string, uint32_t, std::less<>> number_of_;
  std::map<uint32_t, std::string> owner_of_;
};

// FNV-1, 32 bits: Go's hash/fnv New32.
uint32_t fnv1_32(std::string_view text);

}  // namespace felixsim::rules
