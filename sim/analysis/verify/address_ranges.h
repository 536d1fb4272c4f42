// SPDX-License-Identifier: Apache-2.0
// Which addresses a set of nets and ranges covers, whatever its pieces.
#pragma once

#include <set>
#include <string>

namespace felixsim {

// "10.0.0.0/25", "10.0.0.128-10.0.1.7" as disjoint ranges that do not touch: "10.0.0.0-10.0.1.7".
// Elements that are no addresses ("tcp", a concatenation): all come back as they are.
std::set<std::string> merged_addresses(const std::set<std::string>& elements);

}  // namespace felixsim
