// SPDX-License-Identifier: Apache-2.0
// See net_state.h. Mirrors Linux net/ipv4/devinet.c (inet_insert_ifa, inet_del_ifa),
// fib_frontend.c (fib_add_ifaddr, fib_del_ifaddr, fib_disable_ip), net/ipv6/addrconf.c
// (inet6_addr_add, addrconf_dev_config, addrconf_ifdown), net/core/neighbour.c. Left out: duplicate
// address detection, link-local and multicast routes.
#include "model/kernel/net_state.h"

#include "model/kernel/routes.h"
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

// The address of the same IPv4 subnet that was there before it, if any: the primary one.
const Address* primary_of(const Link& link, const Address& address) {
  for (const auto& other : link.addresses) {
    if (other.prefix == address.prefix) return nullptr;
    if (address.prefix.address.is_v4() && other.prefix.length == address.prefix.length &&
        other.prefix.network() == address.prefix.network())
      return &other;
  }
  return nullptr;
}

void add_v4_routes(const Link& link, const Address& address, std::vector<Route>& routes) {
  const Address* primary = primary_of(link, address);
  const Ip& ip = address.prefix.address;
  const auto add = [&](const Cidr& dst, Route::Type type, int table, const char* scope) {
    Route route = kernel_route(link, dst, type, table);
    route.scope = scope;
    route.source = primary ? primary->prefix.address : ip;
    routes.push_back(std::move(route));
  };
  add(Cidr::host(ip), Route::Type::local, local_table, "host");
  const int length = address.prefix.length;
  if (!link.admin_up || primary || length == ip.max_prefix()) return;
  if (link.kind == "loopback")
    add(address.prefix.network(), Route::Type::local, local_table, "host");
  else
    add(address.prefix.network(), Route::Type::unicast, main_table, "link");
  if (length >= 31) return;
  const uint32_t mask = ~uint32_t{0} >> length;
  add(Cidr::host(Ip::v4(ip.to_u32() | mask)), Route::Type::broadcast, local_table, "link");
}

// An address that nobody else may have is looked for on a link that is up.
void add_v6_routes(const Link& link, const Address& address, std::vector<Route>& routes) {
  if (address.scope == "link" || (!link.admin_up && !address.nodad)) return;
  routes.push_back(
      kernel_route(link, Cidr::host(address.prefix.address), Route::Type::local, local_table));
  if (!link.admin_up || address.scope == "host") return;  // ::1
  Route connected = kernel_route(link, address.prefix.network(), Route::Type::unicast, main_table);
  connected.metric = 256;  // IP6_RT_PRIO_ADDRCONF
  routes.push_back(connected);
}

// The routes that the kernel keeps for an interface's addresses.
std::vector<Route> address_routes(const Link& link) {
  std::vector<Route> routes;
  for (const auto& address : link.addresses)
    (address.prefix.address.is_v4() ? add_v4_routes : add_v6_routes)(link, address, routes);
  return routes;
}

bool contains(const std::vector<Route>& routes, Route route) {
  route.rank = 0;
  return std::find(routes.begin(), routes.end(), route) != routes.end();
}

// Brings the routes from those of `before` to those that the addresses have now.
void follow_addresses(KernelCore& core, const Link& link, const std::vector<Route>& before) {
  const auto now = address_routes(link);
  erase_routes_if(core, [&](const Route& route) {
    return route.device == link.name && contains(before, route) && !contains(now, route);
  });
  for (const auto& route : now)
    if (!contains(before, route)) insert_route(core, route);
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

namespace {

// IPv6 keeps its addresses by scope, the widest and youngest first (ipv6_link_dev_addr); IPv4 the
// primary ones before the others.
std::vector<Address>::iterator place_of(Link& link, const Address& address) {
  auto& addresses = link.addresses;
  const bool v4 = address.prefix.address.is_v4();
  if (!v4 && address.scope != "link")
    return std::find_if(addresses.begin(), addresses.end(),
                        [](const Address& other) { return !other.prefix.address.is_v4(); });
  if (!v4 || primary_of(link, address)) return addresses.end();
  auto place = addresses.begin();
  for (auto it = addresses.begin(); it != addresses.end(); ++it)
    if (it->prefix.address.is_v4() && !primary_of(link, *it) &&
        scope_number(address.scope) <= scope_number(it->scope))
      place = it + 1;
  return place;
}

bool is_set(const KernelCore& core, const std::string& device, const char* setting) {
  for (const auto& scope : {std::string("all"), device}) {
    const auto found = core.state.sysctls.find(fmt::format("net.ipv4.conf.{}.{}", scope, setting));
    if (found != core.state.sysctls.end() && found->second != "0") return true;
  }
  return false;
}

bool has_address(const KernelCore& core, const Ip& ip) {
  for (const auto& [name, link] : core.state.links)
    for (const auto& address : link.addresses)
      if (address.prefix.address == ip) return true;
  return false;
}

// An interface without IPv4 addresses forgets its IPv4 routes and neighbours.
void disable_ipv4(KernelCore& core, const Link& link) {
  mark_next_hops(core, link.name, IpFamily::v4, true);
  erase_routes_if(core, [&](const Route& route) {
    return route.dst.address.is_v4() && route.device == link.name;
  });
  std::erase_if(core.state.neighbours,
                [&](const Neighbour& n) { return n.device == link.name && n.address.is_v4(); });
}

}  // namespace

void add_address(KernelCore& core, Link& link, const Address& address) {
  const auto before = address_routes(link);
  link.addresses.insert(place_of(link, address), address);
  note_address(core, link, address);
  follow_addresses(core, link, before);
}

void remove_address(KernelCore& core, Link& link, const Address& address) {
  const Ip ip = address.prefix.address;
  const auto before = address_routes(link);
  std::vector<Address> gone{address};
  if (ip.is_v4() && !primary_of(link, address) && !is_set(core, link.name, "promote_secondaries"))
    for (const auto& other : link.addresses)
      if (const auto* primary = primary_of(link, other); primary && *primary == address)
        gone.push_back(other);
  for (const auto& one : gone) {
    std::erase(link.addresses, one);
    note_address(core, link, one);
  }
  follow_addresses(core, link, before);
  if (!ip.is_v4()) return;
  // Routes that prefer an address as their source go with it.
  for (const auto& one : gone)
    if (const Ip& source = one.prefix.address; !has_address(core, source))
      erase_routes_if(core, [&](const Route& route) { return route.source == source; });
  if (std::none_of(link.addresses.begin(), link.addresses.end(),
                   [](const Address& other) { return other.prefix.address.is_v4(); }))
    disable_ipv4(core, link);
}

void set_admin_up(KernelCore& core, Link& link, bool up) {
  if (link.admin_up == up) return;
  link.admin_up = up;
  note(core, KernelChange::Kind::link, link.name);
  if (up) {
    for (const auto family : {IpFamily::v4, IpFamily::v6})
      mark_next_hops(core, link.name, family, false);
    for (const auto& route : address_routes(link)) insert_route(core, route);
    if (link.carrier) add_own_addresses(core, link);
    return;
  }
  drop_v6_addresses(core, link);
  for (const auto family : {IpFamily::v4, IpFamily::v6})
    mark_next_hops(core, link.name, family, true);
  erase_routes_if(core, [&](const Route& route) {
    const bool v6_blackhole = !route.dst.address.is_v4() && route.type == Route::Type::blackhole;
    const bool v4_local = route.dst.address.is_v4() && route.scope == "host";
    return route.device == link.name && !v4_local && !v6_blackhole;
  });
  std::erase_if(core.state.neighbours, [&](const Neighbour& n) { return n.device == link.name; });
}

}  // namespace felixsim
