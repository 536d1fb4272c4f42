// SPDX-License-Identifier: Apache-2.0
// Calc-graph messages as JSON lines: {"t": "IPSetUpdate", "m": {...}}, fields as in Felix's
// protobuf.
#pragma once

#include <span>
#include <string>

#include "felixsim/messages.h"

namespace felixsim {

// A `node` that is not empty goes into each line as "node".
std::string message_lines(std::span<const msg::Message> messages, const std::string& node = {});

}  // namespace felixsim
