// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/node_links.h"

#include "model/kernel/route_text.h"
#include "model/kernel/walk/fib.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

struct Target {
  std::string node;
  Ip address;
};

std::vector<Target> targets_of(const Cluster& cluster) {
  std::vector<Target> out;
  for (const auto& [name, node] : cluster.nodes()) {
    std::optional<Ip> first;
    for (const auto& [pod, workload] : node->kernel.workloads())
      for (const auto& ip : workload.addresses)
        if (ip.is_v4() && !first) first = ip;
    if (first) out.push_back({name, *first});
  }
  return out;
}

std::string way_of(const Route* route, const KernelState& state) {
  if (!route || route->type != Route::Type::unicast || route->dst.length == 0) return "none";
  const auto link = state.links.find(route->device);
  if (link == state.links.end()) return "none";
  const std::string& kind = link->second.kind;
  return kind == "vxlan" || kind == "ipip" || kind == "wireguard" ? kind : "underlay";
}

}  // namespace

std::vector<NodeLink> node_links(const Cluster& cluster) {
  const auto targets = targets_of(cluster);
  std::vector<NodeLink> out;
  for (const auto& [name, node] : cluster.nodes()) {
    const KernelState& state = node->kernel.state();
    const walk::Fib fib(state, IpFamily::v4);
    for (const auto& target : targets) {
      if (target.node == name) continue;
      const Route* route = fib.find(target.address, Ip{IpFamily::v4, {}}, 0);
      std::string text = route ? print_route(*route) : "";
      std::erase_if(text, [](char c) { return c == '\n' || c == '\t'; });  // of next hops
      out.push_back({name, target.node, way_of(route, state), std::string(trim(text))});
    }
  }
  return out;
}

}  // namespace felixsim
