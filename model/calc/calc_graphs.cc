// SPDX-License-Identifier: Apache-2.0
#include "model/calc/calc_graphs.h"

#include "model/calc/parsed_rules.h"
#include "model/calc/shared_ip_sets.h"
#include "model/calc/validation_filter.h"

namespace felixsim::calc {

CalcGraphs::CalcGraphs() : rules_(std::make_shared<SharedRules>()) {}
CalcGraphs::~CalcGraphs() = default;

// Both are fixed for the life of a Felix: it restarts when the datastore changes them.
CalcGraphs::Group& CalcGraphs::group_for(const GraphOptions& options) {
  for (auto& group : groups_)
    if (group->suppress_overlaps == options.overlap_suppression &&
        group->live.spoofing_allowed == options.live.spoofing_allowed)
      return *group;
  auto& group = *groups_.emplace_back(std::make_unique<Group>());
  group.suppress_overlaps = options.overlap_suppression;
  group.live = options.live;
  group.ip_sets = std::make_shared<SharedIpSets>(options.overlap_suppression);
  return group;
}

void CalcGraphs::add(GraphOptions options) {
  Group& group = group_for(options);
  options.shared_rules = rules_;
  options.shared_ip_sets = group.ip_sets;
  const Symbol name = options.hostname;
  const bool takes_routes =
      options.needs_routes() && options.route_source == RouteSource::workload_ips;
  Node* node =
      nodes_.emplace_back(std::make_unique<Node>(Node{name, CalcGraph(std::move(options))})).get();
  group.nodes.push_back(node);
  group.by_name[name] = node;
  if (takes_routes) group.route_takers.push_back(node);
}

void CalcGraphs::give_endpoint(Group& group, Symbol host, const Update& update) {
  const auto local = group.by_name.find(host);
  Node* owner = local == group.by_name.end() ? nullptr : local->second;
  if (owner) owner->graph.on_valid_update(update);
  for (Node* node : group.route_takers)
    if (node != owner) node->graph.on_valid_update(update);
}

void CalcGraphs::give(Group& group, const Update& update) {
  if (const auto* workload = std::get_if<WorkloadEndpointKey>(&update.key)) {
    give_endpoint(group, workload->host, update);
  } else if (const auto* host = std::get_if<HostEndpointKey>(&update.key)) {
    give_endpoint(group, host->host, update);
  } else if (!std::holds_alternative<NetworkSetKey>(update.key)) {
    for (Node* node : group.nodes) node->graph.on_valid_update(update);
  }
  group.ip_sets->on_update(update);  // after the nodes: SharedIpSets says why
}

void CalcGraphs::on_updates(std::span<const Update> updates) {
  for (const Update& update : updates)
    for (auto& group : groups_) {
      if (find_invalid(update, group->live))
        give(*group, {update.key, nullptr});
      else
        give(*group, update);
    }
}

void CalcGraphs::on_status(SyncStatus status) {
  for (auto& node : nodes_) node->graph.on_status(status);
}

void CalcGraphs::flush(const Take& take) {
  for (auto& node : nodes_) take(node->name, node->graph.flush());
  for (auto& group : groups_) group->ip_sets->end_epoch();
}

}  // namespace felixsim::calc
