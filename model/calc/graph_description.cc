// SPDX-License-Identifier: Apache-2.0
#include "model/calc/graph_description.h"

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/topological_sort.hpp>

#include "felixsim/check.h"

namespace felixsim::calc {
namespace {

struct EdgeSpec {
  const char *from, *to, *what;
};

constexpr const char *datastore = "all updates", *local = "local endpoints",
                     *member_index = "IP set member index", *services = "service index",
                     *active_rules = "active rules calculator", *scanner = "rule scanner",
                     *migrations = "live migrations", *roles = "live migration roles",
                     *istio_node = "Istio calculator", *peers = "active BGP peer calculator",
                     *resolver = "policy resolver", *passthru = "dataplane passthru",
                     *route_resolver = "L3 route resolver", *vtep_resolver = "VXLAN resolver",
                     *config = "config batcher", *decoder = "profile decoder",
                     *encapsulation = "encapsulation resolver", *sequencer = "event sequencer",
                     *dataplane = "dataplane";

constexpr std::array<EdgeSpec, static_cast<size_t>(Edge::count)> specs{{
    {datastore, local, "workload and host endpoints"},
    {datastore, member_index, "endpoints, network sets"},
    {datastore, member_index, "profile labels"},
    {datastore, services, "endpoint slices"},
    {datastore, active_rules, "policies"},
    {datastore, active_rules, "profile rules"},
    {datastore, active_rules, "profile labels"},
    {local, active_rules, "local endpoints"},
    {local, migrations, "local workload endpoints"},
    {datastore, migrations, "live migrations"},
    {migrations, active_rules, "target selectors"},
    {active_rules, roles, "target selector matches"},
    {roles, resolver, "migration roles"},
    {active_rules, istio_node, "ambient selector matches"},
    {istio_node, resolver, "ambient endpoints"},
    {active_rules, scanner, "active policies, profiles"},
    {active_rules, resolver, "policy matches endpoint"},
    {scanner, sequencer, "rules with IP set ids"},
    {scanner, sequencer, "IP sets active, inactive"},
    {scanner, member_index, "selectors, named ports"},
    {scanner, services, "services"},
    {member_index, sequencer, "members"},
    {services, sequencer, "members"},
    {datastore, resolver, "policies, tiers"},
    {local, resolver, "local endpoints"},
    {datastore, peers, "BGP peers, nodes, profile labels"},
    {local, peers, "local workload endpoints"},
    {peers, resolver, "endpoint's peer"},
    {resolver, sequencer, "endpoints with tiers"},
    {datastore, passthru, "host IPs, nodes, pools, services, ..."},
    {passthru, sequencer, "as they are"},
    {datastore, route_resolver, "blocks, pools, nodes, endpoints"},
    {route_resolver, sequencer, "routes"},
    {datastore, vtep_resolver, "host config, host IPs, nodes"},
    {vtep_resolver, sequencer, "VTEPs"},
    {datastore, config, "global, host, scoped config"},
    {config, sequencer, "config of this host"},
    {datastore, decoder, "profiles"},
    {decoder, sequencer, "namespaces, service accounts"},
    {datastore, encapsulation, "IP pools"},
    {encapsulation, sequencer, "encapsulation"},
    {sequencer, dataplane, "messages"},
}};

bool left_out(const EdgeSpec& spec, bool routes, bool vteps, bool istio) {
  const auto touches = [&](const char* node) { return spec.from == node || spec.to == node; };
  return (!routes && touches(route_resolver)) || (!vteps && touches(vtep_resolver)) ||
         (!istio && touches(istio_node));
}

std::vector<std::string> in_topological_order(const std::vector<GraphEdge>& edges) {
  std::vector<std::string> names;  // by first appearance, so that the order is the same every time
  const auto index_of = [&](const std::string& name) {
    const auto it = std::find(names.begin(), names.end(), name);
    if (it == names.end()) names.push_back(name);
    return static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  };
  boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS> graph;
  for (const GraphEdge& edge : edges) {
    const size_t from = index_of(edge.from), to = index_of(edge.to);
    boost::add_edge(from, to, graph);
  }
  std::vector<size_t> order;
  try {
    boost::topological_sort(graph, std::back_inserter(order));
  } catch (const boost::not_a_dag&) {
    FELIXSIM_CHECK(!"the calc graph has no cycle");
  }
  std::vector<std::string> sorted;
  for (auto it = order.rbegin(); it != order.rend(); ++it) sorted.push_back(names[*it]);
  return sorted;
}

}  // namespace

GraphDescription describe_graph(const EdgeCounts& counts, bool routes, bool vteps, bool istio) {
  GraphDescription graph;
  for (size_t i = 0; i < specs.size(); ++i) {
    const EdgeSpec& spec = specs[i];
    if (left_out(spec, routes, vteps, istio)) continue;
    graph.edges.push_back({spec.from, spec.to, spec.what, counts[i]});
  }
  graph.nodes = in_topological_order(graph.edges);
  return graph;
}

std::string to_dot(const GraphDescription& graph) {
  std::string out = "digraph calc {\n  rankdir=TB;\n  node [shape=box];\n";
  for (const auto& node : graph.nodes) out += fmt::format("  \"{}\";\n", node);
  for (const auto& edge : graph.edges)
    out += fmt::format("  \"{}\" -> \"{}\" [label=\"{}\\n{}\"];\n", edge.from, edge.to, edge.what,
                       edge.passed);
  return out + "}\n";
}

}  // namespace felixsim::calc
