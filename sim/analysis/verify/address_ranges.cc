// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/verify/address_ranges.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "felixsim/ip.h"

namespace felixsim {
namespace {

struct Range {
  Ip first, last;
  auto operator<=>(const Range&) const = default;
};

std::optional<Range> range_of(const std::string& element) {
  const size_t dash = element.find('-');
  const auto low = Cidr::parse_cidr_or_ip(element.substr(0, dash));
  const auto high =
      dash == std::string::npos ? low : Cidr::parse_cidr_or_ip(element.substr(dash + 1));
  if (!low || !high || low->address.family != high->address.family) return std::nullopt;
  Range range{low->address, high->address};
  for (int bit = high->length; bit < range.last.max_prefix(); ++bit)
    range.last.bytes[static_cast<size_t>(bit) / 8] |= static_cast<uint8_t>(0x80 >> bit % 8);
  return range;
}

bool touches(const Ip& last, const Ip& next) {
  if (next <= last) return true;
  Ip after = last;
  for (int i = after.max_prefix() / 8 - 1; i >= 0; --i)
    if (++after.bytes[static_cast<size_t>(i)] != 0) break;
  return after == next;
}

}  // namespace

std::set<std::string> merged_addresses(const std::set<std::string>& elements) {
  std::vector<Range> ranges;
  for (const auto& element : elements) {
    const auto range = range_of(element);
    if (!range) return elements;
    ranges.push_back(*range);
  }
  std::sort(ranges.begin(), ranges.end());
  std::vector<Range> merged;
  for (const auto& range : ranges) {
    if (!merged.empty() && merged.back().first.family == range.first.family &&
        touches(merged.back().last, range.first))
      merged.back().last = std::max(merged.back().last, range.last);
    else
      merged.push_back(range);
  }
  std::set<std::string> out;
  for (const auto& range : merged)
    out.insert(range.first == range.last ? range.first.str()
                                         : range.first.str() + "-" + range.last.str());
  return out;
}

}  // namespace felixsim
