// SPDX-License-Identifier: Apache-2.0
// The calc graph's shape as data: nodes, edges, and how much has passed along each edge. Built and
// checked with Boost.Graph: a calc graph must be acyclic, so that an update reaches every node once
// all it depends on has seen it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace felixsim::calc {

// The edges, in the order of the table in graph_description.cc.
enum class Edge : size_t {
  all_to_local,
  all_to_member_index,
  profiles_to_member_index,
  all_to_services,
  policies_to_active_rules,
  profile_rules_to_active_rules,
  labels_to_active_rules,
  local_to_active_rules,
  local_to_migrations,
  migrations_in,
  migrations_to_active_rules,
  matches_to_roles,
  roles_to_resolver,
  matches_to_istio,
  istio_to_resolver,
  active_to_scanner,
  matches_to_resolver,
  scanner_to_sequencer,
  scanner_sets_to_sequencer,
  scanner_to_member_index,
  scanner_to_services,
  members_to_sequencer,
  service_members_to_sequencer,
  policies_to_resolver,
  local_to_resolver,
  peers_in,
  local_to_peers,
  peers_to_resolver,
  resolver_to_sequencer,
  passthru_in,
  passthru_to_sequencer,
  routes_in,
  routes_to_sequencer,
  vteps_in,
  vteps_to_sequencer,
  config_in,
  config_to_sequencer,
  profiles_to_decoder,
  decoder_to_sequencer,
  pools_to_encapsulation,
  encapsulation_to_sequencer,
  sequencer_to_dataplane,
  count,
};

using EdgeCounts = std::array<uint64_t, static_cast<size_t>(Edge::count)>;

struct GraphEdge {
  std::string from, to, what;
  uint64_t passed = 0;
};
struct GraphDescription {
  std::vector<std::string> nodes;  // in topological order
  std::vector<GraphEdge> edges;
};

// Parts that the options leave out are left out; a cycle in the table is a bug (checked).
GraphDescription describe_graph(const EdgeCounts& counts, bool routes, bool vteps, bool istio);

std::string to_dot(const GraphDescription& graph);

}  // namespace felixsim::calc
