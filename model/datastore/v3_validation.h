// SPDX-License-Identifier: Apache-2.0
// What Felix's validator says against resources that the calc graph takes as they are
// (libcalico-go/lib/validator/v3, called by felix/calc/validation_filter.go), as far as the typed
// values do not hold what it looks at.
// Left out: rules of v3 Profiles, annotations, regular expressions.
#pragma once

#include <string>

#include "model/datastore/json_view.h"

namespace felixsim {

// Each takes the spec (or status) of a resource that was read without error; empty if it is fine.
std::string bgp_peer_problem(JsonView spec);
std::string bgp_configuration_problem(JsonView spec);
std::string felix_configuration_problem(JsonView spec);
std::string node_spec_problem(JsonView spec);
std::string node_status_problem(JsonView status);

}  // namespace felixsim
