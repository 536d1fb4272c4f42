// SPDX-License-Identifier: Apache-2.0
#include "model/kernel/walk/fib.h"

namespace felixsim::walk {
namespace {

constexpr int local_table = 255;

bool rule_matches(const RoutingRule& rule, const Ip& destination, const Ip& source, uint32_t mark) {
  bool matches = true;
  if (rule.from) matches = matches && rule.from->contains(source);
  if (rule.to) matches = matches && rule.to->contains(destination);
  if (rule.mark) {
    const uint32_t mask = rule.mask.value_or(~uint32_t{0});
    matches = matches && (mark & mask) == (*rule.mark & mask);
  }
  return matches != rule.invert;
}

bool is_link_local(const Ip& ip) {
  return !ip.is_v4() && ip.bytes[0] == 0xfe && (ip.bytes[1] & 0xc0) == 0x80;
}

int common_bits(const Ip& a, const Ip& b) {
  int bits = 0;
  while (bits < a.max_prefix() && a.bit(bits) == b.bit(bits)) ++bits;
  return bits;
}

}  // namespace

Fib::Fib(const KernelState& state, IpFamily family) : state_(state), family_(family) {
  for (const auto& rule : state.rules)
    if (rule.family == family) rules_.push_back(&rule);
  std::stable_sort(rules_.begin(), rules_.end(), [](const RoutingRule* a, const RoutingRule* b) {
    return a->priority < b->priority;
  });
  for (const auto& route : state.routes) {
    if (route.dst.address.family != family) continue;
    auto& table = tables_[route.table];
    const auto [it, fresh] = table.routes.try_emplace(route.dst, &route);
    if (!fresh && route.metric < it->second->metric) it->second = &route;
    if (std::find(table.lengths.begin(), table.lengths.end(), route.dst.length) ==
        table.lengths.end())
      table.lengths.push_back(route.dst.length);
  }
  for (auto& [id, table] : tables_)
    std::sort(table.lengths.begin(), table.lengths.end(), std::greater<>());
  for (const auto& [name, link] : state.links) links_.push_back(&link);
  std::sort(links_.begin(), links_.end(),
            [](const Link* a, const Link* b) { return a->index < b->index; });
}

const Route* Fib::find_in(int table, const Ip& destination) const {
  const auto it = tables_.find(table);
  if (it == tables_.end()) return nullptr;
  for (const int length : it->second.lengths) {
    const auto found = it->second.routes.find(Cidr::of(destination, length));
    if (found != it->second.routes.end()) return found->second;
  }
  return nullptr;
}

const Route* Fib::find(const Ip& destination, const Ip& source, uint32_t mark) const {
  for (const auto* rule : rules_) {
    if (!rule_matches(*rule, destination, source, mark)) continue;
    const Route* route = find_in(rule->table, destination);
    if (route && route->type != Route::Type::throw_) return route;
  }
  return nullptr;
}

bool Fib::is_local(const Ip& ip) const {
  const Route* route = find_in(local_table, ip);
  return route && route->type == Route::Type::local;
}

// IPv4: inet_select_addr. IPv6: RFC 6724 rules 2, 5 and 8 (ipv6_dev_get_saddr).
Ip Fib::source_for(const Route& route, const Ip& destination) const {
  if (route.source) return *route.source;
  if (route.type == Route::Type::local) return destination;
  const bool link_scope = route.scope == "link";
  const Ip* first_on_device = nullptr;
  if (const auto it = state_.links.find(route.device);
      it != state_.links.end() && family_ == IpFamily::v4)
    for (const auto& address : it->second.addresses) {
      if (!address.prefix.address.is_v4() || address.scope == "host") continue;
      if (address.scope == "link" && !link_scope) continue;
      if (!first_on_device) first_on_device = &address.prefix.address;
      if (route.gateway && address.prefix.network().contains(*route.gateway))
        return address.prefix.address;
    }
  if (first_on_device) return *first_on_device;
  const Ip* best = nullptr;
  std::pair<int, int> best_score{-1, -1};
  for (const Link* link : links_)
    for (const auto& address : link->addresses) {
      const Ip& ip = address.prefix.address;
      if (ip.family != family_ || address.scope == "host") continue;  // those of lo may be global
      if (family_ == IpFamily::v4) {
        if (address.scope == "global") return ip;
        continue;
      }
      if (is_link_local(ip) != is_link_local(destination)) continue;
      const std::pair<int, int> score{link->name == route.device, common_bits(ip, destination)};
      if (score > best_score) {
        best = &ip;
        best_score = score;
      }
    }
  return best ? *best : Ip{family_, {}};
}

}  // namespace felixsim::walk
