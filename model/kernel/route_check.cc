// SPDX-License-Identifier: Apache-2.0
// Mirrors Linux net/ipv4/fib_semantics.c (fib_create_info, fib_check_nh, fib_valid_prefsrc) and
// net/ipv6/route.c (fib6_nh_init, ip6_validate_gw, ip6_route_check_nh).
#include "model/kernel/route_check.h"

#include "model/kernel/kernel_error.h"
#include "model/kernel/route_text.h"
#include "model/kernel/routes.h"

namespace felixsim {
namespace {

constexpr int main_table = 254, local_table = 255, kernel_protocol = 2;
constexpr uint32_t v6_default_metric = 1024;  // IP6_RT_PRIO_USER
constexpr int link_scope = 253, host_scope = 254;

const Link* find_link(const KernelCore& core, const std::string& name) {
  const auto found = core.state.links.find(name);
  return found == core.state.links.end() ? nullptr : &found->second;
}

bool goes_nowhere(const Route& route) {
  return route.type != Route::Type::unicast && route.type != Route::Type::local &&
         route.type != Route::Type::broadcast;
}

bool is_v6_link_local(const Ip& ip) {
  return !ip.is_v4() && ip.bytes[0] == 0xfe && (ip.bytes[1] & 0xc0) == 0x80;
}

bool is_multicast(const Ip& ip) {
  return ip.is_v4() ? ip.bytes[0] >= 224 && ip.bytes[0] < 240 : ip.bytes[0] == 0xff;
}

bool leaves_by(const Route& route, const std::string& device) {
  return route.device == device ||
         std::any_of(route.next_hops.begin(), route.next_hops.end(),
                     [&](const NextHop& hop) { return hop.device == device; });
}

// The best route of one table that leaves by the device (any, if empty) and has the scope.
const Route* best_in(const KernelCore& core, int table, const Ip& ip, const std::string& device,
                     int scope) {
  Route from = before_all();
  from.table = table;
  for (int length = ip.max_prefix(); length >= 0; --length) {
    from.dst = Cidr::of(ip, length);
    for (auto it = core.state.routes.lower_bound(from);
         it != core.state.routes.end() && it->dst == from.dst && it->table == table; ++it) {
      const bool wide = ip.is_v4() && !goes_nowhere(*it) && scope_number(it->scope) < scope;
      if (!wide && (device.empty() || leaves_by(*it, device))) return &*it;
    }
  }
  return nullptr;
}

// The way to a gateway, by what the rules for everybody say.
const Route* way_by_rules(const KernelCore& core, const Route& route, const NextHop& hop) {
  const int scope =
      route.dst.address.is_v4() ? std::max(scope_number(route.scope) + 1, link_scope) : 0;
  for (const auto& rule : core.state.rules) {
    const bool for_all = rule.family == route.dst.address.family &&
                         rule.action == RoutingRule::Action::lookup && !rule.from && !rule.to &&
                         !rule.mark && !rule.invert && rule.in_device.empty() &&
                         rule.out_device.empty();
    if (!for_all) continue;
    const Route* best = best_in(core, rule.table, *hop.gateway, hop.device, scope);
    if (best && best->type != Route::Type::throw_) return best;
  }
  return nullptr;
}

bool is_on_link_v6(const Route* way) {
  return way && !goes_nowhere(*way) && !way->gateway && way->next_hops.empty();
}

// The route's own table comes first; that of IPv6 only if it knows the gateway on a link.
const Route* way_to(const KernelCore& core, const Route& route, const NextHop& hop) {
  const bool v4 = route.dst.address.is_v4();
  if (v4 && route.table == main_table) return way_by_rules(core, route, hop);
  const int scope = v4 ? std::max(scope_number(route.scope) + 1, link_scope) : 0;
  const Route* own = best_in(core, route.table, *hop.gateway, hop.device, scope);
  const bool counts = v4 ? own && own->type != Route::Type::throw_ : is_on_link_v6(own);
  return counts ? own : way_by_rules(core, route, hop);
}

const std::string& first_device(const Route& route) {
  return route.next_hops.empty() ? route.device : route.next_hops[0].device;
}

bool is_own_address(const KernelCore& core, const Ip& ip) {
  const Route* route = best_in(core, local_table, ip, {}, 0);
  if (route && route->type == Route::Type::local) return true;
  for (const auto& [name, link] : core.state.links)
    for (const auto& address : link.addresses)
      if (address.prefix.address == ip) return true;
  return false;
}

bool is_broadcast(const KernelCore& core, const Ip& ip) {
  const Route* route = best_in(core, local_table, ip, {}, 0);
  return (route && route->type == Route::Type::broadcast) || ip.to_u32() == ~uint32_t{0} ||
         ip.to_u32() == 0;
}

KernelAnswer check_onlink_v4(const KernelCore& core, const Route& route, const NextHop& hop) {
  if (scope_number(route.scope) >= link_scope)
    return kernel_error(EINVAL, "Nexthop has invalid scope");
  const Link* link = find_link(core, hop.device);
  if (!link) return kernel_error(ENODEV, "Nexthop device required for onlink");
  if (!link->admin_up) return kernel_error(ENETDOWN, "Nexthop device is not up");
  const Ip& ip = *hop.gateway;
  if (is_own_address(core, ip) || is_broadcast(core, ip) || is_multicast(ip))
    return kernel_error(EINVAL, "Nexthop has invalid gateway");
  return {};
}

KernelAnswer check_hop_v4(const KernelCore& core, const Route& route, NextHop& hop) {
  if (hop.gateway && hop.onlink) return check_onlink_v4(core, route, hop);
  if (!hop.gateway) {
    if (hop.onlink)
      return kernel_error(EINVAL,
                          "Invalid flags for nexthop - PERVASIVE and ONLINK can not be set");
    const Link* link = find_link(core, hop.device);
    if (!link) return kernel_error(ENODEV);
    if (!link->admin_up) return kernel_error(ENETDOWN, "Device for nexthop is not up");
    return {};
  }
  const Route* way = way_to(core, route, hop);
  if (!way || way->type == Route::Type::unreachable)
    return kernel_error(ENETUNREACH, "Nexthop has invalid gateway");
  if (way->type != Route::Type::unicast && way->type != Route::Type::local)
    return kernel_error(EINVAL, "Nexthop has invalid gateway");
  if (hop.device.empty()) hop.device = first_device(*way);
  const Link* link = find_link(core, hop.device);
  return link && link->admin_up ? KernelAnswer{} : kernel_error(ENETDOWN);
}

bool is_own_v6(const KernelCore& core, const Ip& ip, const std::string& device) {
  for (const auto& [name, link] : core.state.links)
    for (const auto& address : link.addresses)
      if (address.prefix.address == ip && (name == device || !is_v6_link_local(ip))) return true;
  return false;
}

// Whether the main table knows another way to the gateway than the interface on whose link it is
// said to be.
bool is_elsewhere(const KernelCore& core, const NextHop& hop) {
  const Route* way = best_in(core, main_table, *hop.gateway, {}, 0);
  if (!way || goes_nowhere(*way) || way->dst.length == 0) return false;
  const Route* by_device = best_in(core, main_table, *hop.gateway, hop.device, 0);
  return way->type != Route::Type::unicast || !by_device || by_device->dst != way->dst;
}

KernelAnswer check_gateway_v6(const KernelCore& core, const Route& route, NextHop& hop) {
  const Ip& ip = *hop.gateway;
  const bool asks_device = hop.device.empty();
  if (!asks_device && is_own_v6(core, ip, hop.device))
    return kernel_error(EINVAL, "Gateway can not be a local address");
  if (!is_v6_link_local(ip)) {
    const Ip unset{IpFamily::v6, {}};
    if (is_multicast(ip) || ip == unset) return kernel_error(EINVAL, "Invalid gateway address");
    const Route* way = hop.onlink ? nullptr : way_to(core, route, hop);
    if (hop.onlink) {
      if (is_elsewhere(core, hop))
        return kernel_error(EINVAL, "Nexthop has invalid gateway or device mismatch");
    } else if (!is_on_link_v6(way)) {
      return kernel_error(EHOSTUNREACH);
    } else if (asks_device) {
      hop.device = way->device;
    }
  }
  const Link* link = find_link(core, hop.device);
  if (!link) return kernel_error(EINVAL, "Egress device not specified");
  if (link->kind == "loopback")
    return kernel_error(EINVAL, "Egress device can not be loopback device for this route");
  if (asks_device && is_own_v6(core, ip, hop.device))
    return kernel_error(EINVAL, "Gateway can not be a local address");
  return {};
}

KernelAnswer check_hop_v6(const KernelCore& core, const Route& route, NextHop& hop) {
  const Link* link = find_link(core, hop.device);
  if (hop.onlink) {
    if (!link) return kernel_error(ENODEV, "Nexthop device required for onlink");
    if (!link->admin_up) return kernel_error(ENETDOWN, "Nexthop device is not up");
  }
  if (hop.gateway)
    if (auto wrong = check_gateway_v6(core, route, hop); wrong.rc != 0) return wrong;
  link = find_link(core, hop.device);
  if (!link) return kernel_error(ENODEV);
  if (!link->admin_up) return kernel_error(ENETDOWN, "Nexthop device is not up");
  return {};
}

KernelAnswer check_type_v4(const Route& route) {
  const int scope = scope_number(route.scope);
  const int least = route.type == Route::Type::local       ? host_scope
                    : route.type == Route::Type::broadcast ? link_scope
                                                           : 0;
  if (scope < least || scope > host_scope) return kernel_error(EINVAL, "Invalid scope");
  if (goes_nowhere(route) && (route.gateway || !route.device.empty() || !route.next_hops.empty()))
    return kernel_error(EINVAL,
                        "Gateway, device and multipath can not be specified for this route type");
  if (scope < host_scope || goes_nowhere(route)) return {};
  if (route.next_hops.size() > 1)
    return kernel_error(EINVAL, "Route with host scope can not have multiple nexthops");
  if (route.gateway || (!route.next_hops.empty() && route.next_hops[0].gateway))
    return kernel_error(EINVAL, "Route with host scope can not have a gateway");
  return {};
}

KernelAnswer check_hop(const KernelCore& core, const Route& route, NextHop& hop) {
  if (!route.dst.address.is_v4()) return check_hop_v6(core, route, hop);
  if (scope_number(route.scope) == host_scope)  // whether it is up is not asked
    return find_link(core, hop.device) ? KernelAnswer{} : kernel_error(ENODEV);
  return check_hop_v4(core, route, hop);
}

// What the route names beside its next hops is that of the first (IPv4); the next hops of IPv6 have
// gateways.
KernelAnswer check_words_of_hops(Route& route) {
  if (route.next_hops.empty()) return {};
  const auto& first = route.next_hops[0];
  if (!route.dst.address.is_v4()) {
    for (const auto& hop : route.next_hops)
      if (!hop.gateway)
        return kernel_error(EINVAL,
                            "Device only routes can not be added for IPv6 using the multipath API");
  } else {
    if (!route.device.empty() && route.device != first.device)
      return kernel_error(EINVAL, "Nexthop device index does not match RTA_OIF");
    if (route.gateway && route.gateway != first.gateway)
      return kernel_error(EINVAL, "Nexthop gateway does not match RTA_GATEWAY");
  }
  route.gateway.reset();
  route.device.clear();
  return {};
}

KernelAnswer check_hops(const KernelCore& core, Route& route) {
  if (route.next_hops.empty()) {
    NextHop hop{route.gateway, route.device, 1, route.onlink, false};
    auto answer = check_hop(core, route, hop);
    route.device = std::move(hop.device);
    return answer;
  }
  auto& hops = route.next_hops;
  for (auto it = hops.begin(); it != hops.end(); ++it) {
    if (auto wrong = check_hop(core, route, *it); wrong.rc != 0) return wrong;
    const auto is_same = [&](const NextHop& hop) {
      return hop.gateway == it->gateway && hop.device == it->device;
    };
    if (!route.dst.address.is_v4() && std::any_of(hops.begin(), it, is_same))
      return kernel_error(EEXIST);
  }
  return {};
}

// One next hop makes an ordinary route.
void fold_single_hop(Route& route) {
  if (route.next_hops.size() != 1) return;
  const NextHop hop = route.next_hops[0];
  route.gateway = hop.gateway;
  route.device = hop.device;
  route.onlink = hop.onlink;
  route.next_hops.clear();
}

}  // namespace

Route normal_route(Route route) {
  const bool v4 = route.dst.address.is_v4();
  if (route.scope == "global" || route.scope == "universe" || !v4) route.scope.clear();
  const bool kernels_own = route.type == Route::Type::local && route.protocol == kernel_protocol &&
                           !route.gateway && route.dst.length == route.dst.address.max_prefix();
  if (!v4 && route.metric == 0 && !kernels_own) route.metric = v6_default_metric;
  if (goes_nowhere(route) && !v4) {
    route.device = "lo";
    route.gateway.reset();
  }
  route.rank = 0;
  return route;
}

KernelAnswer check_route(const KernelCore& core, Route& route) {
  const bool v4 = route.dst.address.is_v4();
  if (v4)
    if (auto wrong = check_type_v4(route); wrong.rc != 0) return wrong;
  if (auto wrong = check_words_of_hops(route); wrong.rc != 0) return wrong;
  if (goes_nowhere(route)) {
    if (route.next_hops.size() > 1) return kernel_error(EEXIST);  // all by lo, so all the same
    route.next_hops.clear();
    if (!v4) route.device = "lo";
  } else if (auto wrong = check_hops(core, route); wrong.rc != 0) {
    return wrong;
  }
  fold_single_hop(route);
  if (!route.source || is_own_address(core, *route.source)) return {};
  if (v4 && route.type == Route::Type::local && route.dst.contains(*route.source)) return {};
  return kernel_error(EINVAL, v4 ? "Invalid prefsrc address" : "Invalid source address");
}

}  // namespace felixsim
