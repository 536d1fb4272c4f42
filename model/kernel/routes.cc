// SPDX-License-Identifier: Apache-2.0
// See routes.h. Mirrors Linux net/ipv4/fib_trie.c (fib_table_insert, fib_table_delete),
// fib_semantics.c (fib_nh_match, fib_sync_down_dev, fib_sync_up) and net/ipv6/ip6_fib.c
// (fib6_add_rt2node), route.c (ip6_route_del, ip6_route_multipath_add). IPv6 keeps the next hops of
// a multipath route as routes of their own; here they are one.
#include "model/kernel/routes.h"

#include "model/kernel/kernel_error.h"
#include "model/kernel/route_check.h"

namespace felixsim {
namespace {

using Routes = std::set<Route>;

void note_change(KernelCore& core, const Route& route) {
  core.changes.push_back({KernelChange::Kind::route, route.device, route.dst, route.table});
}

// The routes of one destination, table and metric, by rank.
std::vector<Route> same_key(const KernelCore& core, const Route& key) {
  Route from = before_all();
  from.dst = key.dst;
  from.table = key.table;
  from.metric = key.metric;
  std::vector<Route> out;
  for (auto it = core.state.routes.lower_bound(from);
       it != core.state.routes.end() && it->dst == key.dst && it->table == key.table &&
       it->metric == key.metric;
       ++it)
    out.push_back(*it);
  return out;
}

// Puts `now` in the place of `before`, both of one key.
void put_all(KernelCore& core, const std::vector<Route>& before, std::vector<Route> now) {
  for (const auto& route : before) core.state.routes.erase(route);
  int rank = 0;
  for (auto& route : now) {
    route.rank = rank++;
    core.state.routes.insert(std::move(route));
  }
}

// Whether two routes are one to the kernel: place and state do not count.
bool is_same(Route a, Route b) {
  a.rank = b.rank = 0;
  for (auto* hops : {&a.next_hops, &b.next_hops})
    for (auto& hop : *hops) hop.dead = false;
  return a == b;
}

KernelAnswer put_v4(KernelCore& core, RouteVerb verb, const Route& route) {
  const auto before = same_key(core, route);
  if (before.empty() && verb == RouteVerb::change) return kernel_error(ENOENT);
  if (!before.empty() && verb == RouteVerb::add) return kernel_error(EEXIST);
  const auto match = std::find_if(before.begin(), before.end(),
                                  [&](const Route& other) { return is_same(other, route); });
  auto now = before;
  const bool replaces = verb == RouteVerb::replace || verb == RouteVerb::change;
  if (match != before.end())
    return replaces && match == before.begin() ? KernelAnswer{} : kernel_error(EEXIST);
  if (now.empty() || verb == RouteVerb::append) {
    now.push_back(route);
  } else if (replaces) {
    note_change(core, now[0]);
    now[0] = route;
  } else {
    now.insert(now.begin(), route);
  }
  put_all(core, before, std::move(now));
  note_change(core, route);
  return {};
}

std::vector<NextHop> hops_of(const Route& route) {
  if (!route.next_hops.empty()) return route.next_hops;
  return {{route.gateway, route.device, 1, route.onlink, false}};
}

void set_hops(Route& route, std::vector<NextHop> hops) {
  const bool one = hops.size() == 1;
  route.gateway = one ? hops[0].gateway : std::nullopt;
  route.device = one ? hops[0].device : "";
  route.onlink = one && hops[0].onlink;
  if (one) hops.clear();
  route.next_hops = std::move(hops);
}

bool has_hop(const Route& route, const NextHop& wanted) {
  const auto hops = hops_of(route);
  return std::any_of(hops.begin(), hops.end(), [&](const NextHop& hop) {
    return hop.gateway == wanted.gateway && hop.device == wanted.device;
  });
}

// One IPv6 route with one next hop into those of its key. All of them name their next hops in
// `next_hops`, also if there is only one.
KernelAnswer put_one_v6(RouteVerb verb, const Route& route, bool destination_is_there,
                        std::vector<Route>& routes) {
  const bool replaces = verb == RouteVerb::replace || verb == RouteVerb::change;
  if (verb == RouteVerb::change && !destination_is_there)
    return kernel_error(ENOENT, "Can not replace route - no match found");
  if (routes.empty() && verb == RouteVerb::change) return kernel_error(ENOENT);
  if (!routes.empty() && verb == RouteVerb::add) return kernel_error(EEXIST);
  const auto may_be_multipath = [](const Route& one) {
    return one.next_hops[0].gateway.has_value();
  };
  const auto alike = std::find_if(routes.begin(), routes.end(), [&](const Route& other) {
    return may_be_multipath(other) == may_be_multipath(route);
  });
  if (replaces && !routes.empty()) {
    (alike == routes.end() ? routes[0] : *alike) = route;
    return {};
  }
  const NextHop& hop = route.next_hops[0];
  for (const auto& other : routes)
    if (has_hop(other, hop)) return kernel_error(EEXIST);
  if (alike == routes.end() || !may_be_multipath(route))
    routes.push_back(route);
  else
    alike->next_hops.push_back(hop);
  return {};
}

bool has_destination(const KernelCore& core, const Route& route) {
  if (route.dst.length == 0) return true;  // the kernel's own entry
  Route from = before_all();
  from.dst = route.dst;
  from.table = route.table;
  const auto it = core.state.routes.lower_bound(from);
  return it != core.state.routes.end() && it->dst == route.dst && it->table == route.table;
}

bool has_table(const KernelCore& core, const Route& key) {
  if (key.table >= 254) return true;
  return std::any_of(core.state.routes.begin(), core.state.routes.end(), [&](const Route& route) {
    return route.table == key.table && route.dst.address.family == key.dst.address.family;
  });
}

// The first next hop comes as it was asked for, the others are appended to it; one that cannot come
// takes the others with it again.
KernelAnswer put_v6(KernelCore& core, RouteVerb verb, const Route& route) {
  const auto before = same_key(core, route);
  auto now = before;
  for (auto& other : now) other.next_hops = hops_of(other);
  bool is_there = has_destination(core, route);
  for (const auto& hop : hops_of(route)) {
    Route one = route;
    one.next_hops = {hop};
    if (auto wrong = put_one_v6(verb, one, is_there, now); wrong.rc != 0) return wrong;
    verb = RouteVerb::append;
    is_there = true;
  }
  for (auto& other : now) set_hops(other, std::exchange(other.next_hops, {}));
  for (const auto& old : before)
    if (std::find(now.begin(), now.end(), old) == now.end()) note_change(core, old);
  put_all(core, before, std::move(now));
  note_change(core, route);
  return {};
}

bool has_hops_v4(const Route& route, const Route& named) {
  if (!named.next_hops.empty()) {  // more than the route has do not count
    const auto hops = hops_of(route);
    if (named.next_hops.size() < hops.size()) return false;
    for (size_t i = 0; i < hops.size(); ++i) {
      const auto& wanted = named.next_hops[i];
      if ((!wanted.device.empty() && wanted.device != hops[i].device) ||
          (wanted.gateway && wanted.gateway != hops[i].gateway))
        return false;
    }
    return true;
  }
  const auto first = hops_of(route)[0];
  return (named.device.empty() || named.device == first.device) &&
         (!named.gateway || named.gateway == first.gateway);
}

bool fits_v4(const Route& route, const RouteWords& named) {
  const Route& asked = named.route;
  return (!named.names_type || asked.type == route.type) &&
         (!named.names_scope || asked.scope == route.scope) &&
         (!named.names_protocol || asked.protocol == route.protocol) &&
         (asked.metric == 0 || asked.metric == route.metric) &&
         (!asked.source || asked.source == route.source) &&
         (!asked.mtu_bytes || asked.mtu_bytes == route.mtu_bytes) && has_hops_v4(route, asked);
}

void erase_route(KernelCore& core, const Route& route) {
  note_change(core, route);
  const auto before = same_key(core, route);
  auto now = before;
  std::erase(now, route);
  put_all(core, before, std::move(now));
}

bool is_named(const NextHop& hop, const Route& named) {
  return (!named.gateway || hop.gateway == named.gateway) &&
         (named.device.empty() || hop.device == named.device);
}

// A named gateway takes only its own next hop out of a multipath route, a named device all, but for
// `one_hop`.
void delete_v6(KernelCore& core, const Route& route, const Route& named, bool one_hop) {
  auto hops = hops_of(route);
  const auto found = std::find_if(hops.begin(), hops.end(),
                                  [&](const NextHop& hop) { return is_named(hop, named); });
  if ((named.gateway || one_hop) && found != hops.end()) hops.erase(found);
  if (!(named.gateway || one_hop) || hops.empty()) {
    erase_route(core, route);
    return;
  }
  auto before = same_key(core, route), now = before;
  set_hops(*std::find(now.begin(), now.end(), route), std::move(hops));
  put_all(core, before, std::move(now));
  note_change(core, route);
}

bool fits_v6(const Route& route, const RouteWords& named) {
  const Route& asked = named.route;
  if (asked.metric != 0 && asked.metric != route.metric) return false;
  if (named.names_protocol && asked.protocol != route.protocol) return false;
  const auto hops = hops_of(route);
  return std::any_of(hops.begin(), hops.end(),
                     [&](const NextHop& hop) { return is_named(hop, asked); });
}

// Multipath routes with a next hop by the device.
std::vector<Route> multipath_by(const KernelCore& core, const std::string& device) {
  std::vector<Route> out;
  for (const auto& route : core.state.routes)
    if (std::any_of(route.next_hops.begin(), route.next_hops.end(),
                    [&](const NextHop& hop) { return hop.device == device; }))
      out.push_back(route);
  return out;
}

void swap_route(KernelCore& core, const Route& before, Route now) {
  now.rank = before.rank;
  core.state.routes.erase(before);
  note_change(core, before);
  core.state.routes.insert(std::move(now));
}

}  // namespace

Route before_all() {
  Route route;
  route.rank = -1;
  return route;
}

void insert_route(KernelCore& core, const Route& route) {
  const auto before = same_key(core, route);
  if (std::any_of(before.begin(), before.end(),
                  [&](const Route& other) { return is_same(other, route); }))
    return;
  auto now = before;
  now.push_back(route);
  put_all(core, before, std::move(now));
  note_change(core, route);
}

void erase_routes_if(KernelCore& core, const std::function<bool(const Route&)>& which) {
  std::vector<Route> gone;
  for (const auto& route : core.state.routes)
    if (which(route)) gone.push_back(route);
  for (auto it = gone.rbegin(); it != gone.rend(); ++it) {
    const auto before = same_key(core, *it);
    auto now = before;
    std::erase(now, *it);
    put_all(core, before, std::move(now));
  }
  for (const auto& route : gone) note_change(core, route);
}

KernelAnswer put_route(KernelCore& core, RouteVerb verb, const Route& asked) {
  Route route = normal_route(asked);
  if (auto wrong = check_route(core, route); wrong.rc != 0) return wrong;
  return route.dst.address.is_v4() ? put_v4(core, verb, route) : put_v6(core, verb, route);
}

namespace {

KernelAnswer delete_first(KernelCore& core, const RouteWords& named, bool one_hop) {
  const bool v4 = named.route.dst.address.is_v4();
  Route from = before_all();
  from.dst = named.route.dst;
  from.table = named.route.table;
  for (auto it = core.state.routes.lower_bound(from);
       it != core.state.routes.end() && it->dst == from.dst && it->table == from.table; ++it) {
    if (!(v4 ? fits_v4(*it, named) : fits_v6(*it, named))) continue;
    const Route found = *it;
    if (v4)
      erase_route(core, found);
    else
      delete_v6(core, found, named.route, one_hop);
    return {};
  }
  if (!has_table(core, from)) return kernel_error(ESRCH, "FIB table does not exist");
  // Every table of IPv6 has an entry of the kernel's own for everything, which stays.
  const Route& asked = named.route;
  const bool any = asked.dst.length == 0 && !asked.gateway && asked.device.empty() &&
                   asked.metric == 0 && !named.names_protocol;
  return kernel_error(!v4 && any ? ENOENT : ESRCH);
}

// Each of several named next hops goes by itself; the last refusal counts.
KernelAnswer delete_hops_v6(KernelCore& core, const RouteWords& named) {
  KernelAnswer answer;
  for (const auto& hop : named.route.next_hops) {
    RouteWords one = named;
    one.route.next_hops.clear();
    one.route.gateway = hop.gateway;
    one.route.device = hop.device;
    if (auto refused = delete_first(core, one, true); refused.rc != 0) answer = std::move(refused);
  }
  return answer;
}

}  // namespace

KernelAnswer delete_route(KernelCore& core, const RouteWords& named) {
  const bool v4 = named.route.dst.address.is_v4();
  if (!v4 && !named.route.next_hops.empty()) return delete_hops_v6(core, named);
  return delete_first(core, named, false);
}

void mark_next_hops(KernelCore& core, const std::string& device, IpFamily family, bool dead) {
  for (const auto& route : multipath_by(core, device)) {
    if (route.dst.address.family != family) continue;
    Route now = route;
    bool lives = false;
    for (auto& hop : now.next_hops) {
      if (hop.device == device) hop.dead = dead;
      lives |= !hop.dead;
    }
    if (!lives)
      erase_route(core, route);
    else if (now != route)
      swap_route(core, route, std::move(now));
  }
}

void remove_next_hops(KernelCore& core, const std::string& device) {
  for (const auto& route : multipath_by(core, device)) {
    auto hops = route.next_hops;
    std::erase_if(hops, [&](const NextHop& hop) { return hop.device == device; });
    if (route.dst.address.is_v4() || hops.empty()) {
      erase_route(core, route);
      continue;
    }
    Route now = route;
    set_hops(now, std::move(hops));
    swap_route(core, route, std::move(now));
  }
}

}  // namespace felixsim
