// SPDX-License-Identifier: Apache-2.0
#include "replay/capture/kubernetes_kinds.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "felixsim/near_name.h"
#include "replay/scenario/reader.h"

namespace felixsim {
namespace {

using Words = std::span<const std::string_view>;

bool is_one_of(std::string_view word, Words words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Kinds that somebody may have mistyped.
constexpr std::array<std::string_view, 19> kinds_with_a_say{"Pod",
                                                            "Namespace",
                                                            "ServiceAccount",
                                                            "Node",
                                                            "Service",
                                                            "EndpointSlice",
                                                            "NetworkPolicy",
                                                            "ClusterNetworkPolicy",
                                                            "GlobalNetworkPolicy",
                                                            "StagedNetworkPolicy",
                                                            "StagedGlobalNetworkPolicy",
                                                            "StagedKubernetesNetworkPolicy",
                                                            "Tier",
                                                            "NetworkSet",
                                                            "GlobalNetworkSet",
                                                            "HostEndpoint",
                                                            "Profile",
                                                            "IPPool",
                                                            "FelixConfiguration"};

// Field by field, as a person wrote it.
class PolicyCheck {
 public:
  PolicyCheck(const std::string& file, std::string label)
      : reader_(file), label_(std::move(label)) {}

  Status spec(const yaml::Node& node) const {
    if (auto known = fields(node, "spec", {"podSelector", "policyTypes", "ingress", "egress"});
        !known)
      return known;
    if (auto known = selector(node.find("podSelector")); !known) return known;
    if (auto known = rules(node.find("ingress"), "ingress", "from"); !known) return known;
    return rules(node.find("egress"), "egress", "to");
  }

 private:
  // Things of other types are no fields: whoever reads them says so.
  Status fields(const yaml::Node& node, const std::string& what,
                std::initializer_list<std::string_view> known) const {
    if (node.kind != yaml::Node::Kind::map) return {};
    return reader_.map(node, label_ + " " + what, std::span(known.begin(), known.size()));
  }

  template <class Each>
  Status each(const yaml::Node* list, Each check) const {
    if (list == nullptr || list->kind != yaml::Node::Kind::list) return {};
    for (const auto& item : list->items)
      if (auto known = check(*item); !known) return known;
    return {};
  }

  Status selector(const yaml::Node* node) const {
    if (node == nullptr) return {};
    if (auto known = fields(*node, "selector", {"matchLabels", "matchExpressions"}); !known)
      return known;
    return each(node->find("matchExpressions"), [&](const yaml::Node& expression) {
      return fields(expression, "matchExpressions", {"key", "operator", "values"});
    });
  }

  Status peer(const yaml::Node& node) const {
    if (auto known = fields(node, "peer", {"podSelector", "namespaceSelector", "ipBlock"}); !known)
      return known;
    for (const char* name : {"podSelector", "namespaceSelector"})
      if (auto known = selector(node.find(name)); !known) return known;
    const auto* block = node.find("ipBlock");
    return block != nullptr ? fields(*block, "ipBlock", {"cidr", "except"}) : Status();
  }

  Status rules(const yaml::Node* list, const std::string& name, std::string_view peers) const {
    return each(list, [&](const yaml::Node& rule) -> Status {
      if (auto known = fields(rule, name + " rule", {"ports", peers}); !known) return known;
      const auto port = [&](const yaml::Node& one) {
        return fields(one, "port", {"port", "endPort", "protocol"});
      };
      if (auto known = each(rule.find("ports"), port); !known) return known;
      return each(rule.find(peers), [&](const yaml::Node& one) { return peer(one); });
    });
  }

  scenario::Reader reader_;
  std::string label_;
};

}  // namespace

bool has_no_bearing(std::string_view api_version, std::string_view kind) {
  if (kind.find("Policy") != std::string_view::npos &&
      api_version.starts_with("networking.k8s.io/"))
    return false;
  for (const std::string_view group :
       {"apps/", "batch/", "rbac.authorization.k8s.io/", "storage.k8s.io/", "autoscaling/",
        "policy/", "apiextensions.k8s.io/", "coordination.k8s.io/", "scheduling.k8s.io/",
        "admissionregistration.k8s.io/", "apiregistration.k8s.io/", "node.k8s.io/",
        "events.k8s.io/", "certificates.k8s.io/", "networking.k8s.io/", "metrics.k8s.io/"})
    if (api_version.starts_with(group)) return true;
  static constexpr std::array<std::string_view, 14> core{"Binding",
                                                         "ComponentStatus",
                                                         "ConfigMap",
                                                         "Endpoints",
                                                         "Event",
                                                         "LimitRange",
                                                         "PersistentVolume",
                                                         "PersistentVolumeClaim",
                                                         "PodTemplate",
                                                         "ReplicationController",
                                                         "ResourceQuota",
                                                         "Secret",
                                                         "Status",
                                                         "APIService"};
  static constexpr std::array<std::string_view, 7> calico{
      "BlockAffinity",     "IPAMHandle",       "IPAMConfig",
      "IPAMConfiguration", "CalicoNodeStatus", "KubeControllersConfiguration",
      "IPAMBlock"};
  if (api_version == "v1") return is_one_of(kind, core);
  return (api_version == "projectcalico.org/v3" || api_version == "crd.projectcalico.org/v1") &&
         is_one_of(kind, calico);
}

std::string why_unknown(std::string_view api_version, std::string_view kind) {
  if (api_version.starts_with("policy.networking.k8s.io/"))
    return fmt::format(
        "Calico v3.32 does not read this kind of '{}'; it reads ClusterNetworkPolicy of "
        "policy.networking.k8s.io/v1alpha2",
        api_version);
  if (api_version.starts_with("kustomize.config.k8s.io/"))
    return "what kustomize makes of it is not known: give the output of `kustomize build`";
  const std::string near = nearest_name(kind, kinds_with_a_say);
  const std::string meant =
      near.empty() || near == kind ? "" : fmt::format("; did you mean '{}'?", near);
  return fmt::format("a kind of '{}' that felixsim does not know{}", api_version, meant);
}

Status check_network_policy_fields(const yaml::Node& policy, const std::string& file) {
  const auto* metadata = policy.find("metadata");
  const auto* name = metadata != nullptr ? metadata->find("name") : nullptr;
  const auto* spec = policy.find("spec");
  if (spec == nullptr) return {};
  return PolicyCheck(file, fmt::format("NetworkPolicy '{}'", name != nullptr ? name->text : ""))
      .spec(*spec);
}

}  // namespace felixsim
