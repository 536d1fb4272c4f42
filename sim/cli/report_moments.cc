// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/report_moments.h"

namespace felixsim::cli {
namespace {

// Adds up to `room` of `candidates`, evenly spread, the last one among them.
void add_evenly(const std::vector<size_t>& candidates, size_t room, std::set<size_t>& chosen) {
  const size_t count = std::min(room, candidates.size());
  for (size_t i = 1; i <= count; ++i) chosen.insert(candidates[i * candidates.size() / count - 1]);
}

}  // namespace

std::vector<size_t> choose_report_moments(const std::vector<Event>& events, size_t limit) {
  std::set<size_t> chosen{events.size()};
  std::vector<size_t> steps, others;
  for (size_t i = 0; i < events.size(); ++i)
    if (std::holds_alternative<StepEvent>(events[i].body)) steps.push_back(i + 1);
  add_evenly(steps, limit - chosen.size(), chosen);
  for (size_t i = 0; i <= events.size(); ++i)
    if (!chosen.contains(i)) others.push_back(i);
  if (limit > chosen.size()) add_evenly(others, limit - chosen.size(), chosen);
  return {chosen.begin(), chosen.end()};
}

std::string moment_label(const std::vector<Event>& events, size_t moment) {
  if (moment == 0) return "before the first event";
  const Event& event = events[moment - 1];
  if (const auto* step = std::get_if<StepEvent>(&event.body))
    return fmt::format("step {} {}", step->number, step->name);
  if (const auto* change = std::get_if<DatastoreEvent>(&event.body))
    return fmt::format("{} {}", change->value ? "put" : "delete",
                       change->key.substr(change->key.rfind('/') + 1));
  if (const auto* host = std::get_if<HostEvent>(&event.body)) return "host " + host->node;
  return "Felix on " + std::get<ProcessEvent>(event.body).node;
}

}  // namespace felixsim::cli
