// SPDX-License-Identifier: Apache-2.0
// Small clusters out of a seed, full of policy: for tests that compare what `reach` computes with
// what packets do in the predicted kernels.
#pragma once

#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

namespace felixsim::testing {

class RandomCluster {
 public:
  explicit RandomCluster(uint64_t seed) : random_(seed) {}

  // The resources, as manifests one after another.
  std::string manifests();

 private:
  using json = nlohmann::json;

  size_t below(size_t count) { return random_() % count; }
  bool chance(int percent) { return below(100) < static_cast<size_t>(percent); }
  template <class T>
  T one_of(std::initializer_list<T> list) {
    return *(list.begin() + below(list.size()));
  }

  void add(const json& object) { out_ += object.dump() + "\n"; }
  void add_nodes_and_namespaces();
  void add_pods();
  void add_workload_endpoint();
  void add_network_sets();
  void add_services();
  void add_kubernetes_policy(size_t number);
  void add_calico_policy(size_t number);
  void add_cluster_policy(size_t number);
  void add_host_endpoints();

  json labels();
  json label_selector();
  json kubernetes_rule(const char* peers);
  json kubernetes_ports();
  std::string selector();
  std::string net(bool v6);
  json calico_ports();
  json entity(bool ports_allowed, bool v6);
  json calico_rule();
  json service_rule(bool ingress);

  std::mt19937_64 random_;
  std::string out_;
  std::vector<std::string> tiers_;
};

}  // namespace felixsim::testing
