// SPDX-License-Identifier: Apache-2.0
#include "model/calc/live_migration_calculator.h"

namespace felixsim::calc {
namespace {

// A pod's name is unique in the cluster: for "k8s" the host plays no part.
MigrationOwner normalised(MigrationOwner owner) {
  if (owner.orchestrator.view() == "k8s") owner.host = Symbol();
  return owner;
}
MigrationOwner owner_of(const WorkloadEndpointKey& key) {
  return normalised({key.host, key.orchestrator, key.workload, key.endpoint});
}
MigrationOwner workload_level(MigrationOwner owner) {
  owner.endpoint = Symbol();
  return owner;
}
MigrationOwner owner_of(const std::optional<MigrationOwner>& owner) {
  return owner ? normalised(*owner) : MigrationOwner{};
}

}  // namespace

template <class Change>
void LiveMigrationCalculator::change(Endpoint& endpoint, Change apply) {
  const msg::LiveMigrationRole before = role_of(endpoint).role;
  apply(endpoint);
  const Role now = role_of(endpoint);
  // Another uid with the same role is not told: overlapping migrations do not last.
  if (now.role != before) resolver_.on_live_migration(endpoint.key, now.role, now.uid);
}

LiveMigrationCalculator::Role LiveMigrationCalculator::role_of(const Endpoint& endpoint) const {
  if (!endpoint.target_selector.empty()) {
    const auto it = selectors_.find(endpoint.target_selector);
    return {msg::LiveMigrationRole::target,
            it == selectors_.end() ? std::string() : greatest_uid(it->second)};
  }
  if (!endpoint.named_by[target].empty())
    return {msg::LiveMigrationRole::target, greatest_uid(endpoint.named_by[target])};
  if (!endpoint.named_by[source].empty())
    return {msg::LiveMigrationRole::source, greatest_uid(endpoint.named_by[source])};
  return {};
}

std::string LiveMigrationCalculator::greatest_uid(const Keys& migrations) const {
  std::string best;
  for (const ResourceKey& key : migrations)
    if (const auto it = migrations_.find(key); it != migrations_.end())
      best = std::max(best, it->second.uid);
  return best;
}

void LiveMigrationCalculator::on_endpoint(const WorkloadEndpointKey& key, bool exists) {
  const MigrationOwner owner = owner_of(key);
  if (!exists) {
    endpoints_.erase(owner);
    return;
  }
  if (endpoints_.contains(owner)) return;
  Endpoint endpoint{key, {}, {}};
  change(endpoint, [&](Endpoint& e) {
    for (const Side side : {source, target})
      for (const MigrationOwner& id : {owner, workload_level(owner)})
        if (const auto it = references_[side].find(id); it != references_[side].end())
          e.named_by[side].insert(it->second.begin(), it->second.end());
  });
  endpoints_.emplace(owner, std::move(endpoint));
}

void LiveMigrationCalculator::on_live_migration(const ResourceKey& key,
                                                const LiveMigration* migration) {
  LiveMigration before;
  if (const auto it = migrations_.find(key); it != migrations_.end()) before = it->second;
  if (migration)
    migrations_.insert_or_assign(key, *migration);
  else
    migrations_.erase(key);
  const LiveMigration now = migration ? *migration : LiveMigration{};
  const std::array<std::pair<MigrationOwner, MigrationOwner>, side_count> owners{
      std::pair{owner_of(before.source), owner_of(now.source)},
      std::pair{owner_of(before.target), owner_of(now.target)}};
  for (const Side side : {source, target}) {
    const auto& [old_owner, new_owner] = owners[side];
    if (old_owner == new_owner) continue;
    if (old_owner != MigrationOwner{}) set_reference(side, old_owner, key, false);
    if (new_owner != MigrationOwner{}) set_reference(side, new_owner, key, true);
  }
  if (now.target_selector == before.target_selector) return;
  if (!before.target_selector.empty()) unreference_selector(before.target_selector, key);
  if (!now.target_selector.empty()) reference_selector(now.target_selector, key);
}

void LiveMigrationCalculator::set_reference(Side side, const MigrationOwner& owner,
                                            const ResourceKey& key, bool refers) {
  const auto apply = [&](Endpoint& endpoint) {
    if (refers)
      endpoint.named_by[side].insert(key);
    else
      endpoint.named_by[side].erase(key);
  };
  if (owner.endpoint.empty()) {
    for (auto& [id, endpoint] : endpoints_)
      if (workload_level(id) == owner) change(endpoint, apply);
  } else if (const auto it = endpoints_.find(owner); it != endpoints_.end()) {
    change(it->second, apply);
  }
  if (refers) {
    references_[side][owner].insert(key);
  } else if (const auto it = references_[side].find(owner); it != references_[side].end()) {
    it->second.erase(key);
    if (it->second.empty()) references_[side].erase(it);
  }
}

void LiveMigrationCalculator::reference_selector(Symbol selector, const ResourceKey& key) {
  Keys& keys = selectors_[selector];
  keys.insert(key);
  if (keys.size() > 1) return;
  const auto parsed = parse_selector(selector.view());
  if (!parsed)
    return sequencer_.on_panic(
        fmt::format("Failed to parse computed selector \"{}\"", selector.str()));
  active_rules_->add_computed_selector(selector, *parsed);
}

void LiveMigrationCalculator::unreference_selector(Symbol selector, const ResourceKey& key) {
  const auto it = selectors_.find(selector);
  if (it == selectors_.end()) return;
  it->second.erase(key);
  if (!it->second.empty()) return;
  active_rules_->remove_computed_selector(selector);
  selectors_.erase(selector);
}

void LiveMigrationCalculator::on_computed_match(Symbol selector, const EndpointKey& endpoint,
                                                bool matches) {
  const auto* workload = std::get_if<WorkloadEndpointKey>(&endpoint);
  if (!workload || !selectors_.contains(selector)) return;
  const auto it = endpoints_.find(owner_of(*workload));
  if (it == endpoints_.end()) return;
  change(it->second, [&](Endpoint& e) { e.target_selector = matches ? selector : Symbol(); });
}

}  // namespace felixsim::calc
