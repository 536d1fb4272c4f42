// SPDX-License-Identifier: Apache-2.0
// Chains of NAT-outgoing, floating IPs, blocked service addresses and DSCP marking. Mirrors
// felix/rules/nat.go and dscp.go. Addresses are text, sorted bytewise as Felix does.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/rules/chain.h"
#include "model/rules/renderer.h"

namespace felixsim::rules {

Chain nat_outgoing_chain(const Renderer& r, bool active);

Chain dnat_chain(const Renderer& r, const std::map<std::string, std::string>& external_to_internal);
Chain snat_chain(const Renderer& r, const std::map<std::string, std::string>& internal_to_external);

// CIDRs of the other family are left out; order does not matter.
Chain blocked_cidrs_chain(const Renderer& r, std::vector<std::string> cidrs);

struct DscpRule {
  std::string source;  // address or CIDR
  uint8_t value = 0;
};
Chain egress_dscp_chain(const Renderer& r, const std::vector<DscpRule>& rules);  // in this order

}  // namespace felixsim::rules
