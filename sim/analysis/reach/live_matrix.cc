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

bool same_addresses(const Endpoint& a, const Endpoint& b) {
  return a.value == b.value || (a.workload().ipv4_nets == b.workload().ipv4_nets &&
                                a.workload().ipv6_nets == b.workload().ipv6_nets);
}

bool same_profiles(const Endpoint& a, const Endpoint& b) {
  return a.value == b.value || (a.workload().state == b.workload().state &&
                                a.workload().profile_ids == b.workload().profile_ids);
}

// A changed endpoint: where in the list it is, or would be; what it was and is, null: nothing.
struct ChangedEndpoint {
  const EndpointName* name;
  size_t place = 0;
  const Endpoint *before = nullptr, *now = nullptr;
};

// Both lists are in order, and neighbours often change together: then nothing is searched for.
std::vector<ChangedEndpoint> find_changed(const std::vector<EndpointName>& names,
                                          const std::vector<EndpointInfo>& before,
                                          const std::map<EndpointName, Endpoint>& now) {
  std::vector<ChangedEndpoint> out;
  out.reserve(names.size());
  auto old = before.begin();
  auto current = now.begin();
  for (const auto& name : names) {
    if (old != before.end() && old->name != name)
      old = std::lower_bound(
          old, before.end(), name,
          [](const EndpointInfo& info, const EndpointName& value) { return info.name < value; });
    if (current != now.end() && current->first != name) current = now.lower_bound(name);
    ChangedEndpoint one{&name, static_cast<size_t>(old - before.begin()), nullptr, nullptr};
    if (old != before.end() && old->name == name) one.before = &(old++)->endpoint;
    if (current != now.end() && current->first == name) one.now = &(current++)->second;
    out.push_back(one);
  }
  return out;
}

}  // namespace

LiveMatrix::LiveMatrix(const ClusterState& state, MatrixOptions options)
    : state_(state), options_(std::move(options)) {
  begin();
}

void LiveMatrix::begin() {
  endpoints_.clear();
  unknown_ = std::make_unique<UnknownLabels>(state_, options_.unknown_namespaces);
  const Changes all = everything(state_);
  const EndpointsMoved moved = move_endpoints(all);
  for (const IpFamily family : {IpFamily::v4, IpFamily::v6}) {
    auto& updater = family == IpFamily::v4 ? v4_ : v6_;
    updater = std::make_unique<FamilyUpdater>(family, state_, options_, endpoints_, *unknown_);
    updater->update(all, moved);
  }
}

void LiveMatrix::update(const Changes& changes) {
  const bool all_told = options_.without_address.empty() && options_.unknown_namespaces.empty();
  if (!all_told || v4_->worn_out() || v6_->worn_out()) return begin();
  const EndpointsMoved moved = move_endpoints(changes);
  v4_->update(changes, moved);
  v6_->update(changes, moved);
}

Matrix LiveMatrix::matrix() {
  std::vector<calc::TierPtrs> tiers;
  tiers.reserve(endpoints_.size());
  for (const auto& info : endpoints_) tiers.push_back(state_.tiers_of(info.endpoint));
  return {endpoints_, std::move(tiers), v4_->written_out(), v6_->written_out()};
}

EndpointsMoved LiveMatrix::move_endpoints(const Changes& changes) {
  EndpointsMoved moved;
  if (changes.endpoints.empty()) return moved;
  std::vector<EndpointInfo>& endpoints = endpoints_;
  const auto changed = find_changed(changes.endpoints, endpoints, state_.endpoints());
  const bool same_ones = std::all_of(changed.begin(), changed.end(),
                                     [](const auto& one) { return one.before && one.now; });
  const size_t count = endpoints.size();
  std::vector<EndpointInfo> before;
  if (!same_ones) before = std::exchange(endpoints, {});
  const auto keep_until = [&](size_t end) {
    for (size_t i = moved.to.size(); i < end; ++i) {
      moved.to.push_back(static_cast<int>(same_ones ? i : endpoints.size()));
      if (!same_ones) endpoints.push_back(std::move(before[i]));
    }
  };
  moved.to.reserve(count);
  for (const auto& one : changed) {
    keep_until(one.place);
    const size_t place = same_ones ? one.place : endpoints.size();
    if (one.before) moved.to.push_back(one.now ? static_cast<int>(place) : -1);
    if (!one.now) continue;
    if (!one.before || !same_addresses(*one.before, *one.now))
      moved.renewed.push_back(place);
    else if (!same_profiles(*one.before, *one.now))
      moved.other_profiles.push_back(place);
    if (same_ones)
      endpoints[place].endpoint = *one.now;
    else
      endpoints.push_back(
          {*one.name, *one.now, options_.without_address.contains(one.name->workload)});
  }
  keep_until(count);
  return moved;
}

Matrix compute_matrix(const ClusterState& state, const MatrixOptions& options) {
  return LiveMatrix(state, options).matrix();
}

}  // namespace felixsim::reach
