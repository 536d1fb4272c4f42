// SPDX-License-Identifier: Apache-2.0
#include "model/calc/overlap_suppressor.h"

#include "felixsim/check.h"

namespace felixsim::calc {
namespace {

Cidr last_address(const Cidr& cidr) {
  Ip last = cidr.address;
  for (int bit = cidr.length; bit < last.max_prefix(); ++bit)
    last.bytes[static_cast<size_t>(bit) / 8] |= static_cast<uint8_t>(0x80 >> (bit % 8));
  return Cidr::host(last);
}

}  // namespace

bool OverlapSuppressor::is_covered(const Cidr& cidr) const {
  const auto& present = lengths(cidr.address.family);
  for (int length = 0; length < cidr.length; ++length)
    if (present[static_cast<size_t>(length)] > 0 &&
        members_.contains(Cidr::of(cidr.address, length)))
      return true;
  return false;
}

std::vector<Cidr> OverlapSuppressor::closest_inside(const Cidr& cidr) const {
  std::vector<Cidr> inside;
  if (cidr.length == cidr.address.max_prefix()) return inside;
  // In order of address, shorter first: whatever is inside the one just found comes right after it.
  auto member = members_.upper_bound(cidr);
  while (member != members_.end() && cidr.contains(*member)) {
    inside.push_back(*member);
    member = members_.upper_bound(last_address(*member));
  }
  return inside;
}

bool OverlapSuppressor::add(const Cidr& cidr, std::vector<Cidr>& masked) {
  const bool covered = is_covered(cidr);
  FELIXSIM_CHECK(members_.insert(cidr).second);
  ++lengths(cidr.address.family)[cidr.length];
  masked.clear();
  if (!covered) masked = closest_inside(cidr);
  return !covered;
}

std::vector<Cidr> OverlapSuppressor::remove(const Cidr& cidr) {
  auto unmasked = closest_inside(cidr);
  FELIXSIM_CHECK(members_.erase(cidr) == 1);
  --lengths(cidr.address.family)[cidr.length];
  return unmasked;
}

}  // namespace felixsim::calc
