// SPDX-License-Identifier: Apache-2.0
#include "model/calc/l3_route_resolver.h"

#include <absl/container/btree_map.h>

#include "felixsim/check.h"
#include "model/calc/node_addresses.h"
#include "model/calc/route_trie.h"
#include "model/datastore/v1_fields.h"

namespace felixsim::calc {
namespace {

using BlockRoutes = absl::btree_map<Cidr, Symbol>;  // destination -> node

// The i-th address of a block.
Ip nth_address(const Cidr& block, size_t ordinal) {
  Ip ip = block.address;
  uint64_t carry = ordinal;
  for (size_t i = ip.is_v4() ? 4 : 16; i-- > 0 && carry > 0; carry >>= 8) {
    carry += ip.bytes[i];
    ip.bytes[i] = static_cast<uint8_t>(carry);
  }
  return ip;
}

// libcalico-go/lib/backend/model/block.go, Host.
std::string_view block_host(const AllocationBlock& block) {
  if (!block.affinity) return {};
  const std::string_view affinity = *block.affinity;
  for (const std::string_view prefix : {"host:", "virtual:"})
    if (affinity.starts_with(prefix)) return affinity.substr(prefix.size());
  return {};
}

// One route to the block's own node, one to each address lent to another node.
BlockRoutes block_routes(const AllocationBlock& block) {
  BlockRoutes routes;
  const std::string_view host = block_host(block);
  for (size_t ordinal = 0; ordinal < block.allocations.size(); ++ordinal) {
    const auto& attribute = block.allocations[ordinal];
    if (!attribute || *attribute < 0 || static_cast<size_t>(*attribute) >= block.attributes.size())
      continue;
    const auto& owner = block.attributes[static_cast<size_t>(*attribute)].active_owner;
    const auto node = owner.find("node");
    if (node == owner.end() || node->second.empty() || node->second == host) continue;
    routes[Cidr::host(nth_address(block.cidr, ordinal))] = Symbol(node->second);
  }
  if (!host.empty()) routes[block.cidr] = Symbol(host);
  return routes;
}

bool is_encapsulated(EncapMode mode) {
  return mode == EncapMode::always || mode == EncapMode::cross_subnet;
}

// A pool for load balancers only has no type: nothing in it is a workload.
RouteInfo::Pool pool_info(const IpPool& pool) {
  RouteInfo::Pool out;
  const bool for_load_balancers =
      pool.allowed_uses.size() == 1 && pool.allowed_uses[0].view() == "LoadBalancer";
  if (!for_load_balancers)
    out.type = is_encapsulated(pool.vxlan_mode)  ? msg::IpPoolType::vxlan
               : is_encapsulated(pool.ipip_mode) ? msg::IpPoolType::ipip
                                                 : msg::IpPoolType::no_encap;
  out.nat_outgoing = pool.masquerade;
  out.cross_subnet =
      pool.ipip_mode == EncapMode::cross_subnet || pool.vxlan_mode == EncapMode::cross_subnet;
  return out;
}

}  // namespace

class L3RouteResolver::Impl {
 public:
  Impl(Symbol node_name, RouteSink sink, bool use_node_resources, RouteSource source, bool combined)
      : my_node_(node_name),
        sink_(std::move(sink)),
        use_node_resources_(use_node_resources),
        source_(source),
        combined_(combined) {}

  void on_update(const Update& update);

 private:
  void on_workload(const WorkloadEndpointKey& key, const Value* value);
  void on_block(const Cidr& key, const Value* value);
  void on_pool(const Cidr& key, const Value* value);
  void on_node_resource(Symbol name, const Value* value);
  void on_host_ip(Symbol name, const Value* value);
  void on_node(Symbol name, const std::optional<NodeAddresses>& now);
  void recheck_subnets(IpFamily family, const NodeAddresses* before, const NodeAddresses* now);
  void change_tunnel_refs(Symbol name, const NodeAddresses& node, bool add);

  void add_node_route(Symbol node, const Cidr& cidr) { ++routes_by_node_[node][cidr]; }
  void remove_node_route(Symbol node, const Cidr& cidr);

  void flush();
  msg::RouteUpdate resolve(const Cidr& cidr, const std::vector<RouteTrie::Entry>& path) const;
  void apply_hosts_and_refs(const RouteInfo& info, std::optional<Symbol> block_node,
                            msg::RouteUpdate& route) const;
  // In v3.28 a route is only what was found last.
  void add_type(msg::RouteUpdate& route, uint32_t type) const {
    route.types = combined_ ? route.types | type : type;
  }
  bool in_our_subnet(Symbol node, IpFamily family) const;

  Symbol my_node_;
  RouteSink sink_;
  bool use_node_resources_;
  RouteSource source_;
  bool combined_;

  RouteTrie trie_;
  absl::btree_map<Symbol, NodeAddresses> nodes_;
  absl::btree_map<Cidr, BlockRoutes> blocks_;
  absl::btree_map<Cidr, Cidr> pools_;  // by key: the pool's own CIDR
  absl::btree_map<WorkloadEndpointKey, std::vector<Cidr>> workloads_;
  // Routes by node, counted: what to look at again when the node's addresses change.
  absl::btree_map<Symbol, absl::btree_map<Cidr, int>> routes_by_node_;
};

void L3RouteResolver::Impl::on_update(const Update& update) {
  const Value* value = update.value.get();
  if (const auto* workload = std::get_if<WorkloadEndpointKey>(&update.key)) {
    if (source_ == RouteSource::workload_ips || workload->host == my_node_)
      on_workload(*workload, value);
  } else if (const auto* block = std::get_if<BlockKey>(&update.key)) {
    if (source_ == RouteSource::calico_ipam) on_block(block->cidr, value);
  } else if (const auto* pool = std::get_if<IpPoolKey>(&update.key)) {
    on_pool(pool->cidr, value);
  } else if (const auto* host = std::get_if<HostIpKey>(&update.key)) {
    if (!use_node_resources_) on_host_ip(host->host, value);
  } else if (const auto* resource = std::get_if<ResourceKey>(&update.key)) {
    static const Symbol node_kind("Node");
    if (use_node_resources_ && resource->kind == node_kind) on_node_resource(resource->name, value);
  }
  flush();
}

void L3RouteResolver::Impl::remove_node_route(Symbol node, const Cidr& cidr) {
  const auto routes = routes_by_node_.find(node);
  FELIXSIM_CHECK(routes != routes_by_node_.end());
  if (--routes->second[cidr] == 0) routes->second.erase(cidr);
  if (routes->second.empty()) routes_by_node_.erase(routes);
}

void L3RouteResolver::Impl::on_workload(const WorkloadEndpointKey& key, const Value* value) {
  std::vector<Cidr> now;
  if (const auto* workload = value ? std::get_if<WorkloadEndpoint>(value) : nullptr) {
    now = workload->ipv4_nets;
    now.insert(now.end(), workload->ipv6_nets.begin(), workload->ipv6_nets.end());
  }
  auto& known = workloads_[key];
  const auto before = std::exchange(known, now);
  if (known.empty()) workloads_.erase(key);
  if (before == now) return;
  for (const auto& cidr : now) {
    trie_.add_ref(cidr, key.host, RefType::workload);
    add_node_route(key.host, cidr);
  }
  for (const auto& cidr : before) {
    trie_.remove_ref(cidr, key.host, RefType::workload);
    remove_node_route(key.host, cidr);
  }
}

void L3RouteResolver::Impl::on_block(const Cidr& key, const Value* value) {
  const auto* block = value ? std::get_if<AllocationBlock>(value) : nullptr;
  if (!block) {
    // The routes stay listed under their nodes, as in Felix: another route to the same place is
    // then told again when the node's addresses change.
    if (const auto entry = blocks_.find(key); entry != blocks_.end()) {
      for (const auto& [cidr, node] : entry->second) trie_.set_block(cidr, std::nullopt);
      blocks_.erase(entry);
    }
    return;
  }
  for (const auto& index : block->allocations)
    if (index && *index < 0)
      return sink_.on_panic(fmt::format("runtime error: index out of range [{}]", *index));
  if (block->cidr.is_none() && !block_host(*block).empty())
    return sink_.on_panic(std::string(nil_pointer_panic));
  const auto now = block_routes(*block);
  const auto before = std::exchange(blocks_[key], now);
  const auto has = [](const BlockRoutes& routes, const auto& route) {
    const auto found = routes.find(route.first);
    return found != routes.end() && found->second == route.second;
  };
  for (const auto& route : before)
    if (!has(now, route)) {
      trie_.set_block(route.first, std::nullopt);
      remove_node_route(route.second, route.first);
    }
  for (const auto& route : now)
    if (!has(before, route)) {
      trie_.set_block(route.first, route.second);
      add_node_route(route.second, route.first);
    }
}

void L3RouteResolver::Impl::on_pool(const Cidr& key, const Value* value) {
  if (const auto* pool = value ? std::get_if<IpPool>(value) : nullptr) {
    if (pool->cidr.is_none()) return sink_.on_panic(std::string(nil_pointer_panic));
    pools_[key] = pool->cidr;
    trie_.set_pool(pool->cidr, pool_info(*pool));
  } else if (const auto known = pools_.find(key); known != pools_.end()) {
    trie_.set_pool(known->second, std::nullopt);
    pools_.erase(known);
  }
}

void L3RouteResolver::Impl::on_node_resource(Symbol name, const Value* value) {
  const auto* node = value ? std::get_if<Node>(value) : nullptr;
  std::string panic;
  const auto now = node ? node_addresses(*node, panic) : std::nullopt;
  if (!panic.empty()) return sink_.on_panic(panic);
  on_node(name, now);
}

void L3RouteResolver::Impl::on_host_ip(Symbol name, const Value* value) {
  const auto* host = value ? std::get_if<HostIp>(value) : nullptr;
  // A value that is no address is a null pointer to Felix.
  if (host && !host->ip)
    return sink_.on_panic("runtime error: invalid memory address or nil pointer dereference");
  std::optional<NodeAddresses> now;
  if (host && host->ip && host->ip->is_v4()) {
    now.emplace();
    now->v4 = {*host->ip, Cidr::host(*host->ip)};
  }
  on_node(name, now);
}

void L3RouteResolver::Impl::on_node(Symbol name, const std::optional<NodeAddresses>& now) {
  const auto known = nodes_.find(name);
  const std::optional<NodeAddresses> before =
      known == nodes_.end() ? std::nullopt : std::optional(known->second);
  if (now ? before && before->same_as(*now) : !before) return;
  if (name == my_node_)
    for (const auto family : {IpFamily::v4, IpFamily::v6})
      recheck_subnets(family, before ? &*before : nullptr, now ? &*now : nullptr);

  // Additions first: what both have is not withdrawn in between.
  if (now) change_tunnel_refs(name, *now, true);
  if (before) change_tunnel_refs(name, *before, false);
  if (before) {
    nodes_.erase(name);
    for (const auto& cidr : before->hosts()) trie_.remove_host(cidr, name);
  }
  if (now) {
    nodes_[name] = *now;
    for (const auto& cidr : now->hosts()) trie_.add_host(cidr, name);
  }
  if (const auto routes = routes_by_node_.find(name); routes != routes_by_node_.end())
    for (const auto& [cidr, count] : routes->second) trie_.mark_dirty(cidr);
}

// Our own subnet changed: routes to nodes that were in it, or are now, have to be told again.
void L3RouteResolver::Impl::recheck_subnets(IpFamily family, const NodeAddresses* before,
                                            const NodeAddresses* now) {
  const NodeAddresses none;
  if ((before ? before : &none)->own(family).subnet == (now ? now : &none)->own(family).subnet)
    return;
  std::vector<Cidr> affected;
  trie_.visit(family, [&](const Cidr& cidr, const RouteInfo& info) {
    if (info.refs.empty() && !info.block) return;
    const Symbol node = info.refs.empty() ? *info.block : info.refs[0].node;
    const auto other = nodes_.find(node);
    if (node == my_node_ || other == nodes_.end()) return;
    const Ip& address = other->second.own(family).address;
    const bool was = before && before->own(family).subnet.contains(address);
    const bool is = now && now->own(family).subnet.contains(address);
    if (was != is) affected.push_back(cidr);
  });
  for (const auto& cidr : affected) trie_.mark_dirty(cidr);
}

void L3RouteResolver::Impl::change_tunnel_refs(Symbol name, const NodeAddresses& node, bool add) {
  const auto change = [&](const std::optional<Ip>& ip, RefType type) {
    if (!ip) return;
    if (add)
      trie_.add_ref(Cidr::host(*ip), name, type);
    else
      trie_.remove_ref(Cidr::host(*ip), name, type);
  };
  change(node.ipip, RefType::ipip);
  change(node.vxlan, RefType::vxlan);
  change(node.vxlan_v6, RefType::vxlan);
  change(node.wireguard, RefType::wireguard);
  change(node.wireguard_v6, RefType::wireguard);
}

void L3RouteResolver::Impl::flush() {
  const Cidr zero_v4 = Cidr::host({}), zero_v6 = Cidr::host({IpFamily::v6, {}});
  for (const auto& cidr : trie_.take_dirty()) {
    const auto path = trie_.path_to(cidr);
    if (path.empty()) continue;
    const auto& info = *path.back().info;
    if (info.was_sent && !info.is_route()) {
      sink_.on_remove(cidr);
      trie_.set_sent(cidr, false);
    } else if (cidr != zero_v4 && cidr != zero_v6) {
      sink_.on_update(resolve(cidr, path));
      trie_.set_sent(cidr, true);
    }
  }
}

msg::RouteUpdate L3RouteResolver::Impl::resolve(const Cidr& cidr,
                                                const std::vector<RouteTrie::Entry>& path) const {
  msg::RouteUpdate route;
  route.dst = cidr;
  bool cross_subnet = false, block_here = false;
  std::optional<Symbol> block_node;
  uint32_t block_types = 0;
  for (const auto& [at, info] : path) {
    if (info->pool) {
      if (info->pool->type != msg::IpPoolType::none) route.pool_type = info->pool->type;
      route.nat_outgoing |= info->pool->nat_outgoing;
      cross_subnet |= info->pool->cross_subnet;
    }
    if (info->block) {
      if (block_node && *block_node != *info->block)
        route.borrowed = combined_;
      else
        block_node = info->block;
      route.dst_node_name = *info->block;
      block_here |= at == cidr;
      const uint32_t type = *info->block == my_node_ ? msg::local_workload : msg::remote_workload;
      block_types |= type;
      if (!combined_) route.types = type;
    }
    apply_hosts_and_refs(*info, block_node, route);
  }
  // A tunnel's address inside a block is no workload, unless the block is that very address.
  if (combined_ && (!route.tunnel_type || block_here)) route.types |= block_types;
  const auto node = nodes_.find(route.dst_node_name);
  if (node == nodes_.end()) return route;
  const Ip& address = node->second.own(cidr.address.family).address;
  if (address != Ip{cidr.address.family, {}}) route.dst_node_ip = address;
  route.same_subnet = cross_subnet && in_our_subnet(route.dst_node_name, cidr.address.family);
  return route;
}

void L3RouteResolver::Impl::apply_hosts_and_refs(const RouteInfo& info,
                                                 std::optional<Symbol> block_node,
                                                 msg::RouteUpdate& route) const {
  if (!info.hosts.empty()) {
    route.dst_node_name = info.hosts[0];
    add_type(route, info.hosts[0] == my_node_ ? msg::local_host : msg::remote_host);
  }
  if (info.refs.empty()) return;
  const auto& first = info.refs[0];
  const bool local = first.node == my_node_;
  route.dst_node_name = first.node;
  if (block_node && *block_node != first.node) route.borrowed = combined_;
  if (first.type == RefType::workload) {
    route.local_workload |= local;
    add_type(route, local ? msg::local_workload : msg::remote_workload);
    return;
  }
  add_type(route, local ? msg::local_tunnel : msg::remote_tunnel);
  route.tunnel_type.emplace();
  for (const auto& ref : info.refs) {
    if (ref.node != first.node) continue;
    route.tunnel_type->ipip |= ref.type == RefType::ipip;
    route.tunnel_type->vxlan |= ref.type == RefType::vxlan;
    route.tunnel_type->wireguard |= ref.type == RefType::wireguard;
  }
}

bool L3RouteResolver::Impl::in_our_subnet(Symbol node, IpFamily family) const {
  const auto ours = nodes_.find(my_node_), theirs = nodes_.find(node);
  if (ours == nodes_.end() || theirs == nodes_.end()) return false;
  const Cidr& subnet = ours->second.own(family).subnet;
  return subnet.length > 0 && subnet.contains(theirs->second.own(family).address);
}

L3RouteResolver::L3RouteResolver(Symbol node_name, RouteSink sink, bool use_node_resources,
                                 RouteSource source, bool combined)
    : impl_(std::make_unique<Impl>(node_name, std::move(sink), use_node_resources, source,
                                   combined)) {}
L3RouteResolver::L3RouteResolver(L3RouteResolver&&) noexcept = default;
L3RouteResolver::~L3RouteResolver() = default;

void L3RouteResolver::on_update(const Update& update) { impl_->on_update(update); }

}  // namespace felixsim::calc
