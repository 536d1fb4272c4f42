// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/addresses.h"

#include <fmt/format.h>

#include <tuple>

namespace felixsim::reach {
namespace {

constexpr size_t spare_elements = 256;  // so many more, when all numbers are taken

Number last_of_family(IpFamily family) {
  return family == IpFamily::v4 ? Number{0xffffffff} : ~Number{0};
}

bool is_host(const Cidr& net) { return net.length == net.address.max_prefix(); }

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

AddressSpace::AddressSpace(IpFamily family) : family_(family) { add_cut(0); }

AddressSpace::Range AddressSpace::range_of(const Cidr& net) const {
  const Number first = number_of(net.address);
  const int host_bits = net.address.max_prefix() - net.length;
  const Number size_minus_one =
      host_bits == 0 ? Number{0} : (host_bits == 128 ? ~Number{0} : (Number{1} << host_bits) - 1);
  return {first, first + size_minus_one};
}

size_t AddressSpace::take(const Element& element) {
  size_t number = elements_.size();
  if (vacant_.empty()) {
    elements_.push_back(element);
  } else {
    number = vacant_.back();
    vacant_.pop_back();
    elements_[number] = element;
  }
  changed_.push_back(number);
  return number;
}

void AddressSpace::vacate(size_t element) {
  elements_[element] = Element{};
  elements_[element].vacant = true;
  vacant_.push_back(element);
  changed_.push_back(element);
}

size_t AddressSpace::add_endpoint(int endpoint, const Ip& address, bool unknown) {
  const Number number = number_of(address);
  const size_t element = take({number, number, endpoint, unknown, false});
  endpoints_.push_back(element);
  endpoints_changed_ = true;
  count_host(address, 0, 1);
  return element;
}

void AddressSpace::remove_endpoint(size_t element) {
  const auto gone = std::find(endpoints_.begin(), endpoints_.end(), element);
  FELIXSIM_CHECK(gone != endpoints_.end());
  if (static_cast<size_t>(gone - endpoints_.begin()) < sorted_) --sorted_;
  endpoints_.erase(gone);
  endpoints_changed_ = true;
  count_host(ip_of(elements_[element].first, family_), 0, -1);
  vacate(element);
}

void AddressSpace::count_start(Number start, int by) {
  const auto [it, fresh] = starts_.try_emplace(start, 0);
  it->second += static_cast<uint32_t>(by);
  const bool gone = it->second == 0;
  if (gone) starts_.erase(it);
  starts_changed_ = starts_changed_ || fresh || gone;
}

void AddressSpace::count_range(const Range& range, int by) {
  count_start(range.first, by);
  if (range.last != last_of_family(family_)) count_start(range.last + 1, by);
}

void AddressSpace::count_host(const Ip& ip, int nets, int endpoints) {
  HostUse& use = hosts_[ip];
  const bool before = use.cuts();
  use.nets += static_cast<uint32_t>(nets);
  use.endpoints += static_cast<uint32_t>(endpoints);
  const bool after = use.cuts();
  if (use.nets == 0 && use.endpoints == 0) hosts_.erase(ip);
  if (before != after) count_range({number_of(ip), number_of(ip)}, after ? 1 : -1);
}

void AddressSpace::count_net(const Cidr& net, int by) {
  if (is_host(net))
    count_host(net.address, by, 0);
  else
    count_range(range_of(net), by);
}

void AddressSpace::sort_endpoints() {
  const auto less = [this](size_t a, size_t b) {
    const Element &left = elements_[a], &right = elements_[b];
    return std::tie(left.first, left.endpoint) < std::tie(right.first, right.endpoint);
  };
  const auto middle = endpoints_.begin() + static_cast<std::ptrdiff_t>(sorted_);
  std::sort(middle, endpoints_.end(), less);
  std::inplace_merge(endpoints_.begin(), middle, endpoints_.end(), less);
  sorted_ = endpoints_.size();
  unknown_.clear();
  for (const size_t element : endpoints_)
    if (elements_[element].unknown) unknown_.push_back(element);
}

// A piece of which endpoints have every address is no part of the world.
std::vector<AddressSpace::Range> AddressSpace::pieces() const {
  std::vector<Range> out;
  size_t at = 0;
  for (auto start = starts_.begin(); start != starts_.end(); ++start) {
    const auto next = std::next(start);
    const Number first = start->first;
    const Number last = next == starts_.end() ? last_of_family(family_) : next->first - 1;
    Number taken = 0, previous = 0;
    for (bool any = false; at < endpoints_.size(); ++at) {
      const Element& element = elements_[endpoints_[at]];
      if (element.first > last) break;
      if (element.unknown || (any && element.first == previous)) continue;
      previous = element.first;
      any = true;
      ++taken;
    }
    if (taken == 0 || taken - 1 != last - first) out.push_back({first, last});
  }
  return out;
}

void AddressSpace::cut_world() {
  const std::vector<Range> wanted = pieces();
  std::vector<size_t> now(wanted.size(), Bits::npos);
  size_t at = 0;
  for (const size_t element : world_) {
    while (at < wanted.size() && wanted[at].first < elements_[element].first) ++at;
    const bool stays = at < wanted.size() && wanted[at].first == elements_[element].first &&
                       wanted[at].last == elements_[element].last;
    if (stays)
      now[at] = element;
    else
      vacate(element);
  }
  for (size_t i = 0; i < wanted.size(); ++i)
    if (now[i] == Bits::npos) now[i] = take({wanted[i].first, wanted[i].last, -1, false, false});
  world_ = std::move(now);
}

std::vector<size_t> AddressSpace::build() {
  if (endpoints_changed_) sort_endpoints();
  if (endpoints_changed_ || starts_changed_) cut_world();
  endpoints_changed_ = starts_changed_ = false;
  const size_t full = elements_.size() + (live_.size() == 0 ? 0 : spare_elements);
  if (elements_.size() != live_.size()) {
    while (elements_.size() < full || elements_.size() % Bits::word_bits != 0) {
      vacant_.push_back(elements_.size());
      elements_.push_back({0, 0, -1, false, true});
    }
    live_.resize(elements_.size());
  }
  std::vector<size_t> changed = std::exchange(changed_, {});
  std::sort(changed.begin(), changed.end());
  changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
  for (const size_t element : changed) live_.assign(element, !elements_[element].vacant);
  return changed;
}

std::vector<size_t> AddressSpace::in_order() const {
  std::vector<size_t> out = endpoints_;
  std::stable_sort(out.begin(), out.end(), [this](size_t a, size_t b) {
    return elements_[a].endpoint < elements_[b].endpoint;
  });
  out.insert(out.end(), world_.begin(), world_.end());
  return out;
}

std::vector<Number> AddressSpace::cuts() const {
  std::vector<Number> out;
  for (const auto& [start, count] : starts_) out.push_back(start);
  return out;
}

// A piece may begin with an endpoint's address: that address alone is not the piece.
template <class Each>
void AddressSpace::for_each_inside(const std::vector<size_t>& sorted, const Range& range,
                                   Each each) const {
  auto it = std::lower_bound(
      sorted.begin(), sorted.end(), range.first,
      [this](size_t element, Number number) { return elements_[element].first < number; });
  for (; it != sorted.end() && elements_[*it].last <= range.last; ++it) each(*it);
}

void AddressSpace::mark(const Cidr& net, Tri& out) const {
  const Range range = range_of(net);
  bool known = false;
  for_each_inside(endpoints_, range, [&](size_t element) {
    if (elements_[element].unknown && !is_host(net)) return;
    out.yes.set(element);
    out.may.set(element);
    known = true;
  });
  for_each_inside(world_, range, [&](size_t element) {
    out.yes.set(element);
    out.may.set(element);
  });
  if (is_host(net) && known) return;
  const Verdict untold = untold_inside(net);
  for (const size_t element : unknown_) {
    if (untold == Verdict::yes) out.yes.set(element);
    if (untold != Verdict::no) out.may.set(element);
  }
}

Verdict AddressSpace::inside(const Cidr& net, size_t number) const {
  const Element& element = elements_[number];
  if (element.vacant) return Verdict::no;
  const Range range = range_of(net);
  const bool untold = element.unknown && !is_host(net);
  if (!untold && element.first >= range.first && element.last <= range.last) return Verdict::yes;
  if (!element.unknown) return Verdict::no;
  const auto use = is_host(net) ? hosts_.find(net.address) : hosts_.end();
  return use != hosts_.end() && use->second.endpoints > 0 ? Verdict::no : untold_inside(net);
}

AddressSpace::Hull AddressSpace::hull_of(const std::vector<size_t>& elements) const {
  Hull hull;
  for (const size_t number : elements) {
    const Element& element = elements_[number];
    if (element.vacant) continue;
    if (element.unknown) return {0, ~Number{0}};
    hull.first = std::min(hull.first, element.first);
    hull.last = std::max(hull.last, element.last);
  }
  return hull;
}

bool AddressSpace::meets(const Cidr& net, const Hull& hull) const {
  const Range range = range_of(net);
  return net.address.family == family_ && range.first <= hull.last && hull.first <= range.last;
}

void AddressSpace::set_pools(const std::vector<Cidr>& pools) {
  pools_.clear();
  for (const Cidr& pool : pools)
    if (pool.address.family == family_) pools_.push_back(range_of(pool));
}

Verdict AddressSpace::untold_inside(const Cidr& net) const {
  const Range range = range_of(net);
  if (pools_.empty()) {
    const Range link_local =
        range_of(*Cidr::parse(family_ == IpFamily::v4 ? "169.254.0.0/16" : "fe80::/10"));
    const bool never = range.first >= link_local.first && range.last <= link_local.last;
    return net.length == 0 ? Verdict::yes : never ? Verdict::no : Verdict::unknown;
  }
  bool all = true, any = false;
  for (const Range& pool : pools_) {
    all = all && pool.first >= range.first && pool.last <= range.last;
    any = any || (pool.first <= range.last && pool.last >= range.first);
  }
  return all ? Verdict::yes : any ? Verdict::unknown : Verdict::no;
}

std::optional<size_t> AddressSpace::element_of(const Ip& ip) const {
  const Number number = number_of(ip);
  for (const auto* sorted : {&endpoints_, &world_}) {
    const auto it = std::lower_bound(
        sorted->begin(), sorted->end(), number,
        [this](size_t element, Number value) { return elements_[element].last < value; });
    if (it != sorted->end() && elements_[*it].first <= number) return *it;
  }
  return std::nullopt;
}

// A range that is a net is written as one.
std::string AddressSpace::range_text(const Range& range) const {
  const Ip first = ip_of(range.first, family_);
  if (range.first == range.last) return first.str();
  for (int length = 0; length < first.max_prefix(); ++length) {
    const Range net = range_of(Cidr::of(first, length));
    if (net.first == range.first && net.last == range.last) return Cidr::of(first, length).str();
  }
  return fmt::format("{}-{}", first.str(), ip_of(range.last, family_).str());
}

std::vector<std::string> AddressSpace::range_texts(const std::vector<size_t>& elements) const {
  std::vector<Range> ranges;
  for (const size_t number : elements) {
    const Element& element = elements_[number];
    if (!ranges.empty() && ranges.back().last + 1 == element.first)
      ranges.back().last = element.last;
    else
      ranges.push_back({element.first, element.last});
  }
  std::vector<std::string> texts;
  for (const Range& range : ranges) texts.push_back(range_text(range));
  return texts;
}

}  // namespace felixsim::reach
