// SPDX-License-Identifier: Apache-2.0
// One sentence on whether a node's Felix runs, and if not, why; and on what it cannot do.
#pragma once

#include <string>

#include "sim/engine/cluster.h"

namespace felixsim {

// "running", "running, after 2 restarts", "waiting: ...", "stopped", "dead: ...", "not started".
std::string felix_state_text(const NodeFlight& node);

// What a plan that counts on WireGuard must know of the node: it is asked for, and its kernel has
// none. Empty: nothing.
std::string wireguard_problem(const NodeFlight& node);
// The same of BPF: what is predicted is Felix without it. Empty: nobody asks for it.
std::string bpf_problem(const NodeFlight& node);

// What an HTTP probe of Felix's health port answers, as a recording's health.txt has it.
std::string health_text(const NodeFlight& node);
// That, and who inside Felix reports health, with timeouts.
std::string health_reporters_text(const NodeFlight& node);

// "workload k8s default/pod1 eth0 up": what the dataplane says of each endpoint, and when Felix
// writes it to the datastore.
std::string statuses_text(const NodeFlight& node);

}  // namespace felixsim
