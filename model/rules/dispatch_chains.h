// SPDX-License-Identifier: Apache-2.0
// Chains that find the chain of an endpoint by the interface's name (or mark): a shallow tree in
// iptables, verdict maps in nft. Mirrors felix/rules/dispatch.go. Interface names come in any
// order, are not empty, and repeats are ignored. Child chains come before their root.
// O(names x log names).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/rules/chain.h"
#include "model/rules/endpoint_marks.h"
#include "model/rules/renderer.h"

namespace felixsim::rules {

// filter: from, then to workloads; unknown interfaces are denied.
Chains workload_dispatch_chains(const Renderer& r, std::vector<std::string> interfaces);
// nft: the elements of the verdict maps from and to workloads, interface -> "goto chain".
struct DispatchMaps {
  std::map<std::string, std::string> from, to;
};
DispatchMaps workload_dispatch_maps(const Renderer& r, const std::vector<std::string>& interfaces);
// filter in BPF mode: traffic to known workload interfaces is accepted.
Chains workload_interface_allow_chains(const Renderer& r, std::vector<std::string> interfaces);

enum class HostDispatch : uint8_t {
  both,          // from and to: filter and raw without apply-on-forward
  from,          // mangle PREROUTING
  to,            // mangle POSTROUTING, raw in BPF mode
  with_forward,  // from and to, then from and to for forwarded traffic: filter
};
// `default_interface`: any_interface where a host endpoint of all interfaces exists, else empty.
Chains host_dispatch_chains(const Renderer& r, std::vector<std::string> interfaces,
                            std::string_view default_interface, HostDispatch which);

// filter with kube-ipvs: set the mark by incoming interface, then find the endpoint by mark.
Chains endpoint_mark_dispatch_chains(const Renderer& r, EndpointMarks& marks,
                                     std::vector<std::string> workload_interfaces,
                                     std::vector<std::string> host_interfaces);

}  // namespace felixsim::rules
