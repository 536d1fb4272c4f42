// SPDX-License-Identifier: Apache-2.0
// Everything that can be shown of one node, by the names of `felixsim show --what`.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/engine/cluster.h"

namespace felixsim {

// kernel_parts() and config, marks, programming; "all" is not among them.
const std::vector<std::string>& node_parts();

// One part's text; the name must be one of node_parts(). Felix's own parts (config, marks) are
// empty while no Felix runs.
std::string node_text(const NodeFlight& node, std::string_view part);

// All parts but `programming`, and `reports`, which differ at each moment.
std::map<std::string, std::string> node_texts(const NodeFlight& node);

}  // namespace felixsim
