// SPDX-License-Identifier: Apache-2.0
// Objects of manifests that Calico does not read: which of them do not matter, and what is wrong
// with the others. Internal to replay/capture.
#pragma once

#include <string>
#include <string_view>

namespace felixsim {

// Kubernetes' and Calico's own kinds that have no say in what packets may pass.
bool has_no_bearing(std::string_view api_version, std::string_view kind);

// Why an object of an unknown kind cannot be used, and what to give instead where that is known.
std::string why_unknown(std::string_view api_version, std::string_view kind);

}  // namespace felixsim
