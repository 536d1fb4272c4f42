// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/addresses.h"

#include <fmt/format.h>

#include <algorithm>

namespace felixsim::reach {
namespace {

Number last_of_family(IpFamily family) {
  return family == IpFamily::v4 ? Number{0xffffffff} : ~Number{0};
}

struct Range {
  Number first, last;
};

Range range_of(const Cidr& net) {
  const Number first = number_of(net.address);
  const int host_bits = net.address.max_prefix() - net.length;
  const Number size_minus_one =
      host_bits == 0 ? Number{0} : (host_bits == 128 ? ~Number{0} : (Number{1} << host_bits) - 1);
  return {first, first + size_minus_one};
}

bool is_host(const Cidr& net) { return net.length == net.address.max_prefix(); }

// A range that is a net is written as one.
std::string range_text(Number first, Number last, IpFamily family) {
  if (first == last) return ip_of(first, family).str();
  const int bits = family == IpFamily::v4 ? 32 : 128;
  for (int length = 0; length < bits; ++length) {
    const Range net = range_of(Cidr::of(ip_of(first, family), length));
    if (net.first == first && net.last == last) return Cidr::of(ip_of(first, family), length).str();
  }
  return fmt::format("{}-{}", ip_of(first, family).str(), ip_of(last, family).str());
}

}  // namespace

Number number_of(const Ip& ip) {
  Number number = 0;
  const size_t bytes = ip.is_v4() ? 4 : 16;
  for (size_t i = 0; i < bytes; ++i) number = number << 8 | ip.bytes[i];
  return number;
}

Ip ip_of(Number number, IpFamily family) {
  Ip ip;
  ip.family = family;
  const size_t bytes = family == IpFamily::v4 ? 4 : 16;
  for (size_t i = bytes; i-- > 0; number >>= 8) ip.bytes[i] = static_cast<uint8_t>(number);
  return ip;
}

void AddressSpace::add_endpoint(int endpoint, const Ip& address, bool unknown) {
  const Number number = number_of(address);
  elements_.push_back({number, number, endpoint, unknown});
  endpoints_ = elements_.size();
}

void AddressSpace::sort_endpoints() {
  if (std::exchange(sorted_, true)) return;
  std::sort(elements_.begin(), elements_.end(), [](const Element& a, const Element& b) {
    return std::tie(a.first, a.endpoint) < std::tie(b.first, b.endpoint);
  });
}

// An endpoint's own address divides nothing of the world.
void AddressSpace::add_net(const Cidr& net) {
  sort_endpoints();
  const Range range = range_of(net);
  if (is_host(net)) {
    const auto it = std::lower_bound(
        elements_.begin(), elements_.end(), range.first,
        [](const Element& element, Number value) { return element.first < value; });
    if (it != elements_.end() && it->first == range.first) return;
  }
  starts_.push_back(range.first);
  if (range.last != last_of_family(family_)) starts_.push_back(range.last + 1);
}

void AddressSpace::build() {
  sort_endpoints();
  starts_.push_back(0);
  std::sort(starts_.begin(), starts_.end());
  starts_.erase(std::unique(starts_.begin(), starts_.end()), starts_.end());
  size_t endpoint = 0;
  for (size_t i = 0; i < starts_.size(); ++i) {
    const Number first = starts_[i];
    const Number last = i + 1 < starts_.size() ? starts_[i + 1] - 1 : last_of_family(family_);
    Number taken = 0, previous = 0;
    for (bool any = false; endpoint < endpoints_ && elements_[endpoint].first <= last; ++endpoint) {
      if (elements_[endpoint].unknown || (any && elements_[endpoint].first == previous)) continue;
      previous = elements_[endpoint].first;
      any = true;
      ++taken;
    }
    // A piece of which endpoints have every address is no part of the world.
    if (taken == 0 || taken - 1 != last - first) elements_.push_back({first, last, -1, false});
  }
  for (size_t i = 0; i < endpoints_; ++i)
    if (elements_[i].unknown) unknown_.push_back(i);
}

void AddressSpace::mark(const Cidr& net, Tri& out) const {
  const Range range = range_of(net);
  const auto begin = elements_.begin(), middle = begin + static_cast<std::ptrdiff_t>(endpoints_);
  const auto less = [](const Element& element, Number number) { return element.first < number; };
  bool known = false;
  for (auto it = std::lower_bound(begin, middle, range.first, less);
       it != middle && it->first <= range.last; ++it) {
    if (it->unknown && !is_host(net) && net.length != 0) continue;
    const auto index = static_cast<size_t>(it - begin);
    out.yes.set(index);
    out.may.set(index);
    known = true;
  }
  // A piece may begin with an endpoint's address: that address alone is not the piece.
  for (auto it = std::lower_bound(middle, elements_.end(), range.first, less);
       it != elements_.end() && it->last <= range.last; ++it) {
    const auto index = static_cast<size_t>(it - begin);
    out.yes.set(index);
    out.may.set(index);
  }
  if (is_host(net) && known) return;
  for (const size_t index : unknown_) out.may.set(index);
}

std::optional<size_t> AddressSpace::element_of(const Ip& ip) const {
  const Number number = number_of(ip);
  const auto begin = elements_.begin(), middle = begin + static_cast<std::ptrdiff_t>(endpoints_);
  const auto less = [](const Element& element, Number value) { return element.last < value; };
  auto it = std::lower_bound(begin, middle, number, less);
  if (it == middle || it->first > number)
    it = std::lower_bound(middle, elements_.end(), number, less);
  if (it == elements_.end() || it->first > number) return std::nullopt;
  return static_cast<size_t>(it - begin);
}

std::vector<std::string> AddressSpace::range_texts(const std::vector<size_t>& elements) const {
  std::vector<Range> ranges;
  for (const size_t index : elements) {
    const Element& element = elements_[index];
    if (!ranges.empty() && ranges.back().last + 1 == element.first)
      ranges.back().last = element.last;
    else
      ranges.push_back({element.first, element.last});
  }
  std::vector<std::string> texts;
  for (const Range& range : ranges) texts.push_back(range_text(range.first, range.last, family_));
  return texts;
}

}  // namespace felixsim::reach
