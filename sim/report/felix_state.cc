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

std::string wireguard_problem(const NodeFlight& node) {
  const Config* config = node.felix ? node.felix->config() : nullptr;
  const bool asked =
      config && (config->boolean("WireguardEnabled") || config->boolean("WireguardEnabledV6"));
  if (!asked || !node.kernel.state().lacks.contains("wireguard")) return {};
  return fmt::format(
      "WireGuard is asked for, but the kernel of {} has no wireguard devices: nothing that it "
      "sends "
      "or gets is encrypted",
      node.name);
}

std::string bpf_problem(const NodeFlight& node) {
  const Config* config = node.felix ? node.felix->config() : nullptr;
  if (!config || !config->raw_values(ConfigSource::internal_override).contains("BPFEnabled"))
    return {};
  return fmt::format(
      "BPF mode is asked for on {}, and is not modelled: this is what Felix does where its kernel "
      "has no BPF",
      node.name);
}

}  // namespace felixsim
