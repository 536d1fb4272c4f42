// SPDX-License-Identifier: Apache-2.0
// Endpoint status: what the families say is merged, reported upwards, and written as one file for
// each endpoint that is up. Mirrors felix/dataplane/linux/status_combiner.go and
// felix/statusrep/status_file_reporter.go of v3.32.1.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <array>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "felixsim/kernel_op.h"
#include "felixsim/messages.h"
#include "model/dataplane/id_hash.h"

namespace felixsim {

using EndpointId = std::variant<msg::WorkloadEndpointId, Symbol>;  // Symbol: a host endpoint

// "k8s default%2Fpod1 eth0": fields escaped as Go's url.PathEscape does, joined by a space.
std::string status_file_name(const msg::WorkloadEndpointId& id);
std::string status_file_content(const msg::WorkloadEndpoint& endpoint);

class EndpointStatusCombiner {
 public:
  // `status` is "up", "down", "error", or "" for an endpoint that is gone; `endpoint` is null for
  // host endpoints.
  void update(IpFamily family, const EndpointId& id, const std::string& status,
              std::shared_ptr<const msg::WorkloadEndpoint> endpoint);

  // Writes and removes files; the combined statuses of what changed, in order of ID.
  // Felix v3.28 leaves the files empty.
  std::vector<std::pair<EndpointId, std::string>> apply(Backend& backend, bool write_files,
                                                        bool with_content = true);

 private:
  std::string combined(const EndpointId& id) const;
  void resync_files(const KernelState& kernel);

  struct Known {
    std::array<std::string, 2> statuses;  // of IPv4 and IPv6; empty: none
    std::shared_ptr<const msg::WorkloadEndpoint> endpoint;
  };
  absl::flat_hash_map<EndpointId, Known, IdHash> known_;
  std::vector<EndpointId> dirty_;  // may repeat
  absl::flat_hash_map<std::string, std::string> wanted_files_;
  std::vector<std::string> dirty_files_;  // may repeat
  bool files_read_ = false;
};

}  // namespace felixsim
