// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/wireguard_manager.h"

#include <fmt/format.h>

#include <cerrno>

#include "felixsim/wireguard_key.h"
#include "model/dataplane/sysctls.h"
#include "model/hash/hash.h"

namespace felixsim {

namespace {

constexpr char kind[] = "wireguard";
constexpr int kernel_mtu_bytes = 1420;  // of a new device

bool is_type(const msg::RouteUpdate& route, uint32_t types) { return (route.types & types) != 0; }

RouteTableConfig table_config(const WireguardConfig& config) {
  RouteTableConfig table;
  table.family = config.family;
  table.table = config.table;
  table.default_protocol = config.route_protocol;
  table.own_device = config.device;
  table.classic = config.classic;
  return table;
}

RoutingRule rule_into_table(const WireguardConfig& config) {
  RoutingRule rule;
  rule.priority = config.rule_priority;
  rule.family = config.family;
  rule.invert = true;
  rule.mark = rule.mask = config.mark;
  rule.table = config.table;
  return rule;
}

}  // namespace

std::string stand_in_wireguard_key(Symbol hostname, IpFamily family) {
  std::string key = base64url(sha256({"felixsim: WireGuard key of ", hostname.view(),
                                      family == IpFamily::v4 ? " for IPv4" : " for IPv6"}));
  std::replace(key.begin(), key.end(), '-', '+');
  std::replace(key.begin(), key.end(), '_', '/');
  return key + "=";
}

WireguardManager::WireguardManager(WireguardConfig config)
    : config_(std::move(config)), nodes_(config_.hostname) {
  if (config_.table == 0) return;
  rules_.emplace(config_.family, config_.table);
  if (config_.programs_routes) routes_.emplace(table_config(config_));
}

void WireguardManager::on_host(Symbol host, const std::string& text) {
  if (!config_.enabled) return;
  const std::optional<Ip> address = Ip::parse(text);
  if (host != config_.hostname) return nodes_.set_address(host, address);
  own_address_ = address;
  if (!config_.encrypts_hosts || interface_address_) return;
  interface_address_ = address;
  address_in_sync_ = false;
}

void WireguardManager::on_host_removed(Symbol host) {
  if (config_.enabled && host != config_.hostname) nodes_.remove_address(host);
}

void WireguardManager::on_key(Symbol host, const std::string& text,
                              const std::string& interface_address) {
  if (!config_.enabled) return;
  const std::string key = is_wireguard_key(text) ? text : std::string();
  if (host != config_.hostname) return nodes_.set_key(host, key);
  named_key_ = key;
  if (own_key_ != key) {
    own_key_ = key;
    device_in_sync_ = false;
  }
  std::optional<Ip> address = Ip::parse(interface_address);
  if (!address && config_.encrypts_hosts) address = own_address_;
  if (interface_address_ == address) return;
  interface_address_ = address;
  address_in_sync_ = false;
}

void WireguardManager::on_key_removed(Symbol host) {
  if (!config_.enabled) return;
  if (host == config_.hostname) return on_key(host, "", "");
  nodes_.remove_key(host);
}

void WireguardManager::on_route(const msg::RouteUpdate& route) {
  if (!config_.enabled || route.dst.address.family != config_.family) return;
  if (is_type(route, msg::remote_host)) {
    if (config_.encrypts_hosts) nodes_.set_route(route.dst, route.dst_node_name);
    return;
  }
  constexpr uint32_t encrypted =
      msg::local_workload | msg::remote_workload | msg::local_tunnel | msg::remote_tunnel;
  if (is_type(route, encrypted))
    nodes_.set_route(route.dst, route.dst_node_name);
  else
    nodes_.remove_route(route.dst);
}

void WireguardManager::on_route_removed(const msg::RouteRemove& removed) {
  if (config_.enabled && removed.dst.address.family == config_.family)
    nodes_.remove_route(removed.dst);
}

void WireguardManager::on_interface(const InterfaceChange& change, SimTime now) {
  if (change.name != config_.device) return;
  const bool up = change.state == InterfaceState::up;
  if (up && !up_) device_in_sync_ = false;
  up_ = up;
  if (routes_) routes_->on_interface_changed(change, now);
}

void WireguardManager::queue_resync() {
  device_in_sync_ = link_in_sync_ = address_in_sync_ = threads_in_sync_ = not_supported_ = false;
  if (routes_) routes_->queue_resync();
  if (rules_) rules_->queue_resync();
}

std::optional<std::string> WireguardManager::take_key_to_publish() {
  return std::exchange(to_publish_, std::nullopt);
}

const Link* WireguardManager::link(const KernelState& kernel) const {
  const auto found = kernel.links.find(config_.device);
  return found == kernel.links.end() ? nullptr : &found->second;
}

bool WireguardManager::apply(Backend& backend, SimTime now) {
  const bool ok = config_.enabled ? apply_enabled(backend, now) : apply_disabled(backend, now);
  if (!key_told_ && own_key_) {
    to_publish_ = own_key_;
    key_told_ = true;
  }
  return ok;
}

// Whatever an earlier Felix left is taken away.
bool WireguardManager::apply_disabled(Backend& backend, SimTime now) {
  if (device_in_sync_) return true;
  bool ok = !rules_ || rules_->apply(backend);
  if (link(backend.state())) ok &= backend.apply(LinkRemoveOp{config_.device}).rc == 0;
  if (routes_) ok &= routes_->apply(backend, now);
  if (!ok) return false;
  own_key_ = std::string();
  device_in_sync_ = true;
  return true;
}

// Nothing more is tried until the next resync.
void WireguardManager::set_not_supported() {
  own_key_ = std::string();
  device_in_sync_ = link_in_sync_ = address_in_sync_ = threads_in_sync_ = not_supported_ = true;
}

void WireguardManager::take_nodes() {
  if (!nodes_.update() || !routes_) return;
  std::vector<RouteTarget> to_device, thrown;
  for (const auto& [dst, by_device] : nodes_.routes()) {
    RouteTarget target;
    target.key.dst = dst;
    if (!by_device) target.kind = RouteTarget::Kind::throw_;
    (by_device ? to_device : thrown).push_back(target);
  }
  routes_->set_routes(RouteClass::wireguard, config_.device, to_device);
  routes_->set_routes(RouteClass::wireguard, std::string(no_interface), thrown);
}

// ensureLink.
bool WireguardManager::ensure_device(Backend& backend) {
  if (config_.encrypts_hosts && config_.family == IpFamily::v4 &&
      backend.apply(SysctlOp{"net.ipv4.conf.all.src_valid_mark", "1"}).rc != 0)
    return false;
  if (!link(backend.state())) {
    Link wanted;
    wanted.name = config_.device;
    wanted.kind = kind;
    wanted.mtu_bytes = kernel_mtu_bytes;
    const int rc = backend.apply(LinkAddOp{wanted}).rc;
    if (rc == EOPNOTSUPP) {
      set_not_supported();
      return true;
    }
    if (rc != 0 || !link(backend.state())) return false;
  }
  const Link& have = *link(backend.state());
  if (have.kind != kind) return false;
  const bool was_up = have.admin_up;
  if (config_.mtu_bytes != 0 && have.mtu_bytes != config_.mtu_bytes &&
      backend.apply(LinkSetOp{config_.device, std::nullopt, config_.mtu_bytes, std::nullopt}).rc !=
          0)
    return false;
  if (!was_up && backend.apply(LinkSetOp{config_.device, true, std::nullopt, std::nullopt}).rc != 0)
    return false;
  if (config_.classic) set_threads(backend, config_.device, config_.threaded);
  return true;
}

// ensureLinkAddress.
bool WireguardManager::ensure_address(Backend& backend) {
  const Link* have = link(backend.state());
  if (!have) return false;
  const std::vector<Address> present = have->addresses;
  bool found = false;
  for (const Address& address : present) {
    if (address.prefix.address.family != config_.family) continue;
    if (address.prefix.address == interface_address_)
      found = true;
    else if (backend.apply(AddressOp{true, config_.device, address}).rc != 0)
      return false;
  }
  if (found || !interface_address_) return true;
  Address wanted;
  wanted.prefix = {*interface_address_, static_cast<uint8_t>(interface_address_->max_prefix())};
  return backend.apply(AddressOp{false, config_.device, wanted}).rc == 0;
}

// The kernel refuses it while there is no peer.
void WireguardManager::set_threaded(Backend& backend) {
  if (config_.classic || threads_in_sync_ || !link_in_sync_ || !device_in_sync_ || nodes_.empty())
    return;
  threads_in_sync_ = set_threads(backend, config_.device, config_.threaded);
}

std::string WireguardManager::device_key(const std::string& present) const {
  if (!named_key_.empty()) return named_key_;
  return present.empty() ? stand_in_wireguard_key(config_.hostname, config_.family) : present;
}

// What differs on the device from what it should be; keepalives are not compared. Peers are noted
// as programmed. False: Felix panics.
bool WireguardManager::read_device(const KernelState& kernel, WireguardOp& changes) {
  const WireguardLink& device = *link(kernel)->wireguard;
  if (device.mark != config_.mark) changes.mark = config_.mark;
  if (device.port != config_.port) changes.port = config_.port;
  const std::string key = device_key(device.public_key);
  if (device.public_key != key) changes.public_key = key;
  programmed_.clear();
  for (const auto& [peer_key, peer] : device.peers) {
    if (nodes_.is_of_node_without_address(peer_key)) return false;
    // A peer that answers on another port has its endpoint written anew.
    const bool same_port = peer.endpoint && peer.port == config_.port;
    programmed_[peer_key] = {same_port ? *peer.endpoint : Ip{config_.family, {}}, peer.allowed_ips};
  }
  return true;
}

void WireguardManager::change_peers(const std::set<std::string>& keys, WireguardOp& changes) {
  for (const std::string& key : keys) {
    const auto want = nodes_.peers().find(key);
    const auto have = programmed_.find(key);
    WireguardPeerChange change;
    change.public_key = key;
    if (want == nodes_.peers().end()) {
      if (have == programmed_.end()) continue;
      change.remove = true;
      changes.peers.push_back(std::move(change));
      continue;
    }
    const WireguardNodes::Peer& peer = want->second;
    const bool fresh = have == programmed_.end();
    if (!fresh && have->second == peer) continue;
    change.update_only = !fresh;
    change.keepalive_seconds = config_.keepalive_seconds;
    change.replace_allowed_ips =
        fresh || !std::includes(peer.allowed.begin(), peer.allowed.end(),
                                have->second.allowed.begin(), have->second.allowed.end());
    for (const Cidr& dst : peer.allowed)
      if (change.replace_allowed_ips || !have->second.allowed.contains(dst))
        change.allowed_ips.push_back(dst);
    if (fresh || have->second.address != peer.address)
      change.endpoint = {peer.address, config_.port};
    changes.peers.push_back(std::move(change));
  }
}

void WireguardManager::note_programmed(const std::string& key) {
  const auto peer = nodes_.peers().find(key);
  if (peer == nodes_.peers().end())
    programmed_.erase(key);
  else
    programmed_[key] = peer->second;
}

bool WireguardManager::resync_device(Backend& backend) {
  const Link* have = link(backend.state());
  if (!have || !have->wireguard) return false;
  WireguardOp changes;
  changes.device = config_.device;
  const std::string key = device_key(have->wireguard->public_key);
  if (!read_device(backend.state(), changes)) {
    panic_ = "runtime error: invalid memory address or nil pointer dereference";
    return false;
  }
  std::set<std::string> keys;
  for (const auto& [peer_key, peer] : programmed_) keys.insert(peer_key);
  for (const auto& [peer_key, peer] : nodes_.peers()) keys.insert(peer_key);
  change_peers(keys, changes);
  const bool any = changes.mark || changes.port || changes.public_key || !changes.peers.empty();
  if (any && backend.apply(changes).rc != 0) return false;
  if (own_key_ != key) {
    own_key_ = key;
    key_told_ = false;
  }
  return true;
}

// What Felix changes while it takes the device to be as it left it, or anew from what is there.
bool WireguardManager::sync_device(Backend& backend) {
  if (device_in_sync_) {
    WireguardOp changes;
    changes.device = config_.device;
    change_peers(nodes_.changed_keys(), changes);
    if (!changes.peers.empty()) device_in_sync_ = backend.apply(changes).rc == 0;
    for (const std::string& key : nodes_.changed_keys()) note_programmed(key);
  } else {
    device_in_sync_ = resync_device(backend);
    programmed_ = nodes_.peers();
  }
  nodes_.clear_changed_keys();
  return device_in_sync_;
}

bool WireguardManager::apply_enabled(Backend& backend, SimTime now) {
  if (not_supported_) return true;
  take_nodes();
  if (!link_in_sync_) {
    if (!ensure_device(backend)) return false;
    if (not_supported_) return true;
    link_in_sync_ = true;
  }
  bool ok = true;
  if (!address_in_sync_) ok = address_in_sync_ = ensure_address(backend);
  if (routes_) ok &= routes_->apply(backend, now);
  ok &= sync_device(backend);
  set_threaded(backend);
  if (!ok) return false;
  rules_->add(rule_into_table(config_));
  return rules_->apply(backend);
}

}  // namespace felixsim
