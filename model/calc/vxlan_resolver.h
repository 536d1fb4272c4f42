// SPDX-License-Identifier: Apache-2.0
// VXLAN tunnel endpoints (VTEPs) of the cluster's nodes, out of their addresses and their host
// configuration. Mirrors felix/calc/vxlan_resolver.go.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "felixsim/messages.h"
#include "felixsim/resource.h"
#include "felixsim/symbol.h"

namespace felixsim::calc {

struct VtepSink {
  std::function<void(const msg::VtepUpdate&)> on_update;
  std::function<void(Symbol node)> on_remove;
};

class VxlanResolver {
 public:
  // `use_node_resources`: node addresses come as Node resources, else as host IPs.
  VxlanResolver(VtepSink sink, bool use_node_resources)
      : sink_(std::move(sink)), use_node_resources_(use_node_resources) {}

  // Nodes or host IPs, and host configuration; other keys are ignored. A VTEP that changes is
  // removed and told anew.
  void on_update(const Update& update);

 private:
  struct NodeState {
    std::optional<std::string> ipv4, ipv6, tunnel_ipv4, tunnel_ipv6;
    std::string mac, mac_v6;  // empty: made from the node's name
    std::optional<msg::VtepUpdate> sent;
    bool forgettable() const;
  };

  void on_node(Symbol name, const Value* value);
  void on_host_ip(Symbol name, const Value* value);
  void on_host_config(const HostConfigKey& key, const Value* value);
  void refresh(Symbol name);

  VtepSink sink_;
  bool use_node_resources_;
  std::map<Symbol, NodeState> nodes_;
};

// The MAC of a node's VTEP that has none configured: "66" and the first five bytes of a hash of the
// name.
std::string generated_vtep_mac(std::string_view node_name, IpFamily family);

}  // namespace felixsim::calc
