// SPDX-License-Identifier: Apache-2.0
// The inside of SimulatedKernel: the state, what is derived from it, and the front-ends that change
// it. Each front-end is a free function over KernelCore.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "felixsim/kernel_op.h"
#include "model/kernel/ipt_validation.h"
#include "model/kernel/iptables_text.h"
#include "model/kernel/simulated_kernel.h"

namespace felixsim {

// How often things are referred to; used for look-up only, never iterated.
using ReferenceCounts = std::unordered_map<std::string, int>;

struct IptTableKey {
  IpFamily family = IpFamily::v4;
  IptBackend backend = IptBackend::nft;
  std::string table;
  auto operator<=>(const IptTableKey&) const = default;
};

// What the rules of one iptables table refer to.
struct IptReferences {
  ReferenceCounts chains;           // rules that jump or go to a chain
  int limited = 0;                  // rules that not every hook may reach
  std::optional<IptDepths> depths;  // of nft tables, once they have been looked at
};

// Where the rules of a chain send packets, and which statements they have that may not stand
// everywhere (nft_validation.cc).
struct NftExits {
  std::vector<std::string> chains, maps;
  uint32_t limited = 0;
};

// How packets come to a chain: over how many chains at most (0: not at all, else both ends count),
// and what may stand there at least. Never too good, but too bad where rules have gone since.
struct NftReach {
  int depth = 0;
  uint32_t allowed = ~uint32_t{0};
};

// What the rules and maps of one nftables table refer to, and the intervals of its interval sets
// (first address -> last), which are built when a set is first changed.
struct NftIndex {
  ReferenceCounts chains, sets;
  std::map<std::string, std::map<Ip, Ip>> intervals;
  std::map<std::string, NftExits> exits;  // of chains that did not change since they were looked at
  // Known since the table was last looked at as a whole; used for look-up only.
  std::optional<std::unordered_map<std::string, NftReach>> reach;
  std::unordered_map<std::string, std::set<std::string>> map_users;  // chains that look a map up
};

struct KernelCore {
  KernelState state;
  std::map<IptTableKey, IptReferences> ipt_references;
  // The built-in chains that the nft tools made; the others are only shown.
  std::map<IptTableKey, std::set<std::string>> ipt_made_chains;
  ReferenceCounts set_references;                               // rules that match on an IP set
  std::map<std::pair<std::string, std::string>, NftIndex> nft;  // (family, table)
  int next_link_index = 1;
  std::vector<KernelChange> changes;
  uint64_t links_version = 1;                     // grows with each change of a link or an address
  std::map<std::string, HostWorkload> workloads;  // by pod

  explicit KernelCore(KernelState initial);
};

// What an iptables rule in saved words refers to: its chain and its sets.
void count_ipt_rule(KernelCore& core, IptReferences& references, const IptRule& rule, int delta);

// The same for a rule, or the value of a map element, of nftables.
void count_nft_text(NftIndex& index, std::string_view text, int delta);

// (family, name) of a table of nftables.
using TableName = std::pair<std::string, std::string>;

// Linux refuses statements that a packet could meet at a hook that is not theirs, however it gets
// there, and ways of too many chains. 0, or the errno. O(table).
int check_nft_table(KernelCore& core, const TableName& table_name);
// The same for what a transaction put into a table: rules of chains and values of maps. O(what is
// behind them), but O(table) where the table was not looked at before or something may be wrong.
struct NftAddition {
  TableName table;
  std::string chain, map;  // one of them
  std::string text;
};
int check_nft_additions(KernelCore& core, const std::vector<NftAddition>& additions);

// Command front-ends. `words` are the whole command line. `text` of the answer is what the tool
// prints to stderr, or to stdout where it succeeds.
using CommandWords = std::vector<std::string_view>;
KernelAnswer run_iptables(KernelCore& core, const CommandWords& words, std::string_view input);
KernelAnswer run_ipset(KernelCore& core, const CommandWords& words, std::string_view input);
KernelAnswer run_nft(KernelCore& core, const CommandWords& words, std::string_view input);
KernelAnswer run_ip(KernelCore& core, const CommandWords& words);
KernelAnswer run_bridge(KernelCore& core, const CommandWords& words);
KernelAnswer run_sysctl(KernelCore& core, const CommandWords& words);
KernelAnswer run_wg(KernelCore& core, const CommandWords& words);

// What netlink, /proc/sys and files do: errno, or 0.
KernelAnswer apply_route(KernelCore& core, const RouteOp& op);
KernelAnswer apply_rule(KernelCore& core, const RuleOp& op);
KernelAnswer apply_neighbour(KernelCore& core, const NeighbourOp& op);
KernelAnswer apply_fdb(KernelCore& core, const FdbOp& op);
KernelAnswer apply_link_add(KernelCore& core, const LinkAddOp& op);
KernelAnswer apply_link_remove(KernelCore& core, const LinkRemoveOp& op);
KernelAnswer apply_link_set(KernelCore& core, const LinkSetOp& op);
KernelAnswer apply_address(KernelCore& core, const AddressOp& op);
KernelAnswer apply_wireguard(KernelCore& core, const WireguardOp& op);
KernelAnswer apply_sysctl(KernelCore& core, const SysctlOp& op);

// An interface's sysctls as the kernel makes them for a new one: those of `default`.
void add_interface_sysctls(KernelState& state, const std::string& device);

}  // namespace felixsim
