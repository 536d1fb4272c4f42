// SPDX-License-Identifier: Apache-2.0
#include "model/calc/calc_graphs.h"

#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>

#include <set>

#include "model/calc/shared_ip_sets.h"
#include "model/calc/validation_filter.h"

namespace felixsim::calc {
namespace {

// The host of an endpoint; empty: no endpoint.
Symbol endpoint_host(const Key& key) {
  if (const auto* workload = std::get_if<WorkloadEndpointKey>(&key)) return workload->host;
  if (const auto* host = std::get_if<HostEndpointKey>(&key)) return host->host;
  return {};
}

}  // namespace

// Nodes for which the same values are valid and the same members are told. Both are fixed for the
// life of a Felix: it restarts when the datastore changes them.
struct CalcGraphs::Group {
  bool suppress_overlaps = false;
  LiveConfig live;
  std::shared_ptr<SharedIpSets> ip_sets;
  std::set<Key> invalid;  // of what the datastore holds
  std::vector<Member*> members, endpoint_takers;
  absl::flat_hash_map<Symbol, absl::InlinedVector<Member*, 1>> by_host;

  bool fits(const GraphOptions& options) const {
    return suppress_overlaps == options.overlap_suppression &&
           live.spoofing_allowed == options.live.spoofing_allowed && !ip_sets->panic();
  }
  void join(Member* member);
  void leave(Member* member);
  std::optional<std::string> find_invalid(const Update& update);
  void give(const Update& update);
  void give_endpoint(Symbol host, const Update& update);
};

void CalcGraphs::Group::join(Member* member) {
  members.push_back(member);
  by_host[member->host_].push_back(member);
  if (member->takes_all_endpoints_) endpoint_takers.push_back(member);
}

void CalcGraphs::Group::leave(Member* member) {
  std::erase(members, member);
  std::erase(endpoint_takers, member);
  auto& on_host = by_host[member->host_];
  on_host.erase(std::remove(on_host.begin(), on_host.end(), member), on_host.end());
  if (on_host.empty()) by_host.erase(member->host_);
}

std::optional<std::string> CalcGraphs::Group::find_invalid(const Update& update) {
  auto reason = calc::find_invalid(update, live);
  if (reason)
    invalid.insert(update.key);
  else if (!invalid.empty())
    invalid.erase(update.key);
  return reason;
}

void CalcGraphs::Group::give_endpoint(Symbol host, const Update& update) {
  if (const auto local = by_host.find(host); local != by_host.end())
    for (Member* member : local->second) member->graph_.on_valid_update(update);
  for (Member* member : endpoint_takers)
    if (member->host_ != host) member->graph_.on_valid_update(update);
}

void CalcGraphs::Group::give(const Update& update) {
  if (const Symbol host = endpoint_host(update.key); !host.empty()) {
    give_endpoint(host, update);
  } else if (!std::holds_alternative<NetworkSetKey>(update.key)) {
    for (Member* member : members) member->graph_.on_valid_update(update);
  }
  ip_sets->on_update(update);  // after the nodes: SharedIpSets says why
}

CalcGraphs::Member::Member(std::shared_ptr<Group> group, GraphOptions options)
    : group_(std::move(group)),
      host_(options.hostname),
      takes_all_endpoints_(options.needs_routes() &&
                           options.route_source == RouteSource::workload_ips),
      graph_(std::move(options)) {
  group_->join(this);
}

CalcGraphs::Member::~Member() { group_->leave(this); }

void CalcGraphs::Member::take_snapshot(std::span<const Update> datastore) {
  for (const Update& update : datastore) {
    const Symbol host = endpoint_host(update.key);
    if (!host.empty() && host != host_ && !takes_all_endpoints_) continue;
    if (std::holds_alternative<NetworkSetKey>(update.key)) continue;
    const bool invalid = !group_->invalid.empty() && group_->invalid.contains(update.key);
    graph_.on_valid_update(invalid ? Update{update.key, nullptr} : update);
  }
}

CalcGraphs::CalcGraphs() : rules_(std::make_shared<SharedRules>()) {}
CalcGraphs::~CalcGraphs() = default;

template <class Visit>
void CalcGraphs::for_each_group(Visit visit) {
  std::erase_if(groups_, [](const auto& group) { return group.expired(); });
  for (const auto& weak : groups_)
    if (const auto group = weak.lock()) visit(*group);
}

std::shared_ptr<CalcGraphs::Group> CalcGraphs::group_for(const GraphOptions& options,
                                                         std::span<const Update> datastore,
                                                         std::vector<InvalidUpdate>* invalid) {
  for (const auto& weak : groups_)
    if (auto group = weak.lock(); group && group->fits(options)) return group;
  auto group = std::make_shared<Group>();
  group->suppress_overlaps = options.overlap_suppression;
  group->live = options.live;
  group->ip_sets = std::make_shared<SharedIpSets>(options.overlap_suppression);
  for (size_t i = 0; i < datastore.size(); ++i) {
    auto reason = group->find_invalid(datastore[i]);
    group->ip_sets->on_update(reason ? Update{datastore[i].key, nullptr} : datastore[i]);
    if (reason && invalid) invalid->push_back({i, std::move(*reason)});
  }
  groups_.push_back(group);
  return group;
}

std::unique_ptr<CalcGraphs::Member> CalcGraphs::add(GraphOptions options,
                                                    std::span<const Update> datastore,
                                                    std::vector<InvalidUpdate>* invalid) {
  const auto group = group_for(options, datastore, invalid);
  IndexTraffic held;
  for (const Update& update : datastore) count(held, update.key);
  options.shared_rules = rules_;
  options.shared_ip_sets = group->ip_sets;
  options.index_traffic_before = group->ip_sets->taken() - held;
  std::unique_ptr<Member> member(new Member(group, std::move(options)));
  member->take_snapshot(datastore);
  return member;
}

void CalcGraphs::on_updates(std::span<const Update> updates, std::vector<InvalidUpdate>* invalid) {
  for_each_group([&](Group& group) {
    for (size_t i = 0; i < updates.size(); ++i) {
      auto reason = group.find_invalid(updates[i]);
      group.give(reason ? Update{updates[i].key, nullptr} : updates[i]);
      if (reason && invalid) invalid->push_back({i, std::move(*reason)});
    }
  });
}

void CalcGraphs::end_epoch() {
  for_each_group([](Group& group) { group.ip_sets->end_epoch(); });
}

}  // namespace felixsim::calc
