// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/packet_world.h"

namespace felixsim {

walk::World packet_world(const Cluster& cluster) {
  walk::World world;
  for (const auto& [name, node] : cluster.nodes())
    world.add_node(name, std::make_shared<walk::CompiledKernel>(node->kernel.state()));
  for (const auto& [name, node] : cluster.nodes())
    for (const auto& [pod, workload] : node->kernel.workloads())
      world.add_workload({pod, name, workload.device, workload.addresses});
  return world;
}

}  // namespace felixsim
