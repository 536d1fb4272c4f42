// SPDX-License-Identifier: Apache-2.0
// Where a policy or profile in force at a moment comes from: the line of its file, or the event.
#pragma once

#include <span>

#include "sim/analysis/probe.h"
#include "sim/cli/input.h"

namespace felixsim::cli {

// Fills in `origin` of each decision that a resource made. From a log it reads events backwards
// from the moment until all are found.
Status add_origins(const Input& input, const Moment& moment, std::vector<Decision>& decisions);

// The same from a list of events, those before the moment.
void add_origins_from(std::span<const Event> events, std::vector<Decision>& decisions);

}  // namespace felixsim::cli
