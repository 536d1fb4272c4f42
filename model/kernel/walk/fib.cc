// SPDX-License-Identifier: Apache-2.0
#include "model/kernel/walk/fib.h"

namespace felixsim::walk {
namespace {

constexpr int local_table = 255;

bool contains(const IpPrefix& prefix, const Ip& ip) {
  return prefix.address.family == ip.family && Cidr::of(ip, prefix.length) == prefix.network();
}

// A rule for packets that leave by an interface is one for sockets that are bound to it: none here
// is.
bool rule_matches(const RoutingRule& rule, const Ip& destination, const Ip& source, uint32_t mark,
                  std::string_view in) {
  bool matches = rule.out_device.empty() && (rule.in_device.empty() || rule.in_device == in);
  if (rule.from) matches = matches && contains(*rule.from, source);
  if (rule.to) matches = matches && contains(*rule.to, destination);
  if (rule.mark) {
    const uint32_t mask = rule.mask.value_or(~uint32_t{0});
    matches = matches && ((mark ^ *rule.mark) & mask) == 0;
  }
  return matches != rule.invert;
}

Route verdict_of(const RoutingRule& rule) {
  Route route;
  route.dst.address.family = rule.family;
  route.type = rule.action == RoutingRule::Action::blackhole  ? Route::Type::blackhole
               : rule.action == RoutingRule::Action::prohibit ? Route::Type::prohibit
                                                              : Route::Type::unreachable;
  return route;
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
    if (rule.family == family) rules_.push_back({&rule, verdict_of(rule)});
  for (const auto& route : state.routes) {
    if (route.dst.address.family != family) continue;
    auto& table = tables_[route.table];
    table.routes.try_emplace(route.dst, with_next_hop(route));  // the best comes first
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

const Route* Fib::with_next_hop(const Route& route) {
  const auto living = std::find_if(route.next_hops.begin(), route.next_hops.end(),
                                   [](const NextHop& hop) { return !hop.dead; });
  if (living == route.next_hops.end()) return &route;
  Route& chosen = chosen_.emplace_back(route);
  chosen.gateway = living->gateway;
  chosen.device = living->device;
  chosen.onlink = living->onlink;
  return &chosen;
}

bool Fib::leaves_by(const Route& route, std::string_view device) {
  return route.device == device ||
         std::any_of(route.next_hops.begin(), route.next_hops.end(),
                     [&](const NextHop& hop) { return hop.device == device; });
}

const Route* Fib::find(const Ip& destination, const Ip& source, uint32_t mark,
                       std::string_view in) const {
  for (const auto& [rule, verdict] : rules_) {
    if (!rule_matches(*rule, destination, source, mark, in)) continue;
    if (rule->action != RoutingRule::Action::lookup) return &verdict;
    const Route* route = find_in(rule->table, destination);
    if (!route || route->type == Route::Type::throw_) continue;
    if (rule->suppress_prefix_length && route->dst.length <= *rule->suppress_prefix_length)
      continue;
    return route;
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
