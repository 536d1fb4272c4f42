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

}  // namespace felixsim
