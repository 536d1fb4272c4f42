// SPDX-License-Identifier: Apache-2.0
// Calico manifests: each resource is stored as calicoctl stores it (replay/scenario knows how), in
// the order of the text. A manifest has no revisions and no times, so neither have the events.
#include <fmt/format.h>

#include "replay/capture/capture.h"
#include "replay/capture/manifest.h"
#include "replay/capture/record_reader.h"
#include "replay/scenario/resources.h"
#include "replay/scenario/scenario.h"

namespace felixsim {

Result<std::vector<Event>> store_calico_resources(const std::vector<ManifestItem>& items,
                                                  const std::string& name) {
  const scenario::Reader reader(name);
  Scenario scenario;
  scenario.file = name;
  scenario.steps.emplace_back();
  for (const auto& item : items) {
    if (auto checked = scenario::check_resource(reader, *item.node); !checked)
      return forward(checked);
    DatastoreChange change;
    change.json = yaml::to_json(*item.node);
    change.place = item.node->place;
    scenario.steps[0].datastore.push_back(std::move(change));
  }
  auto told = to_events(scenario);
  if (!told) return forward(told);
  std::vector<Event> events;
  for (auto& event : *told)
    if (auto* change = std::get_if<DatastoreEvent>(&event.body)) {
      change->revision = 0;
      events.push_back({0, std::nullopt, std::move(*change)});
    }
  return events;
}

Result<std::vector<Event>> import_calicoctl_text(const std::string& text, const std::string& name) {
  auto items = manifest_items(text, name);
  if (!items) return forward(items);
  return store_calico_resources(*items, name);
}

Result<std::vector<Event>> import_calicoctl(const std::string& path) {
  auto text = read_text(path, max_manifest_bytes);
  if (!text) return forward(text);
  return import_calicoctl_text(*text, path == "-" ? "standard input" : path);
}

}  // namespace felixsim
