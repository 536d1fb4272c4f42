// SPDX-License-Identifier: Apache-2.0
// Kubernetes quantities (k8s.io/apimachinery/pkg/api/resource): "1k", "1.5Mi", "10e3".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace felixsim {

// The value, rounded up to an integer; nothing if this is no quantity. What does not fit into 64
// bits is what Kubernetes makes of it (resource.Quantity.Value): 0 for few digits with a large
// factor, the lowest 64 bits for many, the largest number with a binary factor.
std::optional<int64_t> parse_quantity(std::string_view text);

}  // namespace felixsim
