// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/encapsulation.h"

#include <algorithm>

#include "model/node/start_up.h"

namespace felixsim::reach {
namespace {

bool equal_without_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

bool is_limit(Symbol name) {
  constexpr std::string_view names[] = {"VXLANPort", "AllowVXLANPacketsFromWorkloads",
                                        "AllowIPIPPacketsFromWorkloads"};
  return std::any_of(std::begin(names), std::end(names), [&](std::string_view known) {
    return equal_without_case(name.view(), known);
  });
}

bool is_scoped(const Key& key) {  // a FelixConfiguration with a node selector
  const auto* resource = std::get_if<ResourceKey>(&key);
  return resource && resource->kind.view() == "FelixConfiguration";
}

bool concerns(const Key& key) {
  if (const auto* global = std::get_if<GlobalConfigKey>(&key)) return is_limit(global->name);
  if (const auto* host = std::get_if<HostConfigKey>(&key)) return is_limit(host->name);
  const auto* resource = std::get_if<ResourceKey>(&key);
  return is_scoped(key) || (resource && resource->kind.view() == "Node");
}

}  // namespace

bool EncapsulationConfig::update(const Update& update) {
  if (!concerns(update.key)) return false;
  if (update.value)
    values_[update.key] = update.value;
  else
    values_.erase(update.key);
  const auto* resource = std::get_if<ResourceKey>(&update.key);
  const bool node = resource && !is_scoped(update.key);
  // Labels of nodes matter to scoped configurations alone.
  if (node && std::none_of(values_.begin(), values_.end(),
                           [](const auto& entry) { return is_scoped(entry.first); }))
    return false;
  known_.clear();
  return true;
}

bool EncapsulationConfig::has_own_values(Symbol host) const {
  return std::any_of(values_.begin(), values_.end(), [&](const auto& entry) {
    const auto* key = std::get_if<HostConfigKey>(&entry.first);
    return is_scoped(entry.first) || (key && key->host == host);
  });
}

EncapsulationLimits EncapsulationConfig::of(Symbol host) const {
  const Symbol key = has_own_values(host) ? host : Symbol();
  const auto [it, fresh] = known_.try_emplace(key);
  if (!fresh) return it->second;
  std::vector<Update> snapshot;
  for (const auto& [name, value] : values_) snapshot.push_back({name, value});
  const auto given = node::datastore_config(snapshot, key);
  Config config;
  // A value of which Felix dies leaves the default.
  (void)config.set_source(ConfigSource::datastore_global, given.global);
  (void)config.set_source(ConfigSource::datastore_selector, given.selector);
  (void)config.set_source(ConfigSource::datastore_host, given.host);
  it->second = {static_cast<int>(config.integer("VXLANPort")),
                config.boolean("AllowVXLANPacketsFromWorkloads"),
                config.boolean("AllowIPIPPacketsFromWorkloads")};
  return it->second;
}

}  // namespace felixsim::reach
