// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/state.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "model/datastore/key_text.h"

namespace felixsim::reach {
namespace {

// The one host of the graph; an endpoint keeps its own in front of its name.
const Symbol& everywhere() {
  static const Symbol name("felixsim-reach");
  return name;
}
constexpr char separator = '\n';

Symbol joined(Symbol host, Symbol endpoint) {
  return Symbol(host.str() + separator + endpoint.str());
}

EndpointName name_of(const WorkloadEndpointKey& key) {
  const std::string& text = key.endpoint.str();
  const size_t at = text.find(separator);
  return {key.workload, Symbol(std::string_view(text).substr(0, at)),
          Symbol(std::string_view(text).substr(at + 1))};
}

calc::GraphOptions graph_options() {
  calc::GraphOptions options;
  options.hostname = everywhere();
  options.overlap_suppression = false;  // members that others cover change nothing here
  options.sends_workloads = false;
  return options;
}

// The same update, with every endpoint on the graph's host. Routes, nodes and services' addresses
// have no say in policy.
std::optional<Update> as_local(const Update& update) {
  if (const auto* key = std::get_if<WorkloadEndpointKey>(&update.key))
    return Update{WorkloadEndpointKey{everywhere(), key->orchestrator, key->workload,
                                      joined(key->host, key->endpoint)},
                  update.value};
  if (const auto* key = std::get_if<HostEndpointKey>(&update.key))
    return Update{HostEndpointKey{everywhere(), joined(key->host, key->endpoint)}, update.value};
  if (std::holds_alternative<IpPoolKey>(update.key) || std::holds_alternative<BlockKey>(update.key))
    return std::nullopt;
  return update;
}

std::vector<msg::IpSetMember> with_changes(const std::vector<msg::IpSetMember>& members,
                                           const msg::IpSetDeltaUpdate& delta) {
  std::vector<msg::IpSetMember> kept, out;
  std::set_difference(members.begin(), members.end(), delta.removed.begin(), delta.removed.end(),
                      std::back_inserter(kept));
  std::set_union(kept.begin(), kept.end(), delta.added.begin(), delta.added.end(),
                 std::back_inserter(out));
  return out;
}

}  // namespace

ClusterState::ClusterState() : graph_(graph_options()) {
  graph_.on_status(calc::SyncStatus::in_sync);
}

Changes ClusterState::update(std::span<const Update> updates, std::vector<Refused>* refused) {
  Changes changes;
  std::vector<Update> local;
  local.reserve(updates.size());
  for (const auto& update : updates) {
    changes.limits = encapsulation_.update(update) || changes.limits;
    keep_source(update);
    if (auto one = as_local(update)) local.push_back(std::move(*one));
  }
  std::vector<calc::InvalidUpdate> invalid;
  graph_.on_updates(local, &invalid);
  if (refused) {
    for (const auto& bad : invalid)
      refused->push_back({key_text(local[bad.index].key), bad.reason});
  }
  const auto messages = graph_.flush();
  if (graph_.panic()) return changes;
  for (const auto& message : messages) on(message, changes);
  take_endpoints(local, invalid, changes);
  std::sort(changes.endpoints.begin(), changes.endpoints.end());
  changes.endpoints.erase(std::unique(changes.endpoints.begin(), changes.endpoints.end()),
                          changes.endpoints.end());
  return changes;
}

void ClusterState::take_endpoints(std::span<const Update> local,
                                  const std::vector<calc::InvalidUpdate>& invalid,
                                  Changes& changes) {
  auto bad = invalid.begin();
  for (size_t i = 0; i < local.size(); ++i) {
    const bool usable = local[i].value && (bad == invalid.end() || bad->index != i);
    if (bad != invalid.end() && bad->index == i) ++bad;
    if (const auto* key = std::get_if<WorkloadEndpointKey>(&local[i].key))
      changes.endpoints.push_back(take_endpoint(*key, usable ? local[i].value : nullptr));
  }
}

EndpointName ClusterState::take_endpoint(const WorkloadEndpointKey& key, const ValuePtr& value) {
  const EndpointName name = name_of(key);
  if (value)
    endpoints_[name] = {value, key, graph_.number_of(key)};
  else
    endpoints_.erase(name);
  return name;
}

void ClusterState::keep_source(const Update& update) {
  const auto keep = [&](auto& map, const auto& key) {
    if (update.value)
      map[key] = update.value;
    else
      map.erase(key);
  };
  if (const auto* policy = std::get_if<PolicyKey>(&update.key)) keep(sources_.policies, *policy);
  if (const auto* rules = std::get_if<ProfileRulesKey>(&update.key))
    keep(sources_.profile_rules, rules->name);
  const auto* resource = std::get_if<ResourceKey>(&update.key);
  if (!resource || resource->kind.view() != "Profile") return;
  if (update.value)
    sources_.profile_labels[resource->name] = std::get<Profile>(*update.value).labels_to_apply;
  else
    sources_.profile_labels.erase(resource->name);
}

void ClusterState::on(const msg::Message& message, Changes& changes) {
  if (const auto* policy = std::get_if<msg::ActivePolicyUpdate>(&message)) {
    policies_[policy->id] = policy->policy;
    changes.policies.insert(policy->id);
  } else if (const auto* unused = std::get_if<msg::ActivePolicyRemove>(&message)) {
    policies_.erase(unused->id);
    changes.policies.insert(unused->id);
  } else if (const auto* profile = std::get_if<msg::ActiveProfileUpdate>(&message)) {
    profiles_[profile->id] = profile->profile;
    changes.profiles.insert(profile->id);
  } else if (const auto* left = std::get_if<msg::ActiveProfileRemove>(&message)) {
    profiles_.erase(left->id);
    changes.profiles.insert(left->id);
  } else if (const auto* set = std::get_if<msg::IpSetUpdate>(&message)) {
    IpSet& kept = ip_sets_[set->id];
    changes.ip_sets[set->id].push_back({msg::IpSetMembers(std::move(kept.members)), set->members});
    kept = {set->type, set->members.list()};
  } else if (const auto* delta = std::get_if<msg::IpSetDeltaUpdate>(&message)) {
    IpSet& members = ip_sets_[delta->id];
    members.members = with_changes(members.members, *delta);
    changes.ip_sets[delta->id].push_back({delta->removed, delta->added});
  } else if (const auto* removed = std::get_if<msg::IpSetRemove>(&message)) {
    changes.ip_sets[removed->id].push_back(
        {msg::IpSetMembers(std::move(ip_sets_[removed->id].members)), {}});
    ip_sets_.erase(removed->id);
  } else if (const auto* host = std::get_if<msg::HostEndpointUpdate>(&message)) {
    on_host_endpoint(host->id, host->endpoint, changes);
  } else if (const auto* without = std::get_if<msg::HostEndpointRemove>(&message)) {
    on_host_endpoint(without->id, nullptr, changes);
  }
}

void ClusterState::on_host_endpoint(Symbol id, std::shared_ptr<const msg::HostEndpoint> value,
                                    Changes& changes) {
  const size_t at = id.str().find(separator);
  const Symbol host(id.view().substr(0, at)), name(id.view().substr(at + 1));
  HostEndpoints& there = host_endpoints_[host];
  if (value)
    there[name] = std::move(value);
  else
    there.erase(name);
  if (there.empty()) host_endpoints_.erase(host);
  changes.hosts.insert(host);
}

std::vector<std::string> ClusterState::untold_host_endpoints() const {
  std::vector<std::string> out;
  for (const auto& [host, endpoints] : host_endpoints_) {
    const bool any_named = std::any_of(endpoints.begin(), endpoints.end(), [](const auto& entry) {
      return entry.second->name.view() != "*";
    });
    for (const auto& [name, value] : endpoints)
      if (!value->pre_dnat_tiers.empty() || !value->untracked_tiers.empty() ||
          (any_named && !value->forward_tiers.empty()))
        out.push_back(name.str());
  }
  return out;
}

}  // namespace felixsim::reach
