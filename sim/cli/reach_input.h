// SPDX-License-Identifier: Apache-2.0
// What `reach`, `explain` and `report` make of an INPUT: manifests are read as of a cluster that
// may not run yet, as far as they can be; and the cluster to ask about, at one moment.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "felixsim/event.h"
#include "felixsim/result.h"
#include "replay/capture/cluster_manifests.h"
#include "sim/analysis/reach/matrix.h"
#include "sim/cli/input.h"

namespace felixsim::cli {

struct ManifestsOrInput {
  Input input;
  ClusterManifests manifests;  // what is known of them besides their events, which `input` has
};
Result<ManifestsOrInput> open_manifests_or_input(const std::string& path);

// Addresses and labels that manifests do not have.
reach::MatrixOptions what_is_untold(const ClusterManifests& manifests);

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
