// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/live_matrix.h"

namespace felixsim::reach {
namespace {

// As if all of the state had just come.
Changes everything(const ClusterState& state) {
  Changes all;
  for (const auto& [name, endpoint] : state.endpoints()) all.endpoints.push_back(name);
  for (const auto& [key, policy] : state.policies()) all.policies.insert(key);
  for (const auto& [name, profile] : state.profiles()) all.profiles.insert(name);
  for (const auto& [id, set] : state.ip_sets())
    all.ip_sets[id] = {{{}, msg::IpSetMembers(set.members)}};
  return all;
}

// Whether the matrix treats them alike.
bool alike(const Endpoint& a, const Endpoint& b) {
  if (a.policy != b.policy && a.tiers() != b.tiers()) return false;
  const WorkloadEndpoint &x = a.workload(), &y = b.workload();
  return &x == &y || (x.state == y.state && x.profile_ids == y.profile_ids &&
                      x.ipv4_nets == y.ipv4_nets && x.ipv6_nets == y.ipv6_nets);
}

}  // namespace

LiveMatrix::LiveMatrix(const ClusterState& state, MatrixOptions options)
    : state_(state), options_(std::move(options)) {
  begin();
}

void LiveMatrix::begin() {
  matrix_.endpoints.clear();
  unknown_ = std::make_unique<UnknownLabels>(state_, options_.unknown_namespaces);
  const Changes all = everything(state_);
  const EndpointsMoved moved = move_endpoints(all);
  for (auto* updater : {&v4_, &v6_}) {
    FamilyMatrix& family = updater == &v4_ ? matrix_.v4 : matrix_.v6;
    family = FamilyMatrix(family.addresses.family());
    family.addresses.set_pools(options_.pools);
    *updater =
        std::make_unique<FamilyUpdater>(state_, options_, matrix_.endpoints, *unknown_, family);
    (*updater)->update(all, moved);
  }
}

void LiveMatrix::update(const Changes& changes) {
  const bool all_told = options_.without_address.empty() && options_.unknown_namespaces.empty();
  if (!all_told || v4_->worn_out() || v6_->worn_out()) return begin();
  const EndpointsMoved moved = move_endpoints(changes);
  v4_->update(changes, moved);
  v6_->update(changes, moved);
}

EndpointsMoved LiveMatrix::move_endpoints(const Changes& changes) {
  EndpointsMoved moved;
  std::vector<EndpointInfo>& before = matrix_.endpoints;
  std::vector<EndpointInfo> after;
  after.reserve(before.size() + changes.endpoints.size());
  const auto keep_until = [&](size_t end) {
    for (size_t i = moved.to.size(); i < end; ++i) {
      moved.to.push_back(static_cast<int>(after.size()));
      after.push_back(std::move(before[i]));
    }
  };
  for (const auto& name : changes.endpoints) {
    auto it = before.begin() + static_cast<std::ptrdiff_t>(moved.to.size());
    if (it == before.end() || it->name != name)  // else the last one's neighbour
      it = std::lower_bound(
          it, before.end(), name,
          [](const EndpointInfo& info, const EndpointName& value) { return info.name < value; });
    keep_until(static_cast<size_t>(it - before.begin()));
    const auto now = state_.endpoints().find(name);
    const bool was = it != before.end() && it->name == name;
    const bool is = now != state_.endpoints().end();
    if (was) moved.to.push_back(is ? static_cast<int>(after.size()) : -1);
    if (!is) continue;
    if (!was || !alike(it->endpoint, now->second)) moved.renewed.push_back(after.size());
    after.push_back({name, now->second, options_.without_address.contains(name.workload)});
  }
  keep_until(before.size());
  before = std::move(after);
  return moved;
}

Matrix compute_matrix(const ClusterState& state, const MatrixOptions& options) {
  return LiveMatrix::taken(std::make_unique<LiveMatrix>(state, options));
}

}  // namespace felixsim::reach
