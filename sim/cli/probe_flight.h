// SPDX-License-Identifier: Apache-2.0
// A flight of only those nodes that a probe's packets can meet.
#pragma once

#include "sim/analysis/probe.h"
#include "sim/cli/input.h"

namespace felixsim::cli {

// As fly(), but where both ends are known to be on certain nodes, only these nodes compute. An
// address of nobody may be a service's: then all do.
Result<Flight> fly_for_probe(const Input& input, FlightRequest request, const ProbeRequest& probe);

}  // namespace felixsim::cli
