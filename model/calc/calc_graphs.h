// SPDX-License-Identifier: Apache-2.0
// The calc graphs of many nodes of one cluster in one process. What is equal for all is computed
// once: an update is validated once, policies are parsed once, and the members of an IP set belong
// to the cluster (docs/adr/004-ip-set-members-shared-by-nodes.md). An endpoint goes only to the
// node it is on, unless others take routes from it. Nodes come and go at any time, and every node
// is sent what a graph of its own would be sent.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "felixsim/resource.h"
#include "model/calc/calc_graph.h"
#include "model/calc/graph_options.h"
#include "model/calc/parsed_rules.h"

namespace felixsim::calc {

class CalcGraphs {
  struct Group;

 public:
  CalcGraphs();
  ~CalcGraphs();
  CalcGraphs(const CalcGraphs&) = delete;
  CalcGraphs& operator=(const CalcGraphs&) = delete;

  // The graph of one node, which leaves the others when this ends.
  class Member {
   public:
    ~Member();
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    CalcGraph& graph() { return graph_; }
    const CalcGraph& graph() const { return graph_; }

   private:
    friend class CalcGraphs;
    Member(std::shared_ptr<Group> group, GraphOptions options);
    void take_snapshot(std::span<const Update> datastore);

    std::shared_ptr<Group> group_;
    const Symbol host_;
    const bool takes_all_endpoints_;  // for its routes
    CalcGraph graph_;
  };

  // One more node, whose graph has taken `datastore`: all that there is, as of the last
  // on_updates(). What `options` says of sharing is replaced. `invalid`: of the datastore, where
  // nobody was told yet.
  std::unique_ptr<Member> add(GraphOptions options, std::span<const Update> datastore,
                              std::vector<InvalidUpdate>* invalid = nullptr);

  // As those of CalcGraph, for all nodes. Costs one validation and, for an endpoint, the work of
  // its node; other updates concern every node.
  void on_updates(std::span<const Update> updates, std::vector<InvalidUpdate>* invalid = nullptr);

  // To be called when all graphs that took updates, and those just added, have flushed, and before
  // the next updates.
  void end_epoch();

 private:
  std::shared_ptr<Group> group_for(const GraphOptions& options, std::span<const Update> datastore,
                                   std::vector<InvalidUpdate>* invalid);
  template <class Visit>
  void for_each_group(Visit visit);

  std::shared_ptr<SharedRules> rules_;
  std::vector<std::weak_ptr<Group>> groups_;  // in order of their first node
};

}  // namespace felixsim::calc
