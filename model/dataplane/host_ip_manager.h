// SPDX-License-Identifier: Apache-2.0
// The IP set of this host's own addresses. Mirrors felix/dataplane/linux/hostip_mgr.go of v3.32.1.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/dataplane/interfaces.h"
#include "model/dataplane/ip_sets.h"

namespace felixsim {

class HostIpManager {
 public:
  HostIpManager(IpSets& ip_sets, std::vector<std::string> workload_prefixes)
      : ip_sets_(ip_sets), workload_prefixes_(std::move(workload_prefixes)) {}

  // Workload interfaces do not count. O(addresses of the host).
  void on_addresses(const AddressChange& change);

 private:
  IpSets& ip_sets_;
  std::vector<std::string> workload_prefixes_;
  std::map<std::string, std::set<Ip>> addresses_;
};

}  // namespace felixsim
