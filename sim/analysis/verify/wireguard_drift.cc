// SPDX-License-Identifier: Apache-2.0
// Felix's WireGuard devices compared: key, port, mark and peers (felix/wireguard/wireguard.go, what
// constructWireguardDeltaForResync looks at, and the keepalive that Felix writes with a peer).
#include <fmt/ranges.h>

#include "model/kernel/wireguard_text.h"
#include "sim/analysis/verify/drift.h"

namespace felixsim {
namespace {

std::string nets_text(const std::set<Cidr>& nets, const std::set<Cidr>& without) {
  std::vector<std::string> out;
  for (const Cidr& net : nets)
    if (!without.contains(net)) out.push_back(net.str());
  return fmt::format("{}", fmt::join(out, ", "));
}

std::string endpoint_of(const WireguardPeer& peer) {
  return peer.endpoint ? wireguard_endpoint_text(peer) : "(none)";
}

std::string line_of(const std::string& key, const WireguardPeer& peer) {
  return fmt::format("peer: {}, endpoint: {}, allowed ips: {}", key, endpoint_of(peer),
                     peer.allowed_ips.empty() ? "(none)" : nets_text(peer.allowed_ips, {}));
}

// What differs, a field a line.
struct Difference {
  std::vector<std::string> want, got;

  void add(const char* field, const std::string& wanted, const std::string& found) {
    if (!wanted.empty()) want.push_back(fmt::format("{}: {}", field, wanted));
    if (!found.empty()) got.push_back(fmt::format("{}: {}", field, found));
  }
  bool any() const { return !want.empty() || !got.empty(); }
};

class DeviceComparer {
 public:
  DeviceComparer(std::string name, std::string stand_in_key, std::vector<Drift>& out)
      : name_(std::move(name)), stand_in_key_(std::move(stand_in_key)), out_(out) {}

  void compare(const WireguardLink* wanted, const WireguardLink* found) {
    if (!wanted && !found) return;
    if (!wanted)
      return add(DriftKind::stale_wireguard_device, name_, {}, {"interface: " + name_},
                 "WireGuard is off for this node in the input; Felix deletes the device when it "
                 "learns of that");
    if (!found)
      return add(DriftKind::lost_wireguard_device, name_, {"interface: " + name_}, {},
                 "deleted by hand or by another program, or the kernel cannot make one; Felix "
                 "makes it anew at its next resync, with another key");
    compare_devices(*wanted, *found);
    for (const auto& [key, peer] : wanted->peers) {
      const auto there = found->peers.find(key);
      if (there == found->peers.end())
        add(DriftKind::lost_peer, name_, {line_of(key, peer)}, {},
            fmt::format("removed by hand, or Felix has not seen that node's key yet; {}",
                        route_resync));
      else
        compare_peers(key, peer, there->second);
    }
    for (const auto& [key, peer] : found->peers)
      if (!wanted->peers.contains(key))
        add(DriftKind::stale_peer, name_, {}, {line_of(key, peer)},
            fmt::format("no node of the input has this key: the node is gone or has another key "
                        "now, or the peer was added by hand; {}",
                        route_resync));
  }

 private:
  void add(DriftKind kind, std::string place, std::vector<std::string> want,
           std::vector<std::string> got, std::string cause) {
    out_.push_back(
        {kind, "wireguard", std::move(place), std::move(want), std::move(got), std::move(cause)});
  }

  void compare_devices(const WireguardLink& wanted, const WireguardLink& found) {
    Difference difference;
    if (wanted.public_key != found.public_key && wanted.public_key != stand_in_key_)
      difference.add("public key", wanted.public_key, found.public_key);
    if (wanted.port != found.port)
      difference.add("listening port", std::to_string(wanted.port), std::to_string(found.port));
    if (wanted.mark != found.mark)
      difference.add("fwmark", fmt::format("{:#x}", wanted.mark), fmt::format("{:#x}", found.mark));
    if (!difference.any()) return;
    add(DriftKind::changed_wireguard_device, name_, difference.want, difference.got,
        fmt::format("set by hand, or made anew with another key since the input was taken (other "
                    "nodes send nothing that it can read until they learn the key); {}",
                    route_resync));
  }

  void compare_peers(const std::string& key, const WireguardPeer& wanted,
                     const WireguardPeer& found) {
    Difference difference;
    if (wanted.endpoint != found.endpoint || wanted.port != found.port)
      difference.add("endpoint", endpoint_of(wanted), endpoint_of(found));
    difference.add("allowed ips", nets_text(wanted.allowed_ips, found.allowed_ips),
                   nets_text(found.allowed_ips, wanted.allowed_ips));
    if (wanted.keepalive_seconds != found.keepalive_seconds)
      difference.add("persistent keepalive", fmt::format("{} seconds", wanted.keepalive_seconds),
                     fmt::format("{} seconds", found.keepalive_seconds));
    if (!difference.any()) return;
    const bool roamed = difference.want.size() == 1 && difference.want[0].starts_with("endpoint");
    add(DriftKind::changed_peer, fmt::format("{} peer {}", name_, key), difference.want,
        difference.got,
        roamed ? fmt::format("the kernel took the address from which that node's packets come (a "
                             "NAT between the nodes), or it was set by hand; {}",
                             route_resync)
               : fmt::format("changed by hand, or Felix has not seen the latest changes (a peer "
                             "that gets an address takes it from the one that had it); {}",
                             route_resync));
  }

  std::string name_, stand_in_key_;
  std::vector<Drift>& out_;
};

}  // namespace

void find_wireguard_drifts(const KernelState& predicted, const NodeCapture& captured,
                           const VerifyOptions& options, std::vector<Drift>& out) {
  if (!captured.wireguard) return;
  for (const auto& [name, stand_in_key] : options.wireguard_devices) {
    const auto wanted = predicted.links.find(name);
    const auto found = captured.wireguard->find(name);
    const bool is_device = wanted != predicted.links.end() && wanted->second.wireguard;
    DeviceComparer(name, stand_in_key, out)
        .compare(is_device ? &*wanted->second.wireguard : nullptr,
                 found != captured.wireguard->end() ? &found->second : nullptr);
  }
}

}  // namespace felixsim
