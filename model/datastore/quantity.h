// SPDX-License-Identifier: Apache-2.0
// Kubernetes quantities (k8s.io/apimachinery/pkg/api/resource): "1k", "1.5Mi", "10e3".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace felixsim {

// The value, rounded up to an integer and cut to 64 bits; nothing if this is no quantity.
std::optional<int64_t> parse_quantity(std::string_view text);

}  // namespace felixsim
