// SPDX-License-Identifier: Apache-2.0
// The protobuf bytes of a rule, and the ids that Felix chains from them. Mirrors
// felix/calc/rule_convert.go (fillInRuleIDs) and the order in which Go's protobuf marshals a
// felix.Rule: fields by number, then the oneofs icmp and not_icmp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "felixsim/messages.h"

namespace felixsim::calc {

// Wire bytes of `rule` without its rule_id. Annotations are written in order of keys; Felix's order
// is random, so ids of rules with several annotations are not stable in Felix either.
std::string rule_wire_bytes(const msg::Rule& rule);

// Sets every rule_id: each is a hash over the rule and all rules before it. `seed` names the policy
// or profile and the direction ("pol-in-default/<name>").
void fill_rule_ids(std::vector<msg::Rule>& rules, std::string_view seed);

}  // namespace felixsim::calc
