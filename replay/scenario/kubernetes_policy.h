// SPDX-License-Identifier: Apache-2.0
// What an API server would find wrong with a NetworkPolicy of Kubernetes that a person wrote.
#pragma once

#include <string>

#include "felixsim/result.h"
#include "replay/scenario/yaml.h"

namespace felixsim {

inline constexpr std::string_view kubernetes_policy_api = "networking.k8s.io/v1";

// A NetworkPolicy of networking.k8s.io with a field that Kubernetes does not have: an API server
// refuses it (kubectl validates), and what was meant is not known. The error names the place.
Status check_network_policy_fields(const yaml::Node& policy, const std::string& file);

}  // namespace felixsim
