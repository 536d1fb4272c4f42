// SPDX-License-Identifier: Apache-2.0
// What the files behind static_chains.h share: failsafe chains and the marks of BPF programs.
#pragma once

#include <iterator>

#include "model/rules/chain.h"
#include "model/rules/renderer.h"

namespace felixsim::rules {

// Protocols by number: their names need not be known to the node.
inline constexpr uint8_t proto_ipip = 4, proto_udp = 17, proto_icmp_v6 = 58;

// felix/bpf/tc/defs: marks that Felix's BPF programs put on packets.
namespace bpf_mark {
inline constexpr uint32_t bypass = 0x03000000, bypass_xdp = 0x03500000, skip_fib = 0x01100000,
                          fall_through = 0x05000000, masq = 0x03600000, nat_outgoing = 0x03800000,
                          bypass_kind_mask = 0x03f00000, all = 0x1ff00000;
}  // namespace bpf_mark

// Ports that host policy never cuts off. In raw, where nothing is tracked, replies need rules, too.
Chain failsafe_in_chain(const Renderer& r, bool raw);
Chain failsafe_out_chain(const Renderer& r, bool raw);

bool vxlan_on(const Renderer& r);      // for the renderer's IP version
bool wireguard_on(const Renderer& r);  // for the renderer's IP version
// Whether either version has WireGuard with a device.
bool any_wireguard_device(const Renderer& r);

inline void append(std::vector<Rule>& to, std::vector<Rule> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}
inline void append(Chains& to, Chains more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace felixsim::rules
