// SPDX-License-Identifier: Apache-2.0
// Netlink, /proc/sys: the operations of kernel_op.h with the refusals of the kernel. Mirrors Linux
// net/ipv4/fib_semantics.c (fib_create_info, fib_check_nh), net/ipv6/route.c
// (ip6_route_info_create), net/core/rtnetlink.c, drivers/net/vxlan. Left out: multipath, policy
// tables as a limit, quotas.
#include <cerrno>

#include "model/kernel/net_state.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

constexpr int local_table = 255;
constexpr uint32_t v6_default_metric = 1024;  // IP6_RT_PRIO_USER

KernelAnswer no_errno(int code) {
  static constexpr std::pair<int, std::string_view> texts[] = {
      {EEXIST, "File exists"},
      {ESRCH, "No such process"},
      {ENODEV, "No such device"},
      {ENETDOWN, "Network is down"},
      {ENETUNREACH, "Network is unreachable"},
      {EHOSTUNREACH, "No route to host"},
      {EINVAL, "Invalid argument"},
      {EOPNOTSUPP, "Operation not supported"},
      {ENOENT, "No such file or directory"},
      {EADDRNOTAVAIL, "Cannot assign requested address"},
      {ERANGE, "Numerical result out of range"}};
  for (const auto& [number, text] : texts)
    if (number == code) return {code, std::string(text)};
  return {code, fmt::format("error {}", code)};
}

Link* find_link(KernelCore& core, const std::string& name) {
  const auto found = core.state.links.find(name);
  return found == core.state.links.end() ? nullptr : &found->second;
}

bool is_unicast(const Route& route) { return route.type == Route::Type::unicast; }

// A gateway must be reachable by a route without one, over the interface.
bool gateway_is_on_link(const KernelCore& core, const Route& route) {
  for (const auto& other : core.state.routes)
    if (!other.gateway && is_unicast(other) && other.dst.contains(*route.gateway) &&
        (route.device.empty() || other.device == route.device) && other.dst.length > 0)
      return true;
  return route.gateway && !route.gateway->is_v4() && route.gateway->bytes[0] == 0xfe;
}

bool is_own_address(const KernelCore& core, const Ip& ip) {
  const auto* found = find_route(
      core,
      Route{Cidr::host(ip), Route::Type::local, {}, {}, {}, {}, 2, local_table, 0, false, {}});
  if (found && found->type == Route::Type::local) return true;
  for (const auto& [name, link] : core.state.links)
    for (const auto& address : link.addresses)
      if (address.prefix.address == ip) return true;
  return false;
}

// The route as the kernel keeps it.
Route normal_route(Route route) {
  const bool v4 = route.dst.address.is_v4();
  if (route.scope == "global" || route.scope == "universe" || !v4) route.scope.clear();
  if (!v4 && route.metric == 0 && route.protocol != 2) route.metric = v6_default_metric;
  if (!is_unicast(route) && route.type != Route::Type::local &&
      route.type != Route::Type::broadcast)
    route.device = v4 ? "" : "lo";
  return route;
}

// Routes to the host itself, and to everybody on a link, have a device that is up and no gateway.
int check_own_route(const KernelCore& core, const Route& route) {
  if (route.gateway) return EINVAL;
  const auto found = core.state.links.find(route.device);
  if (found == core.state.links.end()) return route.dst.address.is_v4() ? 0 : ENODEV;
  return found->second.admin_up ? 0 : ENETDOWN;
}

int check_route(KernelCore& core, Route& route) {
  if (route.type == Route::Type::local || route.type == Route::Type::broadcast)
    return check_own_route(core, route);
  if (!is_unicast(route)) return 0;
  if (route.device.empty() && route.gateway)
    for (const auto& other : core.state.routes)
      if (!other.gateway && other.dst.contains(*route.gateway) && other.dst.length > 0 &&
          is_unicast(other))
        route.device = other.device;
  if (route.device.empty()) return route.gateway ? ENETUNREACH : ENODEV;
  const auto* link = find_link(core, route.device);
  if (!link) return ENODEV;
  if (!link->admin_up) return ENETDOWN;
  if (route.gateway && !route.onlink && !gateway_is_on_link(core, route))
    return route.dst.address.is_v4() ? ENETUNREACH : EHOSTUNREACH;
  // "Nexthop has invalid gateway", "Gateway can not be a local address"; IPv4 asks only if onlink.
  if (route.gateway && is_own_address(core, *route.gateway) &&
      (route.onlink || !route.gateway->is_v4()))
    return EINVAL;
  if (route.source && !is_own_address(core, *route.source)) return EINVAL;
  return 0;
}

bool is_supported(const KernelCore& core, const std::string& kind) {
  return !core.state.lacks.contains(kind);
}

constexpr std::string_view interface_settings[] = {
    "net.ipv4.conf.*.rp_filter",    "net.ipv4.conf.*.proxy_arp",
    "net.ipv4.conf.*.forwarding",   "net.ipv4.conf.*.route_localnet",
    "net.ipv4.conf.*.accept_local", "net.ipv4.neigh.*.proxy_delay",
    "net.ipv6.conf.*.proxy_ndp",    "net.ipv6.conf.*.forwarding",
    "net.ipv6.conf.*.accept_ra"};

constexpr std::string_view link_files = "/sys/class/net/";

std::string threaded_file(const std::string& device) {
  return fmt::format("{}{}/threaded", link_files, device);
}

std::string setting_name(std::string_view pattern, std::string_view device) {
  const size_t star = pattern.find('*');
  return fmt::format("{}{}{}", pattern.substr(0, star), device, pattern.substr(star + 1));
}

void set_everywhere(KernelState& state, std::string_view pattern, const std::string& value) {
  state.sysctls[setting_name(pattern, "all")] = value;
  state.sysctls[setting_name(pattern, "default")] = value;
  for (const auto& [name, link] : state.links) state.sysctls[setting_name(pattern, name)] = value;
}

}  // namespace

void add_interface_sysctls(KernelState& state, const std::string& device) {
  for (const auto pattern : interface_settings) {
    const auto found = state.sysctls.find(setting_name(pattern, "default"));
    const std::string kernel_default = pattern.ends_with("proxy_delay") ? "80" : "0";
    state.sysctls[setting_name(pattern, device)] =
        found == state.sysctls.end() ? kernel_default : found->second;
  }
}

KernelAnswer add_route(KernelCore& core, const Route& asked) {
  Route route = normal_route(asked);
  if (find_route(core, route)) return no_errno(EEXIST);
  if (const int wrong = check_route(core, route)) return no_errno(wrong);
  insert_route(core, route);
  return {};
}

KernelAnswer apply_route(KernelCore& core, const RouteOp& op) {
  Route route = normal_route(op.route);
  if (op.remove) {
    // What is not named (interface, gateway, protocol of a bare destination) does not narrow.
    const Route* found = find_route(core, route);
    const bool fits = found && (route.device.empty() || found->device == route.device) &&
                      (!route.gateway || found->gateway == route.gateway) &&
                      (is_unicast(route) || found->type == route.type);
    if (!fits) return no_errno(ESRCH);
    core.changes.push_back({KernelChange::Kind::route, found->device, found->dst, found->table});
    core.state.routes.erase(*found);
    return {};
  }
  if (const int wrong = check_route(core, route)) return no_errno(wrong);
  if (const Route* found = find_route(core, route)) {
    if (*found == route) return {};
    core.state.routes.erase(*found);
  }
  insert_route(core, route);
  return {};
}

KernelAnswer apply_rule(KernelCore& core, const RuleOp& op) {
  if (op.remove) return core.state.rules.erase(op.rule) ? KernelAnswer{} : no_errno(ENOENT);
  return core.state.rules.insert(op.rule).second ? KernelAnswer{} : no_errno(EEXIST);
}

KernelAnswer apply_neighbour(KernelCore& core, const NeighbourOp& op) {
  if (!find_link(core, op.neighbour.device)) return no_errno(ENODEV);
  const auto same = [&](const Neighbour& n) {
    return n.device == op.neighbour.device && n.address == op.neighbour.address &&
           n.proxy == op.neighbour.proxy;
  };
  Neighbour from;
  from.device = op.neighbour.device;
  from.address = op.neighbour.address;
  auto& neighbours = core.state.neighbours;
  bool there = false;
  for (auto it = neighbours.lower_bound(from);
       it != neighbours.end() && it->device == from.device && it->address == from.address;) {
    const bool is = same(*it);
    there = there || is;
    it = is ? neighbours.erase(it) : std::next(it);
  }
  if (op.remove) return there ? KernelAnswer{} : no_errno(ENOENT);
  neighbours.insert(op.neighbour);
  return {};
}

KernelAnswer apply_fdb(KernelCore& core, const FdbOp& op) {
  const auto* link = find_link(core, op.entry.device);
  if (!link) return no_errno(ENODEV);
  if (link->kind != "vxlan" && link->kind != "bridge") return no_errno(EOPNOTSUPP);
  std::optional<FdbEntry> present;
  for (auto it = core.state.fdb.lower_bound({op.entry.device, op.entry.mac, {}});
       it != core.state.fdb.end() && it->device == op.entry.device && it->mac == op.entry.mac; ++it)
    present = *it;
  if (op.remove && !present) return no_errno(ENOENT);
  if (present) core.state.fdb.erase(*present);
  if (!op.remove) core.state.fdb.insert(op.entry);
  return {};
}

KernelAnswer apply_link_add(KernelCore& core, const LinkAddOp& op) {
  const auto& name = op.link.name;
  if (name.empty() || name.size() > 15) return no_errno(ERANGE);
  if (find_link(core, name)) return no_errno(EEXIST);
  if (!is_supported(core, op.link.kind)) return no_errno(EOPNOTSUPP);
  if (op.link.vxlan) {
    if (!op.link.vxlan->device.empty() && !find_link(core, op.link.vxlan->device))
      return no_errno(ENODEV);
    for (const auto& [other_name, other] : core.state.links)
      if (other.vxlan && other.vxlan->vni == op.link.vxlan->vni &&
          other.vxlan->port == op.link.vxlan->port &&
          (!other.vxlan->local || !op.link.vxlan->local ||
           other.vxlan->local->family == op.link.vxlan->local->family))
        return no_errno(EEXIST);
  }
  Link link = op.link;
  link.index = core.next_link_index++;
  // A new bridge counts as running, until its address is set, which makes it look for ports
  // (br_netlink.c br_dev_newlink, br_stp_change_bridge_id).
  if (link.kind == "bridge" && link.mac != Mac{}) link.carrier = false;
  const auto addresses = std::exchange(link.addresses, {});
  const bool up = std::exchange(link.admin_up, false);
  if (link.kind == "wireguard" && !link.wireguard) link.wireguard.emplace();
  if (link.mac == Mac{} && link.kind != "ipip" && link.kind != "wireguard" &&
      link.kind != "loopback")
    link.mac = derived_mac(name);
  Link& added = core.state.links[name] = std::move(link);
  add_interface_sysctls(core.state, name);
  note(core, KernelChange::Kind::link, name);
  if (up) set_admin_up(core, added, true);
  for (const auto& address : addresses) add_address(core, added, address);
  return {};
}

KernelAnswer apply_link_remove(KernelCore& core, const LinkRemoveOp& op) {
  auto* link = find_link(core, op.name);
  if (!link) return no_errno(ENODEV);
  if (link->kind == "loopback") return no_errno(EOPNOTSUPP);
  set_admin_up(core, *link, false);
  const auto addresses = link->addresses;
  for (const auto& address : addresses) remove_address(core, *link, address);
  erase_routes_if(core, [&](const Route& route) { return route.device == op.name; });
  std::erase_if(core.state.neighbours, [&](const Neighbour& n) { return n.device == op.name; });
  std::erase_if(core.state.fdb, [&](const FdbEntry& e) { return e.device == op.name; });
  for (const auto pattern : interface_settings)
    core.state.sysctls.erase(setting_name(pattern, op.name));
  core.state.sysctls.erase(threaded_file(op.name));
  core.state.links.erase(op.name);
  note(core, KernelChange::Kind::link_removed, op.name);
  return {};
}

namespace {

// Whether a device's NAPI runs in threads of its own: a device without NAPI has no say in it, and
// WireGuard's has it with its peers (net/core/dev.c dev_set_threaded).
KernelAnswer write_threaded(KernelCore& core, const SysctlOp& op) {
  for (const auto& [name, link] : core.state.links) {
    if (op.name != threaded_file(name)) continue;
    if (!link.wireguard || link.wireguard->peers.empty()) return no_errno(EOPNOTSUPP);
    core.state.sysctls[op.name] = op.value;
    return {};
  }
  return no_errno(ENOENT);
}

// The device keeps its index; what hangs on it follows. An interface that is up may be renamed too
// (net/core/dev.c netif_change_name, since Linux 6.2).
KernelAnswer rename_link(KernelCore& core, const std::string& from, const std::string& to) {
  auto& state = core.state;
  if (to.empty() || to.size() > 15) return no_errno(EINVAL);
  if (find_link(core, to)) return no_errno(EEXIST);
  auto node = state.links.extract(from);
  node.key() = node.mapped().name = to;
  state.links.insert(std::move(node));
  std::vector<Route> routes;
  for (const auto& route : state.routes)
    if (route.device == from) routes.push_back(route);
  erase_routes_if(core, [&](const Route& route) { return route.device == from; });
  for (auto& route : routes) {
    route.device = to;
    insert_route(core, route);
  }
  const auto move_entries = [&](auto& entries) {
    std::vector<typename std::decay_t<decltype(entries)>::value_type> moved;
    for (const auto& entry : entries)
      if (entry.device == from) moved.push_back(entry);
    std::erase_if(entries, [&](const auto& entry) { return entry.device == from; });
    for (auto& entry : moved) {
      entry.device = to;
      entries.insert(entry);
    }
  };
  move_entries(state.neighbours);
  move_entries(state.fdb);
  for (const auto pattern : interface_settings) {
    auto setting = state.sysctls.extract(setting_name(pattern, from));
    if (setting.empty()) continue;
    setting.key() = setting_name(pattern, to);
    state.sysctls.insert(std::move(setting));
  }
  for (auto& [pod, workload] : core.workloads)
    if (workload.device == from) workload.device = to;
  note(core, KernelChange::Kind::link_removed, from);
  note(core, KernelChange::Kind::link, to);
  return {};
}

}  // namespace

KernelAnswer apply_link_set(KernelCore& core, const LinkSetOp& op) {
  if (!find_link(core, op.name)) return no_errno(ENODEV);
  if (op.new_name && *op.new_name != op.name) {
    if (auto answer = rename_link(core, op.name, *op.new_name); answer.rc != 0) return answer;
  }
  auto* link = find_link(core, op.new_name.value_or(op.name));
  if (op.mac && *op.mac != link->mac) {
    link->mac = *op.mac;
    note(core, KernelChange::Kind::link, link->name);
  }
  if (op.mtu_bytes) {
    if (*op.mtu_bytes < 68 || *op.mtu_bytes > 65535) return no_errno(EINVAL);
    if (*op.mtu_bytes != link->mtu_bytes) note(core, KernelChange::Kind::link, link->name);
    link->mtu_bytes = *op.mtu_bytes;
  }
  if (op.admin_up) set_admin_up(core, *link, *op.admin_up);
  return {};
}

KernelAnswer apply_address(KernelCore& core, const AddressOp& op) {
  auto* link = find_link(core, op.device);
  if (!link) return no_errno(ENODEV);
  const auto found =
      std::find_if(link->addresses.begin(), link->addresses.end(),
                   [&](const Address& address) { return address.prefix == op.address.prefix; });
  if (op.remove) {
    if (found == link->addresses.end()) return no_errno(EADDRNOTAVAIL);
    const Address address = *found;
    remove_address(core, *link, address);
    return {};
  }
  if (found != link->addresses.end()) return no_errno(EEXIST);
  add_address(core, *link, op.address);
  return {};
}

KernelAnswer apply_sysctl(KernelCore& core, const SysctlOp& op) {
  KernelState& state = core.state;
  if (op.name.starts_with(link_files)) return write_threaded(core, op);
  if (op.name == "net.ipv4.ip_forward" || op.name == "net.ipv4.conf.all.forwarding") {
    state.sysctls["net.ipv4.ip_forward"] = op.value;
    set_everywhere(state, "net.ipv4.conf.*.forwarding", op.value);
    return {};
  }
  if (op.name == "net.ipv6.conf.all.forwarding") {
    set_everywhere(state, "net.ipv6.conf.*.forwarding", op.value);
    return {};
  }
  // A setting of an interface exists while the interface does.
  for (const std::string_view prefix :
       {"net.ipv4.conf.", "net.ipv6.conf.", "net.ipv4.neigh.", "net.ipv6.neigh."}) {
    if (!op.name.starts_with(prefix)) continue;
    const size_t end = op.name.rfind('.');
    if (end <= prefix.size()) return no_errno(ENOENT);
    const auto device = op.name.substr(prefix.size(), end - prefix.size());
    const bool of_all = device == "all" && prefix.ends_with(".conf.");
    if (!of_all && device != "default" && !state.links.contains(device)) return no_errno(ENOENT);
  }
  state.sysctls[op.name] = op.value;
  return {};
}

}  // namespace felixsim
