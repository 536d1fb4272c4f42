// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/probe_flight.h"

namespace felixsim::cli {
namespace {

// The hosts and the datastore of the moment, without any Felix: tells where pods are.
Result<std::unique_ptr<Cluster>> scene_of(const std::vector<Event>& events,
                                          const FlightRequest& request) {
  auto cluster = std::make_unique<Cluster>(request.options);
  for (const auto& event : events) {
    const auto* host = std::get_if<HostEvent>(&event.body);
    if (std::holds_alternative<ProcessEvent>(event.body)) continue;
    if (host && host->action.find("\"exec\"") != std::string::npos) continue;
    if (auto applied = cluster->apply(event); !applied) return forward(applied);
  }
  cluster->settle();
  return cluster;
}

bool is_pod(const std::string& known, const std::string& asked) {
  return known == asked || known == "default/" + asked || "default/" + known == asked;
}

// The nodes of one end; none: it may be anywhere.
std::set<std::string> nodes_of(const Cluster& cluster, const std::string& name) {
  std::set<std::string> nodes;
  const auto ip = Ip::parse(name);
  for (const auto& [node, flight] : cluster.nodes()) {
    if (node == name) nodes.insert(node);
    for (const auto& [pod, workload] : flight->kernel.workloads())
      if (is_pod(pod, name) ||
          (ip && std::find(workload.addresses.begin(), workload.addresses.end(), *ip) !=
                     workload.addresses.end()))
        nodes.insert(node);
  }
  for (const auto& [key, value] : cluster.datastore().current()) {
    if (const auto* resource = std::get_if<ResourceKey>(&key))
      if (resource->kind.view() == "Node" && resource->name.str() == name) nodes.insert(name);
    const auto* id = std::get_if<WorkloadEndpointKey>(&key);
    if (!id) continue;
    const auto& endpoint = std::get<WorkloadEndpoint>(*value);
    const auto has = [&](const auto& nets) {
      return std::any_of(nets.begin(), nets.end(),
                         [&](const auto& net) { return net.address == *ip; });
    };
    if (is_pod(id->workload.str(), name) ||
        (ip && (has(endpoint.ipv4_nets) || has(endpoint.ipv6_nets))))
      nodes.insert(id->host.str());
  }
  return nodes;
}

}  // namespace

Result<Flight> fly_for_probe(const Input& input, FlightRequest request, const ProbeRequest& probe) {
  auto events = input.events_until(request.moment, {});
  if (!events) return forward(events);
  auto scene = scene_of(*events, request);
  if (!scene) return forward(scene);
  const auto from = nodes_of(**scene, probe.from), to = nodes_of(**scene, probe.to);
  const bool known = (!from.empty() || probe.from == "world") &&
                     (!to.empty() || probe.to == "world") && !(from.empty() && to.empty());
  if (known) {
    request.nodes = from;
    request.nodes.insert(to.begin(), to.end());
  }
  return fly(input, request);
}

}  // namespace felixsim::cli
