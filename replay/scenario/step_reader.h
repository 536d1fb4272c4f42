// SPDX-License-Identifier: Apache-2.0
// The parts of a step that stand for themselves: host actions, probes, expectations. Internal to
// replay/scenario.
#pragma once

#include <string>
#include <vector>

#include "replay/scenario/reader.h"
#include "replay/scenario/scenario.h"

namespace felixsim::scenario {

// {node: [action, ...]} of `host` and `host-before`.
Status read_host_actions(const Reader& reader, const Node& node,
                         const std::vector<ScenarioNode>& nodes, std::vector<HostAction>& out);
// [action, ...] of one node.
Status read_actions(const Reader& reader, const Node& list, const std::string& node,
                    std::vector<HostAction>& out);

Status read_probes(const Reader& reader, const Node& list, std::vector<Probe>& out);
// A text in the list is a packet: "web -> db tcp/80: deny by default/db-only".
Status read_expectations(const Reader& reader, const Node& node,
                         const std::vector<ScenarioNode>& nodes, std::vector<Expectation>& out,
                         std::vector<Probe>& probes);

// Error unless `name` is one of the nodes.
Status check_node(const Reader& reader, const std::string& name, Place place,
                  const std::vector<ScenarioNode>& nodes);

}  // namespace felixsim::scenario
