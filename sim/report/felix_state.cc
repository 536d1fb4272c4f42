// SPDX-License-Identifier: Apache-2.0
#include "sim/report/felix_state.h"

#include "model/node/health.h"

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

std::string health_text(const NodeFlight& node) {
  const auto& [served, ready] = node.health;
  if (!served) return "liveness 000\nreadiness 000\n";
  return fmt::format("liveness 200\nreadiness {}\n", ready ? 200 : 503);
}

namespace {

std::string seconds_text(SimTime time) {
  return fmt::format("{}s", static_cast<double>(time) / static_cast<double>(second));
}

std::string id_text(const EndpointId& id) {
  if (const auto* workload = std::get_if<msg::WorkloadEndpointId>(&id))
    return fmt::format("workload {} {} {}", workload->orchestrator.view(),
                       workload->workload.view(), workload->endpoint.view());
  return fmt::format("host {}", std::get<Symbol>(id).view());
}

}  // namespace

std::string health_reporters_text(const NodeFlight& node) {
  std::string out = health_text(node);
  const Config* config = node.felix ? node.felix->config() : nullptr;
  if (!config) return out;
  for (const auto& reporter : health_reporters(*config)) {
    out += fmt::format("{:<27}timeout {}{}\n", reporter.name,
                       reporter.timeout == 0 ? "-" : seconds_text(reporter.timeout),
                       reporter.overridden ? " (override)" : "");
    if (reporter.late_for() > 0)
      out += fmt::format("    it reports every 10s: not live and not ready for {} of them\n",
                         seconds_text(reporter.late_for()));
  }
  return out;
}

std::string statuses_text(const NodeFlight& node) {
  const Config* config = node.felix ? node.felix->config() : nullptr;
  if (!config) return {};
  std::string out;
  for (const auto& [id, status] : node.felix->endpoint_statuses())
    out += fmt::format("{} {}\n", id_text(id), status);
  if (!config->boolean("EndpointReportingEnabled"))
    return out + "# not written to the datastore: EndpointReportingEnabled is false\n";
  // statusrep: one key a tick, and all of the node's keys are compared each 180th.
  const SimTime delay = config->duration("EndpointReportingDelaySecs").count;
  return out + fmt::format("# written to the datastore one each {}, checked each {}\n",
                           seconds_text(delay), seconds_text(180 * delay));
}

}  // namespace felixsim
