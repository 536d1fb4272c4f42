// SPDX-License-Identifier: Apache-2.0
// WireGuard: the device with its key, peers and address, its routing table, and the rule that sends
// packets there. Mirrors felix/wireguard/wireguard.go and
// felix/dataplane/linux/wireguard_mgr.go of v3.32.1, one instance for each IP version. The other
// version's instance uses the same number of a routing table, as in Felix.
//
// Where Felix draws a private key by chance, the device gets the public key that the datastore
// names for the node, since only its Felix writes it there; where the datastore names none, a
// stand-in that follows from the node's name. Left out: the clean-up before Felix talks to Typha
// (felix/wireguard/bootstrap.go), as far as it makes a device anew; roaming peers; metrics.
#pragma once

#include <optional>
#include <string>

#include "felixsim/kernel_op.h"
#include "felixsim/messages.h"
#include "model/dataplane/interfaces.h"
#include "model/dataplane/route_rules.h"
#include "model/dataplane/route_table.h"
#include "model/dataplane/wireguard_nodes.h"

namespace felixsim {

struct WireguardConfig {
  IpFamily family = IpFamily::v4;
  Symbol hostname;
  bool enabled = false;
  std::string device;
  uint16_t port = 0;
  uint32_t mark = 0;  // of encrypted packets, by which the rule lets them pass
  uint32_t rule_priority = 99;
  int table = 0;  // 0: Felix may use none
  int mtu_bytes = 0;
  int keepalive_seconds = 0;
  int route_protocol = 3;
  bool encrypts_hosts = false;
  bool threaded = false;
  bool programs_routes = true;
  bool classic = false;  // Felix v3.28: RouteTableConfig, and threads are asked for with the link
};

// What stands for the public key of a private key drawn by chance: the same for the same node.
std::string stand_in_wireguard_key(Symbol hostname, IpFamily family);

class WireguardManager {
 public:
  explicit WireguardManager(WireguardConfig config);

  // Addresses and keys as the calc graph writes them; one that does not parse is none.
  void on_host(Symbol host, const std::string& address);
  void on_host_removed(Symbol host);
  void on_key(Symbol host, const std::string& key, const std::string& interface_address);
  void on_key_removed(Symbol host);
  void on_route(const msg::RouteUpdate& route);
  void on_route_removed(const msg::RouteRemove& removed);
  void on_interface(const InterfaceChange& change, SimTime now);
  void queue_resync();

  // False if something failed: Felix tries again.
  bool apply(Backend& backend, SimTime now);
  // The node's public key, empty for none, when Felix has one to tell the datastore.
  std::optional<std::string> take_key_to_publish();
  const std::optional<std::string>& panic() const { return panic_; }

 private:
  bool apply_enabled(Backend& backend, SimTime now);
  bool apply_disabled(Backend& backend, SimTime now);
  bool ensure_device(Backend& backend);
  bool ensure_address(Backend& backend);
  void set_threaded(Backend& backend);
  void take_nodes();
  bool sync_device(Backend& backend);
  bool resync_device(Backend& backend);
  bool read_device(const KernelState& kernel, WireguardOp& changes);
  void change_peers(const std::set<std::string>& keys, WireguardOp& changes);
  void note_programmed(const std::string& key);
  std::string device_key(const std::string& present) const;
  const Link* link(const KernelState& kernel) const;
  void set_not_supported();

  WireguardConfig config_;
  WireguardNodes nodes_;
  std::optional<RouteTable> routes_;
  std::optional<RouteRules> rules_;
  std::map<std::string, WireguardNodes::Peer> programmed_;  // as far as Felix knows
  std::optional<Ip> own_address_, interface_address_;
  std::string named_key_;               // the datastore's
  std::optional<std::string> own_key_;  // as Felix knows it
  bool key_told_ = false;
  bool device_in_sync_ = false, link_in_sync_ = false, address_in_sync_ = false;
  bool threads_in_sync_ = false, not_supported_ = false, up_ = false;
  std::optional<std::string> to_publish_, panic_;
};

}  // namespace felixsim
