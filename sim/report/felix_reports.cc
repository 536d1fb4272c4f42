// SPDX-License-Identifier: Apache-2.0
#include "sim/report/felix_reports.h"

#include "model/node/health.h"
#include "model/node/status_reporter.h"

namespace felixsim {
namespace {

std::string seconds_text(SimTime time) {
  return fmt::format("{}s", static_cast<double>(time) / static_cast<double>(second));
}

FelixHealth health_of(const NodeFlight& node) {
  return node.felix ? node.felix->health() : node.health;
}

std::string late_text(const HealthReporter& part) {
  if (part.late_for() > 0)
    return fmt::format("# {} reports every 10s: timed out for {} of them\n", part.name,
                       seconds_text(part.late_for()));
  if (part.repeats || part.timeout == 0) return {};
  return fmt::format("# {} reports once: timed out from {} on\n", part.name,
                     seconds_text(part.spoke_up + part.timeout));
}

std::string id_text(const EndpointId& id) {
  if (const auto* workload = std::get_if<msg::WorkloadEndpointId>(&id))
    return fmt::format("workload {} {} {}", workload->orchestrator.view(),
                       workload->workload.view(), workload->endpoint.view());
  return fmt::format("host {}", std::get<Symbol>(id).view());
}

std::string key_text(const std::string& key, const StatusValue& value, bool times_known) {
  std::string out = fmt::format("{} {}", key, value.text);
  if (times_known) {
    out += "  # written at " + seconds_text(value.written);
    if (value.expires) out += ", expires at " + seconds_text(*value.expires);
  }
  return out + "\n";
}

// When it writes, and what waits for that.
std::string plan_text(const Config& config, const StatusReporter& reporter) {
  if (config.text("DatastoreType") == "kubernetes")
    return "# nothing is written: the datastore of Kubernetes has no such keys\n";
  if (!config.boolean("EndpointReportingEnabled"))
    return "# endpoints are not written to the datastore: EndpointReportingEnabled is false\n";
  const SimTime delay = config.duration("EndpointReportingDelaySecs").count;
  std::string out =
      fmt::format("# endpoints are written to the datastore one each {}, compared each {}\n",
                  seconds_text(delay), seconds_text(180 * delay));
  for (const auto& write : reporter.pending())
    out += fmt::format("# waits: {} {}\n", write.key,
                       write.status.empty() ? "to be deleted" : write.status);
  return out;
}

}  // namespace

std::string health_codes(const NodeFlight& node) {
  const FelixHealth health = health_of(node);
  if (!health.answers(node.now)) return "liveness 000\nreadiness 000\n";
  return fmt::format("liveness {}\nreadiness {}\n", health.live(node.now) ? 200 : 503,
                     health.ready(node.now) ? 200 : 503);
}

std::string health_text(const NodeFlight& node) {
  std::string out = health_codes(node);
  const FelixHealth health = health_of(node);
  if (health.answers(node.now)) {
    out += health_table(health, node.now) + "\n";
    for (const auto& part : health.reporters) out += late_text(part);
  }
  if (!node.times_known) return out;
  for (const auto& [at, what] : node.life)
    out += fmt::format("# {}: Felix {}\n", seconds_text(at), what);
  return out;
}

std::string statuses_text(const NodeFlight& node) {
  std::string out;
  if (node.felix)
    for (const auto& [id, status] : node.felix->endpoint_statuses())
      out += fmt::format("{} {}\n", id_text(id), status);
  return out;
}

std::string reports_text(const NodeFlight& node) {
  std::string out;
  for (const auto& [key, value] : keys_at(node.status_keys, node.now))
    out += key_text(key, value, node.times_known);
  const StatusReporter* reporter = node.felix ? node.felix->status_reporter() : nullptr;
  return reporter ? out + plan_text(*node.felix->config(), *reporter) : out;
}

}  // namespace felixsim
