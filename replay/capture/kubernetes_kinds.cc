// SPDX-License-Identifier: Apache-2.0
#include "replay/capture/kubernetes_kinds.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "felixsim/near_name.h"

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

}  // namespace felixsim
