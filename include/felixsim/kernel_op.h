// SPDX-License-Identifier: Apache-2.0
// What a dataplane asks of a kernel, and the seam behind which a simulated or a real kernel
// answers. Commands carry the text that Felix writes to the tool's standard input; the rest is what
// Felix does by netlink, /proc/sys and files.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "felixsim/kernel_state.h"

namespace felixsim {

// "iptables-nft-restore --noflush --verbose --wait 10 --wait-interval 50000", "ipset restore", "nft
// -f -", ...
struct CommandOp {
  std::string command;
  std::string input;
};
struct RouteOp {
  bool remove = false;  // otherwise replace
  Route route;
};
struct RuleOp {
  bool remove = false;
  RoutingRule rule;
};
struct NeighbourOp {
  bool remove = false;
  Neighbour neighbour;
};
struct FdbOp {
  bool remove = false;
  FdbEntry entry;
};
struct LinkAddOp {
  Link link;  // index is the kernel's choice
};
struct LinkRemoveOp {
  std::string name;
};
struct LinkSetOp {
  std::string name;
  std::optional<bool> admin_up;
  std::optional<int> mtu_bytes;
  std::optional<Mac> mac;
  std::optional<std::string> new_name = {};
};
struct AddressOp {
  bool remove = false;
  std::string device;
  Address address;
};
// What a WireGuard device is told by generic netlink; what is unset stays as it is.
struct WireguardPeerChange {
  std::string public_key;
  bool remove = false;
  bool update_only = false;          // nothing happens where the peer is not there
  bool replace_allowed_ips = false;  // otherwise they are added
  std::vector<Cidr> allowed_ips;     // each leaves the peer that had it
  std::optional<std::pair<Ip, uint16_t>> endpoint;
  std::optional<int> keepalive_seconds;
};
struct WireguardOp {
  std::string device;
  std::optional<std::string> public_key;  // stands for the private key that it follows from
  std::optional<uint16_t> port;
  std::optional<uint32_t> mark;
  std::vector<WireguardPeerChange> peers;
};
struct SysctlOp {
  std::string
      name;  // "net.ipv4.conf.cali1.rp_filter", or a file such as "/sys/class/net/x/threaded"
  std::string value;
};
struct FileOp {
  std::string name;
  std::optional<std::string> content;  // unset: removed
};

using KernelOp = std::variant<CommandOp, RouteOp, RuleOp, NeighbourOp, FdbOp, LinkAddOp,
                              LinkRemoveOp, LinkSetOp, AddressOp, WireguardOp, SysctlOp, FileOp>;

struct KernelAnswer {
  int rc = 0;        // exit code of a command, or errno
  std::string text;  // stderr of a command, or the kernel's message
};

// One of the two abstract classes of felixsim; the other is EventSource (event_source.h).
class Backend {
 public:
  virtual ~Backend() = default;
  virtual KernelAnswer apply(const KernelOp& op) = 0;
  virtual const KernelState& state() const = 0;  // what the kernel holds now
  // Differs from what it was when the interfaces or their addresses may have changed; 0: not known.
  virtual uint64_t links_version() const { return 0; }
};

}  // namespace felixsim
