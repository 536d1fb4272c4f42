// SPDX-License-Identifier: Apache-2.0
// What a WireGuard device does with its configuration. Mirrors drivers/net/wireguard/netlink.c
// (wg_set_device, set_peer), allowedips.c. Left out: handshakes, roaming, preshared keys; a private
// key is never seen, only the public key that follows from it.
#include <cerrno>

#include "model/kernel/kernel_core.h"

namespace felixsim {
namespace {

// An allowed address has one peer: who gets it takes it from whoever had it.
void allow(WireguardLink& device, WireguardPeer& peer, const Cidr& net) {
  for (auto& [key, other] : device.peers) other.allowed_ips.erase(net);
  peer.allowed_ips.insert(net);
}

void change_peer(WireguardLink& device, const WireguardPeerChange& change) {
  if (change.remove) {
    device.peers.erase(change.public_key);
    return;
  }
  if (change.public_key == device.public_key) return;  // a device is no peer of its own
  if (change.update_only && !device.peers.contains(change.public_key)) return;
  WireguardPeer& peer = device.peers[change.public_key];
  if (change.endpoint) std::tie(peer.endpoint, peer.port) = *change.endpoint;
  if (change.replace_allowed_ips) peer.allowed_ips.clear();
  for (const Cidr& net : change.allowed_ips) allow(device, peer, net);
  if (change.keepalive_seconds) peer.keepalive_seconds = *change.keepalive_seconds;
}

}  // namespace

KernelAnswer apply_wireguard(KernelCore& core, const WireguardOp& op) {
  const auto link = core.state.links.find(op.device);
  if (link == core.state.links.end()) return {ENODEV, "No such device"};
  if (!link->second.wireguard) return {EOPNOTSUPP, "Operation not supported"};
  WireguardLink& device = *link->second.wireguard;
  if (op.port) device.port = *op.port;
  if (op.mark) device.mark = *op.mark;
  if (op.public_key) {
    device.public_key = *op.public_key;
    device.peers.erase(*op.public_key);
  }
  for (const auto& change : op.peers) change_peer(device, change);
  return {};
}

}  // namespace felixsim
