// SPDX-License-Identifier: Apache-2.0
// How packets for the pods of one node leave another: by a tunnel, by the underlay, or not at all.
#pragma once

#include <string>
#include <vector>

#include "sim/engine/cluster.h"

namespace felixsim {

struct NodeLink {
  std::string from, to;
  // The kind of device that the route uses ("vxlan", "ipip", "wireguard"); "underlay" for another
  // device; "none" if there is no route, or only one that leads out of the cluster.
  std::string way;
  std::string route;  // as `ip route` prints it; empty: none
  bool operator==(const NodeLink&) const = default;
};

// For each ordered pair of nodes of which the second has a workload with an IPv4 address: the route
// to the first of these. In the order of names. Cost: the square of the nodes.
std::vector<NodeLink> node_links(const Cluster& cluster);

}  // namespace felixsim
