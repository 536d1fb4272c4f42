// SPDX-License-Identifier: Apache-2.0
// Chains that depend on configuration only. Mirrors felix/rules/static.go. Order of chains and
// rules is Felix's.
#pragma once

#include "model/rules/chain.h"
#include "model/rules/renderer.h"

namespace felixsim::rules {

Chains static_filter_chains(const Renderer& r);
Chains static_mangle_chains(const Renderer& r);
Chains static_nat_chains(const Renderer& r);
Chains static_nat_postrouting_chains(const Renderer& r);  // all of nat there is in BPF mode
Chains static_raw_chains(const Renderer& r);
Chains static_bpf_raw_chains(const Renderer& r, bool wireguard_encrypts_host,
                             bool bypass_host_conntrack);

// Rules that go to the end of the kernel's own FORWARD chain.
std::vector<Rule> static_filter_forward_append_rules(const Renderer& r);

// Rules that let WireGuard in; also part of cali-INPUT.
std::vector<Rule> allow_wireguard_rules(const Renderer& r, Verdict allow);
// Rules for the ICMPv6 that a router must answer.
std::vector<Rule> icmp_v6_rules(const Renderer& r, Verdict verdict);
// Drops packets that fail the reverse path check, of those with this mark.
std::vector<Rule> rpf_rules(const Renderer& r, uint32_t mark, uint32_t mask, bool openstack,
                            Verdict deny);

Chain wireguard_incoming_mark_chain(const Renderer& r);

// Sources that workload interfaces may use although routing says otherwise, in the given order:
// interface and network. Networks of the other family are left out. Mirrors endpoint_mgr.go
// updateRPFSkipChain.
Chain rpf_skip_chain(const Renderer& r,
                     const std::vector<std::pair<std::string, Cidr>>& allowed_sources);

}  // namespace felixsim::rules
