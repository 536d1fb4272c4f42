// SPDX-License-Identifier: Apache-2.0
// Values printed as the datastore would hold them: JSON with the field names of
// libcalico-go/lib/backend/model, or bare text for configuration, the ready flag and host
// addresses. Empty fields are left out. For v3 resources that Felix reads as they are (Node,
// Service, ...) only the fields that Value keeps are printed.
#pragma once

#include <string>

#include "felixsim/resource.h"

namespace felixsim {

std::string value_text(const Value& value);

}  // namespace felixsim
