// SPDX-License-Identifier: Apache-2.0
// What a node's Felix tells the world of itself: its answers to health probes, and what it wrote to
// the datastore of its endpoints and of itself.
#pragma once

#include <string>

#include "sim/engine/cluster.h"

namespace felixsim {

// The codes of an HTTP probe of Felix's health port, as a recording's health.txt has them.
std::string health_codes(const NodeFlight& node);
// Those, the body of the answer, which reports come too seldom for their timeouts, and, where times
// are known, what became of Felix so far.
std::string health_text(const NodeFlight& node);

// "workload k8s default/pod1 eth0 up": what the dataplane says of each endpoint.
std::string statuses_text(const NodeFlight& node);

// What Felix told the datastore of its endpoints and of itself: the keys that are there, with their
// values and times, and what waits to be written. Changes with time alone.
std::string reports_text(const NodeFlight& node);

}  // namespace felixsim
