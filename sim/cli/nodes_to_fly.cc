// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/nodes_to_fly.h"

#include <algorithm>
#include <cctype>

namespace felixsim::cli {
namespace {

bool mentions_wireguard(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text.find("wireguardenabled") != std::string::npos;
}

bool asks_for_wireguard(const Event& event) {
  if (const auto* process = std::get_if<ProcessEvent>(&event.body))
    return mentions_wireguard(process->felix_cfg.value_or("")) ||
           std::any_of(process->environment.begin(), process->environment.end(),
                       [](const auto& entry) { return mentions_wireguard(entry.first); });
  const auto* datastore = std::get_if<DatastoreEvent>(&event.body);
  if (!datastore || !datastore->value) return false;
  const bool is_configuration = datastore->key.find("/felixconfigurations/") != std::string::npos ||
                                datastore->key.find("/config/") != std::string::npos;
  return is_configuration && mentions_wireguard(datastore->key + *datastore->value);
}

bool is_node_without_key(const Event& event) {
  const auto* datastore = std::get_if<DatastoreEvent>(&event.body);
  return datastore && datastore->value &&
         datastore->key.find("/projectcalico.org/nodes/") != std::string::npos &&
         datastore->value->find("\"wireguardPublicKey") == std::string::npos;
}

}  // namespace

std::set<std::string> nodes_to_fly(const std::vector<Event>& events,
                                   const std::set<std::string>& requested) {
  const bool keys_are_missing = std::any_of(events.begin(), events.end(), is_node_without_key) &&
                                std::any_of(events.begin(), events.end(), asks_for_wireguard);
  return keys_are_missing ? std::set<std::string>() : requested;
}

}  // namespace felixsim::cli
