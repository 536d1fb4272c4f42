// SPDX-License-Identifier: Apache-2.0
// Netlink, /proc/sys: the operations of kernel_op.h on links, addresses, neighbours, forwarding
// entries and settings, with the refusals of the kernel. Mirrors Linux net/core/rtnetlink.c,
// net/core/neighbour.c, drivers/net/vxlan. Left out: quotas.
#include "model/kernel/kernel_error.h"
#include "model/kernel/net_state.h"
#include "model/kernel/routes.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

Link* find_link(KernelCore& core, const std::string& name) {
  const auto found = core.state.links.find(name);
  return found == core.state.links.end() ? nullptr : &found->second;
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

KernelAnswer apply_route(KernelCore& core, const RouteOp& op) {
  if (!op.remove) return put_route(core, RouteVerb::replace, op.route);
  RouteWords named{op.route, true};
  named.names_type = op.route.type != Route::Type::unicast;
  return delete_route(core, named);
}

KernelAnswer apply_neighbour(KernelCore& core, const NeighbourOp& op) {
  if (!find_link(core, op.neighbour.device)) return kernel_error(ENODEV);
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
  if (op.remove) return there ? KernelAnswer{} : kernel_error(ENOENT);
  neighbours.insert(op.neighbour);
  return {};
}

namespace {

// Tunnels keep where a MAC is; other Ethernet devices only that they take its frames
// (net/core/rtnetlink.c ndo_dflt_fdb_add), and have no place for more.
KernelAnswer check_fdb(const Link& link, const FdbOp& op) {
  const bool ethernet = link.kind != "loopback" && link.kind != "wireguard" && link.kind != "ipip";
  if (!ethernet)
    return kernel_error(EINVAL, fmt::format("FDB {} only supported for Ethernet devices",
                                            op.remove ? "delete" : "add"));
  if (op.remove) return {};
  const bool tunnel = link.kind == "vxlan";
  if (tunnel && !op.entry.destination) return kernel_error(EINVAL);
  if (link.kind == "bridge" && op.entry.mac == Mac{}) return kernel_error(EINVAL);
  return {};
}

}  // namespace

KernelAnswer apply_fdb(KernelCore& core, const FdbOp& op) {
  const auto* link = find_link(core, op.entry.device);
  if (!link) return kernel_error(ENODEV);
  if (auto wrong = check_fdb(*link, op); wrong.rc != 0) return wrong;
  FdbEntry entry = op.entry;
  if (link->kind != "vxlan") entry.destination.reset();
  entry.by_bridge = link->kind == "bridge";
  // A removal takes what it names; a place that it does not name is any.
  const size_t gone = std::erase_if(core.state.fdb, [&](const FdbEntry& other) {
    return other.device == entry.device && other.mac == entry.mac &&
           (!op.remove || !entry.destination || other.destination == entry.destination);
  });
  if (op.remove) return gone > 0 ? KernelAnswer{} : kernel_error(ENOENT);
  core.state.fdb.insert(entry);
  return {};
}

KernelAnswer apply_link_add(KernelCore& core, const LinkAddOp& op) {
  const auto& name = op.link.name;
  if (name.empty() || name.size() > 15) return kernel_error(ERANGE);
  if (find_link(core, name)) return kernel_error(EEXIST);
  if (!is_supported(core, op.link.kind)) return kernel_error(EOPNOTSUPP);
  if (op.link.vxlan) {
    if (!op.link.vxlan->device.empty() && !find_link(core, op.link.vxlan->device))
      return kernel_error(ENODEV);
    for (const auto& [other_name, other] : core.state.links)
      if (other.vxlan && other.vxlan->vni == op.link.vxlan->vni &&
          other.vxlan->port == op.link.vxlan->port &&
          (!other.vxlan->local || !op.link.vxlan->local ||
           other.vxlan->local->family == op.link.vxlan->local->family))
        return kernel_error(EEXIST);
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
  if (!link) return kernel_error(ENODEV);
  if (link->kind == "loopback") return kernel_error(EOPNOTSUPP);
  set_admin_up(core, *link, false);
  const auto addresses = link->addresses;
  for (const auto& address : addresses) remove_address(core, *link, address);
  remove_next_hops(core, op.name);
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
    if (!link.wireguard || link.wireguard->peers.empty()) return kernel_error(EOPNOTSUPP);
    core.state.sysctls[op.name] = op.value;
    return {};
  }
  return kernel_error(ENOENT);
}

void rename_in_routes(KernelState& state, const std::string& from, const std::string& to) {
  std::set<Route> routes;
  for (Route route : state.routes) {
    if (route.device == from) route.device = to;
    for (auto& hop : route.next_hops)
      if (hop.device == from) hop.device = to;
    routes.insert(std::move(route));
  }
  state.routes = std::move(routes);
}

// The device keeps its index; what hangs on it follows. An interface that is up may be renamed too
// (net/core/dev.c netif_change_name, since Linux 6.2).
KernelAnswer rename_link(KernelCore& core, const std::string& from, const std::string& to) {
  auto& state = core.state;
  if (to.empty() || to.size() > 15) return kernel_error(EINVAL);
  if (find_link(core, to)) return kernel_error(EEXIST);
  auto node = state.links.extract(from);
  node.key() = node.mapped().name = to;
  state.links.insert(std::move(node));
  rename_in_routes(state, from, to);
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
  if (!find_link(core, op.name)) return kernel_error(ENODEV);
  if (op.new_name && *op.new_name != op.name) {
    if (auto answer = rename_link(core, op.name, *op.new_name); answer.rc != 0) return answer;
  }
  auto* link = find_link(core, op.new_name.value_or(op.name));
  if (op.mac && *op.mac != link->mac) {
    link->mac = *op.mac;
    note(core, KernelChange::Kind::link, link->name);
  }
  if (op.mtu_bytes) {
    if (*op.mtu_bytes < 68 || *op.mtu_bytes > 65535) return kernel_error(EINVAL);
    if (*op.mtu_bytes != link->mtu_bytes) note(core, KernelChange::Kind::link, link->name);
    link->mtu_bytes = *op.mtu_bytes;
  }
  if (op.admin_up) set_admin_up(core, *link, *op.admin_up);
  return {};
}

KernelAnswer apply_address(KernelCore& core, const AddressOp& op) {
  auto* link = find_link(core, op.device);
  if (!link) return kernel_error(ENODEV);
  const auto found =
      std::find_if(link->addresses.begin(), link->addresses.end(),
                   [&](const Address& address) { return address.prefix == op.address.prefix; });
  const bool v4 = op.address.prefix.address.is_v4();
  if (op.remove) {
    if (found == link->addresses.end())
      return kernel_error(EADDRNOTAVAIL,
                          v4 ? "ipv4: Address not found" : "ipv6: address not found");
    const Address address = *found;
    remove_address(core, *link, address);
    return {};
  }
  if (found != link->addresses.end())
    return kernel_error(EEXIST,
                        v4 ? "ipv4: Address already assigned" : "ipv6: address already assigned");
  for (const auto& other : link->addresses)
    if (v4 && other.prefix.length == op.address.prefix.length &&
        other.prefix.network() == op.address.prefix.network() && other.scope != op.address.scope)
      return kernel_error(EINVAL, "ipv4: Invalid scope value");
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
    if (end <= prefix.size()) return kernel_error(ENOENT);
    const auto device = op.name.substr(prefix.size(), end - prefix.size());
    const bool of_all = device == "all" && prefix.ends_with(".conf.");
    if (!of_all && device != "default" && !state.links.contains(device))
      return kernel_error(ENOENT);
  }
  state.sysctls[op.name] = op.value;
  return {};
}

}  // namespace felixsim
