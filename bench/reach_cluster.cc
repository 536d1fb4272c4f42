// SPDX-License-Identifier: Apache-2.0
#include "bench/reach_cluster.h"

#include <fmt/format.h>

#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace felixsim::bench {
namespace {

constexpr size_t pods_in_namespace = 20;

class Writer {
 public:
  Writer(const std::filesystem::path& folder, size_t pods) : folder_(folder) {
    namespaces_ = std::max<size_t>(1, pods / pods_in_namespace);
  }

  void namespaces() const {
    std::ofstream out(folder_ / "namespaces.yaml");
    const char* teams[] = {"red", "green", "blue", "gold"};
    const char* envs[] = {"prod", "dev", "test"};
    for (size_t i = 0; i < namespaces_; ++i)
      out << fmt::format(
          "---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: ns{0:04}\n  labels:\n"
          "    kubernetes.io/metadata.name: ns{0:04}\n    team: {1}\n    env: {2}\n",
          i, teams[i % 4], envs[i % 3]);
  }

  void pods(size_t count) const {
    std::ofstream out(folder_ / "pods.yaml");
    const char* tiers[] = {"fe", "be", "db"};
    for (size_t i = 0; i < count; ++i) {
      const size_t k = i / namespaces_, number = i + 1;
      out << fmt::format(
          "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: p{:02}\n  namespace: ns{:04}\n"
          "  labels:\n    app: app-{}\n    tier: {}\n    release: r{}\nspec:\n  nodeName: node{}\n"
          "  containers:\n  - name: c\n    image: x\n    ports:\n    - name: http\n"
          "      containerPort: 80\n      protocol: TCP\nstatus:\n  phase: Running\n"
          "  podIP: 10.{}.{}.{}\n",
          k, i % namespaces_, k % 10, tiers[k % 3], i % 4, i % 50, 1 + (number >> 16),
          number >> 8 & 255, number & 255);
    }
  }

  void policies(size_t count) {
    std::ofstream out(folder_ / "policies.yaml");
    for (size_t i = 0; i < count; ++i)
      out << fmt::format(
          "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n"
          "  name: np{:04}\n  namespace: ns{:04}\nspec:\n{}",
          i, i % namespaces_, spec());
  }

 private:
  size_t below(size_t count) { return random_() % count; }

  std::string app() { return fmt::format("{{matchLabels: {{app: app-{}}}}}", below(10)); }
  std::string tier() {
    return fmt::format("{{matchLabels: {{tier: {}}}}}", below(3) == 0 ? "fe" : "db");
  }
  std::string team() {
    return below(2) == 0 ? "{matchLabels: {team: red}}"
                         : "{matchExpressions: [{key: env, operator: In, values: [dev, prod]}]}";
  }
  std::string ports() {
    switch (below(4)) {
      case 0:
        return "";
      case 1:
        return "    ports: [{protocol: TCP, port: 80}, {protocol: TCP, port: 443}]\n";
      case 2:
        return "    ports: [{protocol: TCP, port: 8000, endPort: 8100}, {protocol: UDP, port: "
               "53}]\n";
      default:
        return fmt::format("    ports: [{{protocol: TCP, port: {}}}]\n", below(2) ? 5432 : 8080);
    }
  }

  std::string spec() {
    const std::string subject = below(10) == 0 ? "{}" : below(2) == 0 ? app() : tier();
    const std::string head = fmt::format("  podSelector: {}\n", subject);
    switch (below(10)) {
      case 0:
        return head + "  policyTypes: [Ingress]\n";
      case 1:
      case 2:
      case 3:
        return head + "  policyTypes: [Ingress]\n  ingress:\n  - from: [{podSelector: " + app() +
               "}, {podSelector: " + tier() + "}]\n" + ports();
      case 4:
      case 5:
        return head +
               "  policyTypes: [Ingress]\n  ingress:\n  - from: [{namespaceSelector: " + team() +
               ", podSelector: " + app() + "}]\n" + ports();
      case 6:
        return head +
               "  policyTypes: [Ingress]\n  ingress:\n  - from: [{ipBlock: {cidr: 198.18.0.0/16, "
               "except: [198.18.4.0/24]}}, {podSelector: {}}]\n" +
               ports();
      case 7:
      case 8:
        return head + "  policyTypes: [Egress]\n  egress:\n  - to: [{namespaceSelector: " + team() +
               ", podSelector: " + tier() + "}]\n" + ports() +
               "  - to: [{namespaceSelector: {}}]\n    ports: [{protocol: UDP, port: 53}]\n";
      default:
        return head +
               "  policyTypes: [Ingress, Egress]\n  ingress:\n  - from: [{namespaceSelector: " +
               team() + "}]\n" + ports() + "  egress:\n  - to: [{ipBlock: {cidr: 8.8.8.0/24}}]\n";
    }
  }

  std::filesystem::path folder_;
  size_t namespaces_;
  std::mt19937_64 random_{42};
};

}  // namespace

void write_reach_cluster(const std::filesystem::path& folder, size_t pods, size_t policies) {
  std::filesystem::create_directories(folder);
  Writer writer(folder, pods);
  writer.namespaces();
  writer.pods(pods);
  writer.policies(policies);
}

}  // namespace felixsim::bench
