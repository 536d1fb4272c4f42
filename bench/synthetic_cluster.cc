// SPDX-License-Identifier: Apache-2.0
#include "bench/synthetic_cluster.h"

namespace felixsim::bench {
namespace {

constexpr const char* resources = "/calico/resources/v3/projectcalico.org";

// Key and value of what comes before nodes, pods and policies.
const std::vector<std::pair<std::string, std::string>>& preamble() {
  static const std::vector<std::pair<std::string, std::string>> items{
      {"clusterinformations/default",
       R"json({"apiVersion":"projectcalico.org/v3","kind":"ClusterInformation","metadata":{"name":"default"},"spec":{"datastoreReady":true}})json"},
      {"tiers/default",
       R"json({"apiVersion":"projectcalico.org/v3","kind":"Tier","metadata":{"name":"default"},"spec":{"defaultAction":"Deny","order":1000000}})json"},
      {"ippools/pool",
       R"json({"apiVersion":"projectcalico.org/v3","kind":"IPPool","metadata":{"name":"pool"},"spec":{"allowedUses":["Workload","Tunnel"],"blockSize":26,"cidr":"10.0.0.0/8","ipipMode":"Never","vxlanMode":"Never","natOutgoing":true,"nodeSelector":"all()"}})json"},
      {"profiles/kns.ns",
       R"json({"apiVersion":"projectcalico.org/v3","kind":"Profile","metadata":{"name":"kns.ns"},"spec":{"ingress":[{"action":"Allow"}],"egress":[{"action":"Allow"}]}})json"},
  };
  return items;
}

}  // namespace

SyntheticCluster::SyntheticCluster(int pods, int nodes, int policies)
    : pods_(pods), nodes_(nodes), policies_(policies) {}

std::string SyntheticCluster::node_name(int number) { return fmt::format("node-{}", number); }

int64_t SyntheticCluster::initial_events() const {
  return static_cast<int64_t>(preamble().size()) + nodes_ + policies_ + pods_;
}

Event SyntheticCluster::put(std::string key, std::string value) {
  ++made_;
  return {0, made_ * 1'000'000, DatastoreEvent{made_, std::move(key), std::move(value)}};
}

Event SyntheticCluster::node_event(int64_t index) {
  return put(
      fmt::format("{}/nodes/node-{}", resources, index),
      fmt::format(
          R"json({{"apiVersion":"projectcalico.org/v3","kind":"Node","metadata":{{"name":"node-{0}"}},"spec":{{"bgp":{{"ipv4Address":"172.16.{1}.{2}/16"}}}}}})json",
          index, index / 250, index % 250 + 1));
}

Event SyntheticCluster::pod_event(int64_t pod, int64_t version) {
  const int64_t node = pod % nodes_;
  return put(
      fmt::format("{}/workloadendpoints/ns/node--{}-k8s-pod--{}-eth0", resources, node, pod),
      fmt::format(
          R"json({{"apiVersion":"projectcalico.org/v3","kind":"WorkloadEndpoint","metadata":{{"name":"node--{0}-k8s-pod--{1}-eth0","namespace":"ns","labels":{{"app":"app-{2}","version":"v{3}","projectcalico.org/namespace":"ns","projectcalico.org/orchestrator":"k8s"}}}},"spec":{{"containerID":"c{1}","endpoint":"eth0","interfaceName":"cali{1:011d}","ipNetworks":["10.{4}.{5}.{6}/32"],"node":"node-{0}","orchestrator":"k8s","pod":"pod-{1}","profiles":["kns.ns"]}}}})json",
          node, pod, pod % std::max(policies_, 1), version % 7, pod >> 16 & 255, pod >> 8 & 255,
          pod & 255));
}

Event SyntheticCluster::initial(int64_t index) {
  if (index < static_cast<int64_t>(preamble().size())) {
    const auto& [key, value] = preamble()[static_cast<size_t>(index)];
    return put(fmt::format("{}/{}", resources, key), value);
  }
  index -= static_cast<int64_t>(preamble().size());
  if (index < nodes_) return node_event(index);
  index -= nodes_;
  if (index >= policies_) return pod_event(index - policies_, 0);
  return put(
      fmt::format("{}/networkpolicies/ns/default.policy-{}", resources, index),
      fmt::format(
          R"json({{"apiVersion":"projectcalico.org/v3","kind":"NetworkPolicy","metadata":{{"name":"policy-{0}","namespace":"ns"}},"spec":{{"tier":"default","order":{0},"selector":"app == 'app-{0}'","types":["Ingress"],"ingress":[{{"action":"Allow","protocol":"TCP","source":{{"selector":"app == 'app-{1}'"}},"destination":{{"ports":[{2}]}}}}]}}}})json",
          index, (index + 1) % policies_, 1000 + index));
}

Event SyntheticCluster::next() {
  if (made_ < initial_events()) return initial(made_);
  // A stride that is coprime to the usual numbers visits all pods in an order without pattern.
  return pod_event(made_ * 7919 % pods_, made_);
}

}  // namespace felixsim::bench
