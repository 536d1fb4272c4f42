// SPDX-License-Identifier: Apache-2.0
// v3 resources other than policies, read and turned into v1 values: endpoints, pools, network sets,
// tiers, profiles, nodes. Mirrors libcalico-go/lib/backend/syncersv1/updateprocessors
// (workloadendpointprocessor.go, hostendpointprocessor.go, ...). Reading and converting are one
// step, since nobody else looks at the v3 form. Errors stick to the reader.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "felixsim/resource.h"
#include "model/datastore/json_reader.h"
#include "model/datastore/v3_policy.h"

namespace felixsim {

// Node, orchestrator, pod and endpoint from "node--a-k8s-web--1-eth0" (names/workloadendpoint.go);
// nothing unless the name has exactly four parts and `ns` is not empty.
std::optional<WorkloadEndpointKey> workload_endpoint_key(std::string_view ns,
                                                         std::string_view name);

// A v1 value, or nothing and why: what Felix treats as a delete.
template <class T>
struct Converted {
  std::optional<T> value;
  std::string refusal;     // set if there is no value and that is worth a word
  std::string panic = {};  // with what words Felix ends instead; empty if it does not
};

// No value and no refusal: an endpoint without addresses, which Felix is not told of.
Converted<WorkloadEndpoint> read_v3_workload_endpoint(JsonReader& in, JsonView view);

struct V3HostEndpoint {
  HostEndpointKey key;
  HostEndpoint value;
};
V3HostEndpoint read_v3_host_endpoint(JsonReader& in, JsonView view, Facts& facts);

Converted<IpPool> read_v3_ip_pool(JsonReader& in, JsonView view);
// With a namespace its label and the profile of the namespace are added.
NetworkSet read_v3_network_set(JsonReader& in, JsonView view, bool namespaced, Facts& facts);
Tier read_v3_tier(JsonReader& in, JsonView view);

struct V3Profile {
  ProfileRules rules;
  Labels labels;
  Profile whole;
};
V3Profile read_v3_profile(JsonReader& in, JsonView view, Facts& facts);

// A node's parts, as felixnodeprocessor.go takes it apart.
struct V3Node {
  std::optional<Ip> address;
  std::optional<std::string> ipip_address, vxlan_address, vxlan_mac, vxlan_v6_address, vxlan_v6_mac;
  std::optional<Wireguard> wireguard;
  std::vector<std::string> pod_cidrs;
  Node node;
};
// What Felix's syncer reports as an error goes to `errors`, what it only logs to `facts`.
V3Node read_v3_node(JsonReader& in, JsonView view, Facts& errors, Facts& facts);

}  // namespace felixsim
