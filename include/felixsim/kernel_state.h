// SPDX-License-Identifier: Apache-2.0
// What one node's kernel holds (one network namespace), as plain ordered data. The simulated kernel
// changes it, the real backend reads it back into the same shape, analyses only read it. Native
// text: model/kernel/*_text.h.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "felixsim/ip.h"

namespace felixsim {

// Interfaces.
struct VxlanLink {
  int vni = 0;
  std::optional<Ip> local;
  std::string device;
  int port = 0;
  bool learning = true;
  bool operator==(const VxlanLink&) const = default;
};
// Peers and the device itself are named by public keys in base64, as `wg` prints them.
struct WireguardPeer {
  std::optional<Ip> endpoint;
  uint16_t port = 0;
  std::set<Cidr> allowed_ips;
  int keepalive_seconds = 0;  // 0: off
  bool operator==(const WireguardPeer&) const = default;
};
struct WireguardLink {
  std::string public_key;  // empty: the device has no private key
  uint16_t port = 0;       // 0: none yet
  uint32_t mark = 0;       // of the packets that it sends
  std::map<std::string, WireguardPeer> peers;
  bool operator==(const WireguardLink&) const = default;
};
struct Address {
  IpPrefix prefix;
  std::string scope = "global";  // global, link, host
  bool nodad = false;
  bool operator==(const Address&) const = default;
};
struct Link {
  int index = 0;
  std::string name;
  std::string kind;  // "", "veth", "bridge", "vxlan", "ipip", ...; "loopback" for lo
  Mac mac;
  int mtu_bytes = 1500;
  bool admin_up = false;
  bool carrier = true;  // a veth whose peer is down, or a bridge without ports, has none
  std::string peer;     // veth: what stands behind '@' in `ip link` ("if2"); empty if unknown
  std::optional<VxlanLink> vxlan;
  std::optional<WireguardLink> wireguard;
  std::vector<Address> addresses;  // in the kernel's order: as added
  bool operator==(const Link&) const = default;
};

// Routing.
struct NextHop {
  std::optional<Ip> gateway;
  std::string device;
  int weight = 1;
  bool onlink = false;
  bool dead = false;  // its interface is down
  auto operator<=>(const NextHop&) const = default;
};
// In the order in which a kernel looks at them.
struct Route {
  enum class Type : uint8_t { unicast, local, broadcast, blackhole, unreachable, prohibit, throw_ };
  Cidr dst;
  int table = 254;  // 254 main, 255 local
  uint32_t metric = 0;
  int rank = 0;  // among those of one destination, table and metric, from 0 on; 0 is used
  Type type = Type::unicast;
  std::optional<Ip> gateway;
  std::string device;        // empty for blackhole and the like
  std::string scope;         // as `ip route` prints it; empty: global
  std::optional<Ip> source;  // preferred source
  int protocol = 3;          // RTPROT_*: 2 kernel, 3 boot, 80 Felix's default
  bool onlink = false;
  std::optional<int> mtu_bytes;
  // Of a multipath route two or more; gateway and device are empty then, as netlink has it.
  std::vector<NextHop> next_hops;
  auto operator<=>(const Route&) const = default;
};
struct RoutingRule {
  enum class Action : uint8_t { lookup, blackhole, unreachable, prohibit };
  uint32_t priority = 0;
  IpFamily family = IpFamily::v4;
  int rank = 0;                        // among those of one priority, from 0 on
  std::optional<IpPrefix> from, to;    // host bits are kept, and do not count
  std::optional<uint32_t> mark, mask;  // without a mask all bits of a mark count
  bool invert = false;
  std::string in_device, out_device;
  Action action = Action::lookup;
  int table = 254;                            // 0: none, of an action that looks nothing up
  std::optional<int> suppress_prefix_length;  // routes this short or shorter do not count
  auto operator<=>(const RoutingRule&) const = default;
};
struct Neighbour {
  std::string device;
  Ip address;
  Mac mac;
  std::string state = "PERMANENT";
  bool proxy = false;
  auto operator<=>(const Neighbour&) const = default;
};
struct FdbEntry {
  std::string device;
  Mac mac;
  std::optional<Ip> destination = {};  // of tunnels
  bool by_bridge = false;              // kept by the bridge that the device is
  auto operator<=>(const FdbEntry&) const = default;
};

// Netfilter.
// A rule in the words of iptables-save, without "-A CHAIN " and without counters.
using IptRule = std::string;
struct IptChain {
  std::string policy = "-";  // ACCEPT or DROP for built-in chains, "-" for user chains
  std::vector<IptRule> rules;
  bool operator==(const IptChain&) const = default;
};
using IptTable = std::map<std::string, IptChain>;  // by chain name, bytewise
enum class IptBackend : uint8_t { nft, legacy };
// table name ("filter") -> chains. A table is absent until something touches it; then it has its
// built-in chains.
using IptTables = std::map<std::string, IptTable>;

struct IpSet {
  std::string name;
  std::string type;    // hash:ip, hash:net, hash:ip,port, hash:net,net, bitmap:port, ...
  std::string family;  // inet, inet6; empty for bitmaps
  int64_t max_elements = 65536;
  int64_t hash_size = 1024;       // as asked for: the kernel's own growing is not modelled
  std::string range;              // bitmaps: "0-65535"
  std::string options;            // extensions as printed: " timeout 300 comment"; nothing expires
  std::set<std::string> members;  // canonical text, as `ipset save` prints it
  std::map<std::string, std::string> member_options;  // of those that have any: "nomatch"
  bool operator==(const IpSet&) const = default;
};

// nftables proper (nftables mode, and the table arp calico-arp). Text pieces are as `nft list
// ruleset` prints them.
struct NftSet {
  bool is_map = false;
  std::string type;  // "ipv4_addr", "ifname : verdict", ...
  std::vector<std::string> flags;
  std::map<std::string, std::string> elements;  // element -> value (maps) or ""
  bool operator==(const NftSet&) const = default;
};
struct NftRule {
  uint64_t handle = 0;
  std::string text;  // expression, canonical
  std::string comment;
  bool operator==(const NftRule&) const = default;
};
struct NftChain {
  std::string hook;  // base chains: "type filter hook output priority filter; policy accept;"
  std::vector<NftRule> rules;
  bool operator==(const NftChain&) const = default;
};
struct NftTable {
  std::string family, name;
  std::map<std::string, NftSet> sets;
  std::map<std::string, NftChain> chains;
  // The kernel numbers rules, chains, sets and anonymous sets of a table by one counter, which also
  // transactions that fail, and those of `nft --check`, move on.
  uint64_t last_handle = 0;
  bool operator==(const NftTable&) const = default;
};

struct KernelState {
  std::set<std::string>
      lacks;  // device kinds and features this kernel has not: ipip, wireguard, dummy, ip_vs
  std::map<std::string, Link> links;
  std::set<Route> routes;
  std::set<RoutingRule> rules;
  std::set<Neighbour> neighbours;
  std::set<FdbEntry> fdb;
  std::map<std::string, std::string> sysctls;  // "net.ipv4.conf.cali1.rp_filter" -> "0"
  std::map<std::pair<IpFamily, IptBackend>, IptTables> iptables;
  std::map<std::string, IpSet> ipsets;
  std::map<std::pair<std::string, std::string>, NftTable> nft;  // (family, table)
  std::map<std::string, std::string> files;  // endpoint status files: name -> content
};

}  // namespace felixsim
