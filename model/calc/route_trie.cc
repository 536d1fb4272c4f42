// SPDX-License-Identifier: Apache-2.0
#include "model/calc/route_trie.h"

#include "felixsim/check.h"

namespace felixsim::calc {

// Returns whether anything changed. What is known of nothing is forgotten.
template <class Change>
bool RouteTrie::change(const Cidr& cidr, const Change& apply) {
  const auto entry = known_.find(cidr);
  RouteInfo info = entry == known_.end() ? RouteInfo{} : entry->second;
  apply(info);
  if (info == (entry == known_.end() ? RouteInfo{} : entry->second)) return false;
  dirty_.insert(cidr);
  if (!info.is_route() && !info.was_sent) {
    if (entry != known_.end()) {
      --lengths(cidr.address.family)[cidr.length];
      known_.erase(entry);
    }
  } else if (entry == known_.end()) {
    ++lengths(cidr.address.family)[cidr.length];
    known_.emplace(cidr, std::move(info));
  } else {
    entry->second = std::move(info);
  }
  return true;
}

void RouteTrie::set_pool(const Cidr& cidr, const std::optional<RouteInfo::Pool>& pool) {
  if (!change(cidr, [&](RouteInfo& info) { info.pool = pool; })) return;
  // Felix asks whether the pool contains a CIDR's first address, so wider ones that start with the
  // pool are told again too.
  for (auto entry = known_.lower_bound(Cidr{cidr.address, 0});
       entry != known_.end() && cidr.contains(entry->first.address); ++entry)
    dirty_.insert(entry->first);
}

void RouteTrie::set_block(const Cidr& cidr, const std::optional<Symbol>& node) {
  change(cidr, [&](RouteInfo& info) { info.block = node; });
}

void RouteTrie::add_host(const Cidr& cidr, Symbol node) {
  change(cidr, [&](RouteInfo& info) {
    info.hosts.insert(std::upper_bound(info.hosts.begin(), info.hosts.end(), node), node);
  });
}

void RouteTrie::remove_host(const Cidr& cidr, Symbol node) {
  change(cidr, [&](RouteInfo& info) { std::erase(info.hosts, node); });
}

void RouteTrie::add_ref(const Cidr& cidr, Symbol node, RefType type) {
  change(cidr, [&](RouteInfo& info) {
    for (auto& ref : info.refs)
      if (ref.node == node && ref.type == type) return void(++ref.count);
    info.refs.push_back({node, type, 1});
    std::sort(info.refs.begin(), info.refs.end());
  });
}

void RouteTrie::remove_ref(const Cidr& cidr, Symbol node, RefType type) {
  change(cidr, [&](RouteInfo& info) {
    const auto ref = std::find_if(info.refs.begin(), info.refs.end(),
                                  [&](const auto& r) { return r.node == node && r.type == type; });
    FELIXSIM_CHECK(ref != info.refs.end());
    if (--ref->count == 0) info.refs.erase(ref);
  });
}

void RouteTrie::set_sent(const Cidr& cidr, bool sent) {
  const bool was_dirty = dirty_.contains(cidr);
  change(cidr, [&](RouteInfo& info) { info.was_sent = sent; });
  if (!was_dirty) dirty_.erase(cidr);
}

std::vector<RouteTrie::Entry> RouteTrie::path_to(const Cidr& cidr) const {
  std::vector<Entry> path;
  if (!known_.contains(cidr)) return path;
  const auto& present = lengths(cidr.address.family);
  for (int length = 0; length <= cidr.length; ++length) {
    if (present[static_cast<size_t>(length)] == 0) continue;
    const auto entry = known_.find(Cidr::of(cidr.address, length));
    if (entry != known_.end()) path.push_back({entry->first, &entry->second});
  }
  return path;
}

void RouteTrie::visit(IpFamily family,
                      const std::function<void(const Cidr&, const RouteInfo&)>& each) const {
  for (const auto& [cidr, info] : known_)
    if (cidr.address.family == family) each(cidr, info);
}

std::vector<Cidr> RouteTrie::take_dirty() {
  std::vector<Cidr> out(dirty_.begin(), dirty_.end());
  dirty_.clear();
  return out;
}

}  // namespace felixsim::calc
