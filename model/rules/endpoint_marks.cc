// SPDX-License-Identifier: Apache-2.0
#include "model/rules/endpoint_marks.h"

#include <bit>

namespace felixsim::rules {
namespace {

constexpr std::string_view non_cali_endpoint = "/cali/Pseudo/NonCali/Endpoint/";

// The number whose bits, spread over the bits of `mask`, are `mark`.
uint32_t number_of_mark(uint32_t mask, uint32_t mark) {
  uint32_t number = 0;
  int position = 0;
  for (uint32_t left = mask; left != 0; left &= left - 1, ++position)
    if (mark & left & (~left + 1)) number |= uint32_t{1} << position;
  return number;
}

// The inverse: felix/markbits MapNumberToMark.
uint32_t mark_of_number(uint32_t mask, uint32_t number) {
  uint32_t mark = 0;
  for (uint32_t left = mask; left != 0; left &= left - 1, number >>= 1)
    if (number & 1) mark |= left & (~left + 1);
  return mark;
}

}  // namespace

uint32_t fnv1_32(std::string_view text) {
  uint32_t hash = 2166136261u;
  for (const char c : text) hash = (hash * 16777619u) ^ static_cast<uint8_t>(c);
  return hash;
}

EndpointMarks::EndpointMarks(uint32_t mask, uint32_t non_cali_mark)
    : mask_(mask), count_(mask == 0 ? 0 : uint64_t{1} << std::popcount(mask)) {
  const uint32_t number = number_of_mark(mask, non_cali_mark);
  number_of_.emplace(non_cali_endpoint, number);
  owner_of_.emplace(number, non_cali_endpoint);
}

std::optional<uint32_t> EndpointMarks::get(std::string_view interface) {
  if (interface.empty()) return std::nullopt;
  if (const auto known = number_of_.find(interface); known != number_of_.end())
    return mark_of_number(mask_, known->second);
  const uint64_t start = fnv1_32(interface);
  for (uint64_t i = 0; i < count_; ++i) {
    const auto number = static_cast<uint32_t>((start + i) % count_);
    if (number == 0 || owner_of_.contains(number)) continue;  // mark 0 would look like none
    number_of_.emplace(interface, number);
    owner_of_.emplace(number, interface);
    return mark_of_number(mask_, number);
  }
  return std::nullopt;
}

void EndpointMarks::release(std::string_view interface) {
  const auto known = number_of_.find(interface);
  if (known == number_of_.end()) return;
  owner_of_.erase(known->second);
  number_of_.erase(known);
}

}  // namespace felixsim::rules
