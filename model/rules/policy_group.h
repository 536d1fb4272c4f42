// SPDX-License-Identifier: Apache-2.0
// Runs of neighbouring policies with the same selector, which share a chain. Mirrors
// felix/rules/endpoints.go (PolicyGroup) and felix/dataplane/linux/endpoint_mgr.go (groupPolicies).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "felixsim/messages.h"
#include "model/rules/chain.h"
#include "model/rules/renderer.h"

namespace felixsim::rules {

enum class Direction : uint8_t { inbound, outbound };  // as seen from the policy

struct PolicyGroup {
  Direction direction = Direction::inbound;
  std::vector<msg::PolicyId> policies;  // at least one
  std::string selector;                 // Policy.original_selector of each
  bool operator==(const PolicyGroup&) const = default;

  std::string chain_name() const;  // costs a hash
  // Without a chain of its own: at most one policy is not staged.
  bool inlined() const;
  bool has_unstaged() const;
};
PolicyGroup make_policy_group(Direction direction, std::string selector,
                              std::vector<msg::PolicyId> policies);

struct TierGroups {
  Symbol name;
  Symbol default_action;  // "Pass" lets packets go on to the next tier; else they are denied
  std::vector<PolicyGroup> ingress, egress;
  bool operator==(const TierGroups&) const = default;
};

// Selector of an active policy; empty for one that is not known.
using SelectorOf = std::function<const std::string&(const msg::PolicyId&)>;

std::vector<PolicyGroup> group_policies(const std::vector<msg::PolicyId>& policies,
                                        Direction direction, const SelectorOf& selector_of);
// Directions that are not wanted stay empty (pre-DNAT has no egress).
std::vector<TierGroups> group_tiers(const std::vector<msg::TierInfo>& tiers,
                                    const SelectorOf& selector_of, bool with_ingress = true,
                                    bool with_egress = true);

// The chain of a group that is not inlined; the same in filter, mangle and raw.
Chain policy_group_chain(const Renderer& r, const PolicyGroup& group);

}  // namespace felixsim::rules
