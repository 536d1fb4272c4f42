// SPDX-License-Identifier: Apache-2.0
// See net_state.h. Mirrors Linux net/ipv4/fib_frontend.c (fib_add_ifaddr, fib_del_ifaddr,
// fib_disable_ip), net/ipv6/addrconf.c (addrconf_dev_config, addrconf_ifdown),
// net/core/neighbour.c. Left out: secondary addresses, duplicate address detection, link-local and
// multicast routes.
#include "model/kernel/net_state.h"

#include "model/kernel/sysctl_text.h"

namespace felixsim {
namespace {

constexpr int main_table = 254, local_table = 255, kernel_protocol = 2;

Route kernel_route(const Link& link, const Cidr& dst, Route::Type type, int table) {
  Route route;
  route.dst = dst;
  route.type = type;
  route.device = link.name;
  route.protocol = kernel_protocol;
  route.table = table;
  return route;
}

// The routes that the kernel keeps for an address while its interface is up.
std::vector<Route> address_routes(const Link& link, const Address& address, bool up) {
  const auto& ip = address.prefix.address;
  const int length = address.prefix.length;
  const bool v4 = ip.is_v4(), loopback = link.kind == "loopback";
  std::vector<Route> routes;
  if (!v4 && address.scope == "link") return routes;
  Route local = kernel_route(link, Cidr::host(ip), Route::Type::local, local_table);
  if (v4) {
    local.scope = "host";
    local.source = ip;
  }
  if (v4 || up) routes.push_back(local);
  if (!up || length == ip.max_prefix()) return routes;
  if (!v4) {
    Route connected =
        kernel_route(link, address.prefix.network(), Route::Type::unicast, main_table);
    connected.metric = 256;
    routes.push_back(connected);
    return routes;
  }
  Route connected = kernel_route(link, address.prefix.network(),
                                 loopback ? Route::Type::local : Route::Type::unicast,
                                 loopback ? local_table : main_table);
  connected.scope = loopback ? "host" : "link";
  connected.source = ip;
  routes.push_back(connected);
  if (length < 31) {
    const uint32_t mask = ~uint32_t{0} >> length;
    Route broadcast = kernel_route(link, Cidr::host(Ip::v4(ip.to_u32() | mask)),
                                   Route::Type::broadcast, local_table);
    broadcast.scope = "link";
    broadcast.source = ip;
    routes.push_back(broadcast);
  }
  return routes;
}

// Addresses that the kernel gives an interface that comes up: 127.0.0.1 and ::1 to lo, the
// link-local one to what has a MAC.
void add_own_addresses(KernelCore& core, Link& link) {
  std::vector<Address> own;
  if (link.kind == "loopback")
    own = {{{Ip::v4(0x7f000001), 8}, "host", false}, {{*Ip::parse("::1"), 128}, "host", false}};
  else if (link.kind != "ipip" && link.kind != "wireguard")
    own = {{{link_local_address(link.mac), 64}, "link", false}};
  for (const auto& address : own)
    if (std::find(link.addresses.begin(), link.addresses.end(), address) == link.addresses.end())
      add_address(core, link, address);
}

// IPv6 forgets all addresses of an interface that goes down (keep_addr_on_down is 0).
void drop_v6_addresses(KernelCore& core, Link& link) {
  const auto addresses = link.addresses;
  for (const auto& address : addresses)
    if (!address.prefix.address.is_v4() && link.kind != "loopback")
      remove_address(core, link, address);
}

void note_address(KernelCore& core, const Link& link, const Address& address) {
  ++core.links_version;
  core.changes.push_back(
      {KernelChange::Kind::address, link.name, Cidr::host(address.prefix.address), main_table});
}

}  // namespace

void note(KernelCore& core, KernelChange::Kind kind, const std::string& device) {
  ++core.links_version;
  core.changes.push_back({kind, device, std::nullopt, main_table});
}

Ip link_local_address(const Mac& mac) {
  Ip ip{IpFamily::v6, {}};
  ip.bytes[0] = 0xfe;
  ip.bytes[1] = 0x80;
  const std::array<uint8_t, 8> id{static_cast<uint8_t>(mac.bytes[0] ^ 2),
                                  mac.bytes[1],
                                  mac.bytes[2],
                                  0xff,
                                  0xfe,
                                  mac.bytes[3],
                                  mac.bytes[4],
                                  mac.bytes[5]};
  std::copy(id.begin(), id.end(), ip.bytes.begin() + 8);
  return ip;
}

Mac derived_mac(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ULL;
  Mac mac;
  for (size_t i = 0; i < 6; ++i) mac.bytes[i] = static_cast<uint8_t>(hash >> (8 * i));
  mac.bytes[0] = static_cast<uint8_t>((mac.bytes[0] & 0xfc) | 2);
  return mac;
}

void insert_route(KernelCore& core, const Route& route) {
  if (core.state.routes.insert(route).second)
    core.changes.push_back({KernelChange::Kind::route, route.device, route.dst, route.table});
}

void erase_routes_if(KernelCore& core, const std::function<bool(const Route&)>& which) {
  for (auto it = core.state.routes.begin(); it != core.state.routes.end();) {
    if (!which(*it)) {
      ++it;
      continue;
    }
    core.changes.push_back({KernelChange::Kind::route, it->device, it->dst, it->table});
    it = core.state.routes.erase(it);
  }
}

const Route* find_route(const KernelCore& core, const Route& key) {
  Route from;
  from.dst = key.dst;
  for (auto it = core.state.routes.lower_bound(from);
       it != core.state.routes.end() && it->dst == key.dst; ++it)
    if (it->table == key.table && it->metric == key.metric) return &*it;
  return nullptr;
}

void add_address(KernelCore& core, Link& link, const Address& address) {
  // IPv6 keeps its addresses by scope, the widest and youngest first (ipv6_link_dev_addr).
  auto where = link.addresses.end();
  if (!address.prefix.address.is_v4() && address.scope != "link")
    where = std::find_if(link.addresses.begin(), link.addresses.end(),
                         [](const Address& other) { return !other.prefix.address.is_v4(); });
  link.addresses.insert(where, address);
  note_address(core, link, address);
  for (const auto& route : address_routes(link, address, link.admin_up)) insert_route(core, route);
}

void remove_address(KernelCore& core, Link& link, const Address& address) {
  std::erase(link.addresses, address);
  note_address(core, link, address);
  std::set<Route> kept;
  for (const auto& other : link.addresses)
    for (auto& route : address_routes(link, other, link.admin_up)) kept.insert(std::move(route));
  const auto own = address_routes(link, address, true);
  const bool v4 = address.prefix.address.is_v4();
  erase_routes_if(core, [&](const Route& route) {
    // Routes that prefer the address as their source go with it.
    if (v4 && route.source == address.prefix.address) return !kept.contains(route);
    return std::find(own.begin(), own.end(), route) != own.end() && !kept.contains(route);
  });
}

void set_admin_up(KernelCore& core, Link& link, bool up) {
  if (link.admin_up == up) return;
  link.admin_up = up;
  note(core, KernelChange::Kind::link, link.name);
  if (up) {
    for (const auto& address : link.addresses)
      for (const auto& route : address_routes(link, address, true)) insert_route(core, route);
    if (link.carrier) add_own_addresses(core, link);
    return;
  }
  drop_v6_addresses(core, link);
  erase_routes_if(core, [&](const Route& route) {
    const bool v6_blackhole = !route.dst.address.is_v4() && route.type == Route::Type::blackhole;
    const bool v4_local = route.dst.address.is_v4() && route.type == Route::Type::local &&
                          route.protocol == kernel_protocol &&
                          route.dst.length == route.dst.address.max_prefix();
    return route.device == link.name && !v4_local && !v6_blackhole;
  });
  std::erase_if(core.state.neighbours, [&](const Neighbour& n) { return n.device == link.name; });
}

}  // namespace felixsim
