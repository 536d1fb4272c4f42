// SPDX-License-Identifier: Apache-2.0
// What the L3 route resolver reads out of a Node resource. Mirrors l3rrNodeInfo and
// OnResourceUpdate of felix/calc/l3_route_resolver.go, and FindNodeAddress of
// libcalico-go/lib/resources/node.go.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "felixsim/ip.h"
#include "felixsim/resource.h"

namespace felixsim::calc {

struct NodeAddresses {
  // Of one family: the node's address and its subnet; all zero when it has none.
  struct Own {
    Ip address;
    Cidr subnet;
    bool operator==(const Own&) const = default;
  };
  Own v4, v6{{IpFamily::v6, {}}, {{IpFamily::v6, {}}, 0}};
  std::optional<Ip> ipip, vxlan, vxlan_v6, wireguard, wireguard_v6;
  std::vector<std::optional<Ip>> others;  // spec.addresses; unset: an empty text

  const Own& own(IpFamily family) const { return family == IpFamily::v4 ? v4 : v6; }
  // Every address that is the node itself; each once.
  std::vector<Cidr> hosts() const;
  bool same_as(const NodeAddresses& other) const;  // the order of `others` does not count
};

// Unset: the node has no address at all, which is as if it were not there. `panic` is set to what
// Felix says when it cannot go on.
std::optional<NodeAddresses> node_addresses(const Node& node, std::string& panic);

}  // namespace felixsim::calc
