// SPDX-License-Identifier: Apache-2.0
#include "sim/report/felix_state.h"

namespace felixsim {

std::string felix_state_text(const NodeFlight& node) {
  switch (node.state) {
    case FelixState::not_started:
      return "not started";
    case FelixState::waiting:
      return "waiting: " + node.reason;
    case FelixState::stopped:
      return "stopped";
    case FelixState::dead:
      return "dead: " + node.reason;
    case FelixState::running:
      break;
  }
  if (node.restarts == 0) return "running";
  return fmt::format("running, after {} restart{}", node.restarts, node.restarts == 1 ? "" : "s");
}

std::string health_text(const NodeFlight& node) {
  const auto& [served, ready] = node.health;
  if (!served) return "liveness 000\nreadiness 000\n";
  return fmt::format("liveness 200\nreadiness {}\n", ready ? 200 : 503);
}

}  // namespace felixsim
