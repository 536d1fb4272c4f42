// SPDX-License-Identifier: Apache-2.0
// The cluster that `reach` and `explain` ask about, at one moment of an INPUT.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "felixsim/event.h"
#include "felixsim/result.h"
#include "sim/analysis/reach/matrix.h"

namespace felixsim::cli {

struct ReachCluster {
  std::unique_ptr<reach::ClusterState> state;
  reach::MatrixOptions options;  // what the input does not tell
  // "NetworkPolicy shop/db", "profile kns.shop" -> file and line, or revision.
  std::map<std::string, std::string> origins;
  // Objects that could not be used, each with place and reason: the answer is incomplete.
  std::vector<std::string> unusable;
};

Result<ReachCluster> read_reach_cluster(const std::string& path, const Moment& moment);

// Names what is unusable on standard error; the exit code: `answer`, or that of an incomplete one.
int finish_answer(const std::vector<std::string>& unusable, int answer);

// "tcp/80", "udp/53", "icmp".
Result<reach::Header> parse_header(const std::string& text);
reach::HeaderMatch match_of(const reach::Header& header);  // its protocol and destination port

}  // namespace felixsim::cli
