// SPDX-License-Identifier: Apache-2.0
// The cluster that `reach` and `explain` ask about, at one moment of an INPUT.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "felixsim/event.h"
#include "felixsim/result.h"
#include "sim/analysis/reach/headers.h"
#include "sim/analysis/reach/state.h"

namespace felixsim::cli {

struct ReachCluster {
  std::unique_ptr<reach::ClusterState> state;
  // Objects that could not be used, each with place and reason: the answer is incomplete.
  std::vector<std::string> unusable;
};

Result<ReachCluster> read_reach_cluster(const std::string& path, const Moment& moment);

// "tcp/80", "udp/53", "icmp".
Result<reach::Header> parse_header(const std::string& text);

}  // namespace felixsim::cli
