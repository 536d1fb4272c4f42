// SPDX-License-Identifier: Apache-2.0
// Chains of the table `arp calico-arp` (nft, whatever the mode; IPv4 only): the host's proxy ARP
// must not answer a workload's question for its own address. Mirrors endpoint_mgr.go
// (updateWorkloadARPChains, resolveWorkloadEndpoints) of felix/dataplane/linux.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "felixsim/ip.h"
#include "model/rules/chain.h"

namespace felixsim::rules {

Chain workload_arp_chain(std::string_view interface, const std::vector<Cidr>& ipv4_nets);
Chain arp_dispatch_chain();
std::map<std::string, std::string> arp_dispatch_map(const std::vector<std::string>& interfaces);

}  // namespace felixsim::rules
