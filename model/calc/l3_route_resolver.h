// SPDX-License-Identifier: Apache-2.0
// Routes to everything the cluster's address plan knows: pools, IPAM blocks, nodes, workloads,
// tunnels. Mirrors felix/calc/l3_route_resolver.go.
#pragma once

#include <functional>
#include <memory>

#include "felixsim/messages.h"
#include "felixsim/resource.h"
#include "felixsim/symbol.h"
#include "model/calc/graph_options.h"

namespace felixsim::calc {

struct RouteSink {
  std::function<void(const msg::RouteUpdate&)> on_update;
  std::function<void(const Cidr&)> on_remove;
  std::function<void(std::string)> on_panic;  // the words with which Felix would end here
};

class L3RouteResolver {
 public:
  // `use_node_resources`: nodes come as Node resources, else as host IPs. `combined`: a route can
  // be several things at once (VersionFacts::combined_routes).
  L3RouteResolver(Symbol node_name, RouteSink sink, bool use_node_resources, RouteSource source,
                  bool combined = true);
  L3RouteResolver(L3RouteResolver&&) noexcept;
  ~L3RouteResolver();

  // Pools, blocks, nodes or host IPs, and workload endpoints, of which only local ones are looked
  // at unless routes come from workload IPs. Other keys are ignored. Tells route changes at once.
  void on_update(const Update& update);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace felixsim::calc
