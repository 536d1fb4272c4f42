// SPDX-License-Identifier: Apache-2.0
// The matches of one policy rule. Mirrors felix/rules/policy.go (FilterRuleToIPVersion,
// ProtoRuleToIptablesRules, matchBlockBuilder, CalculateRuleMatch).
#pragma once

#include <optional>
#include <vector>

#include "felixsim/messages.h"
#include "felixsim/result.h"
#include "model/rules/chain.h"
#include "model/rules/renderer.h"

namespace felixsim::rules {

// What one rule of the tools cannot hold (several networks of one side, more than 15 ports, named
// and numeric ports together) goes to `out` as blocks of rules that leave their result in the
// scratch marks. The rest is appended to `match`, which is given back for an action. Nothing comes
// back, and nothing goes to `out`, if the rule is not for the renderer's IP version. An error is
// what Felix panics of.
Result<std::optional<RuleBuilder>> render_matches(const Renderer& r, const msg::Rule& rule,
                                                  RuleBuilder match, std::vector<Rule>& out);

// Whether a rule's chain asks about the networks of its source and of its destination. Of several
// blocks of alternatives it asks two: the mark of the second is not cleared before the third writes
// to it (matchBlockBuilder.finishPositiveBlock), so that the third always matches. Blocks of ports
// come first, which leaves the networks.
struct AskedNets {
  bool source = true, destination = true;
};
AskedNets asked_nets(const msg::Rule& rule, IpFamily family);

}  // namespace felixsim::rules
