// SPDX-License-Identifier: Apache-2.0
// A resource's JSON as Go prints it after reading it: durations, ports, protocols and AS numbers in
// one spelling, flags that are false and counts that are 0 left out where Go has them "omitempty".
// Goes by the names of members, which mean the same in all of Calico's v3 kinds.
// Left out: members unknown to Go stay, and names keep their case.
#pragma once

#include "model/datastore/json_view.h"
#include "model/datastore/json_writer.h"

namespace felixsim {

// Writes the object's members, without the braces.
void write_canonical_members(JsonWriter& out, JsonView object);
void write_canonical(JsonWriter& out, JsonView value);

}  // namespace felixsim
