// SPDX-License-Identifier: Apache-2.0
// Chains of one policy or profile. Mirrors felix/rules/policy.go.
#pragma once

#include "felixsim/messages.h"
#include "felixsim/result.h"
#include "model/rules/chain.h"
#include "model/rules/renderer.h"

namespace felixsim::rules {

// Inbound, then outbound; none for a staged policy. An error is what Felix panics of: an unknown
// action, or in nft ports without a protocol that has them. O(rules x matches).
Result<Chains> policy_chains(const Renderer& r, const msg::PolicyId& id, const msg::Policy& policy);
Result<Chains> profile_chains(const Renderer& r, Symbol id, const msg::Profile& profile);

// Lists that iptables' multiport can hold: 15 slots, a range takes two. Keeps the order.
std::vector<std::vector<msg::PortRange>> split_ports(const std::vector<msg::PortRange>& ports);

}  // namespace felixsim::rules
