// SPDX-License-Identifier: Apache-2.0
// Kubernetes NetworkPolicies and ClusterNetworkPolicies as Calico policies. Mirrors
// libcalico-go/lib/backend/k8s/conversion (conversion.go, clusternetworkpolicy.go).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/datastore/json_reader.h"
#include "model/datastore/v3_policy.h"

namespace felixsim {

// metav1.LabelSelector.
struct K8sLabelSelector {
  struct Expression {
    std::string key, op;
    std::vector<std::string> values;
  };
  StringMap match_labels;
  std::vector<Expression> match_expressions;
};
void read_label_selector(JsonReader& in, JsonView view, std::optional<K8sLabelSelector>& out);

// A pod selector also asks for workloads of Kubernetes; a namespace selector without terms is
// all().
std::string pod_selector_text(const std::optional<K8sLabelSelector>& selector);
std::string namespace_selector_text(const std::optional<K8sLabelSelector>& selector);

// networking.k8s.io/v1 NetworkPolicy, and the spec of a StagedKubernetesNetworkPolicy.
struct K8sNetworkPolicy {
  struct Peer {
    std::optional<K8sLabelSelector> pods, namespaces;
    bool has_block = false;
    std::string block_cidr;
    std::vector<std::string> block_except;
  };
  struct PortMatch {
    std::optional<std::string> port, protocol;  // a number as text, or a name
    std::optional<int32_t> end_port;
  };
  struct RuleMatch {
    std::vector<Peer> peers;
    std::vector<PortMatch> ports;
  };
  ObjectMeta meta;
  std::string staged_action;
  std::optional<K8sLabelSelector> pod_selector;
  std::vector<RuleMatch> ingress, egress;
  std::vector<std::string> policy_types;
};
K8sNetworkPolicy read_k8s_network_policy(JsonReader& in, JsonView view);

// The Calico policy that it means. Rules that cannot be converted are dropped, with one fact each.
V3Policy k8s_network_policy_to_v3(const K8sNetworkPolicy& policy, Facts& failures);

// policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy. Nothing if tier or subject are missing.
// Rules that cannot be converted become "deny all" if they denied or passed, and are dropped
// otherwise; one fact each.
std::optional<V3Policy> read_cluster_network_policy(JsonReader& in, JsonView view, Facts& failures);

// The fewest ranges that cover the same ports; names first, then ranges in order.
std::vector<Port> simplify_ports(const std::vector<Port>& ports);

}  // namespace felixsim
