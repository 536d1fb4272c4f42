// SPDX-License-Identifier: Apache-2.0
// The JSON of the `rules` family: Felix's protobuf messages in, chains out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "felixsim/messages.h"
#include "model/rules/chain.h"
#include "model/rules/policy_group.h"
#include "model/rules/rules_config.h"
#include "tests/conformance/conform.h"

namespace felixsim::conform {

rules::RulesConfig rules_config_of(const json& meta);
rules::Features features_of(const json& features);

msg::PolicyId policy_id_of(const json& id);
msg::Policy policy_of(const json& policy);  // also a profile's two lists of rules
std::vector<rules::TierGroups> tiers_of(const json& tiers);
std::optional<QosControls> qos_of(const json& line);
std::vector<Symbol> symbols_of(const json& list);
std::vector<std::string> strings_of(const json& list);  // null is empty

json chains_json(const rules::Chains& chains, rules::Dialect dialect);

}  // namespace felixsim::conform
