// SPDX-License-Identifier: Apache-2.0
// Objects of manifests that Calico does not read: which of them do not matter, what is wrong with
// the others, and what only an API server would find wrong. Internal to replay/capture.
#pragma once

#include <string>
#include <string_view>

#include "felixsim/result.h"
#include "replay/scenario/yaml.h"

namespace felixsim {

// Kubernetes' and Calico's own kinds that have no say in what packets may pass.
bool has_no_bearing(std::string_view api_version, std::string_view kind);

// Why an object of an unknown kind cannot be used, and what to give instead where that is known.
std::string why_unknown(std::string_view api_version, std::string_view kind);

// A NetworkPolicy of networking.k8s.io with a field that Kubernetes does not have: an API server
// refuses it (kubectl validates), and what was meant is not known. The error names the place.
Status check_network_policy_fields(const yaml::Node& policy, const std::string& file);

}  // namespace felixsim
