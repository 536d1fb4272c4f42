// SPDX-License-Identifier: Apache-2.0
// Which values Felix refuses although they parse; it treats them as deleted. Mirrors
// felix/calc/validation_filter.go and what libcalico-go/lib/validator/{v1,v3} check of the values
// that reach the calc graph. Left out: fields that resource.h does not keep.
#pragma once

#include <optional>
#include <string>

#include "felixsim/resource.h"
#include "model/calc/graph_options.h"

namespace felixsim::calc {

// What is wrong with the value, or nothing. Deletions are always right.
std::optional<std::string> find_invalid(const Update& update, const LiveConfig& config);

}  // namespace felixsim::calc
