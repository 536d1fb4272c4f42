// SPDX-License-Identifier: Apache-2.0
// What Felix's validator says against resources that the calc graph takes as they are
// (libcalico-go/lib/validator/v3, called by felix/calc/validation_filter.go), as far as the typed
// values do not hold what it looks at.
#pragma once

#include <string>

#include "model/datastore/json_view.h"
#include "model/datastore/v3_values.h"

namespace felixsim {

// Each takes the spec (or status) of a resource that was read without error; empty if it is fine.
std::string bgp_peer_problem(JsonView spec);
std::string bgp_configuration_problem(JsonView spec);
std::string felix_configuration_problem(JsonView spec);
std::string node_spec_problem(JsonView spec);
std::string node_status_problem(JsonView status);
std::string profile_problem(JsonView spec);
// What every resource has: name, labels, annotations (validateObjectMeta).
std::string metadata_problem(const ObjectMeta& meta);
std::string annotations_problem(const StringMap& annotations);

// Words of the validator's tags.
bool is_valid_name(std::string_view text);      // tag "name": DNS-1123 labels joined by dots
bool is_wireguard_key(std::string_view text);   // wgtypes.ParseKey: 32 bytes in base64
bool is_valid_selector(std::string_view text);  // an empty one is valid, too

// With what words the validator itself ends Felix over a FelixConfiguration; empty if it does not.
std::string felix_configuration_validator_panic(JsonView spec);

}  // namespace felixsim
