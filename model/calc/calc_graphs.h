// SPDX-License-Identifier: Apache-2.0
// The calc graphs of many nodes of one cluster in one process. What is equal for all is computed
// once: an update is validated once, policies are parsed once, and the members of an IP set belong
// to the cluster (docs/adr/004-shared-ip-sets.md). An endpoint goes only to the node it is on,
// unless others take routes from it. Every node is sent what a graph of its own would be sent.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "felixsim/messages.h"
#include "felixsim/resource.h"
#include "felixsim/symbol.h"
#include "model/calc/calc_graph.h"
#include "model/calc/graph_options.h"

namespace felixsim::calc {

class CalcGraphs {
 public:
  CalcGraphs();
  ~CalcGraphs();
  CalcGraphs(const CalcGraphs&) = delete;
  CalcGraphs& operator=(const CalcGraphs&) = delete;

  // One node; all are added before the first update. What `options` says of sharing is replaced.
  void add(GraphOptions options);

  // As those of CalcGraph, for all nodes. Costs one validation and, for an endpoint, the work of
  // its node; other updates concern every node.
  void on_updates(std::span<const Update> updates);
  void on_status(SyncStatus status);

  // Flushes all nodes; calls `take` for each, in the order in which they were added.
  using Take = std::function<void(Symbol node, std::vector<msg::Message> messages)>;
  void flush(const Take& take);

  size_t size() const { return nodes_.size(); }
  const CalcGraph& graph(size_t i) const { return nodes_[i]->graph; }  // in the order of adding

 private:
  struct Node {
    Symbol name;
    CalcGraph graph;
  };
  // Nodes for which the same values are valid and the same members are told.
  struct Group {
    bool suppress_overlaps = false;
    LiveConfig live;
    std::shared_ptr<SharedIpSets> ip_sets;
    std::vector<Node*> nodes, route_takers;  // the latter: of every endpoint
    absl::flat_hash_map<Symbol, Node*> by_name;
  };

  Group& group_for(const GraphOptions& options);
  static void give(Group& group, const Update& update);
  static void give_endpoint(Group& group, Symbol host, const Update& update);

  std::shared_ptr<SharedRules> rules_;
  std::vector<std::unique_ptr<Group>> groups_;
  std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace felixsim::calc
