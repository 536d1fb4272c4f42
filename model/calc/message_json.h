// SPDX-License-Identifier: Apache-2.0
// Messages printed as Go's protojson prints them with proto field names: default values left out,
// 64-bit integers as strings, enums as names. Keys are sorted.
#pragma once

#include <string>
#include <string_view>

#include "felixsim/messages.h"

namespace felixsim::calc {

// The name in felixbackend.proto: "IPSetUpdate", "WorkloadEndpointRemove", ...
std::string_view message_name(const msg::Message& message);

// One JSON object, without white space.
std::string message_json(const msg::Message& message);

// {"t": name, "m": message}, as in the calc vectors and in `felixsim messages`.
std::string tagged_message_json(const msg::Message& message);

std::string rule_json(const msg::Rule& rule);

}  // namespace felixsim::calc
