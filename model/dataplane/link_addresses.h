// SPDX-License-Identifier: Apache-2.0
// The one link-scope address that Felix gives a workload interface whose endpoint peers over BGP
// with the node. Mirrors felix/linkaddrs/link_addrs.go of v3.32.1.
#pragma once

#include <string>
#include <vector>

#include "felixsim/kernel_op.h"
#include "model/dataplane/delta_tracker.h"

namespace felixsim {

class LinkAddresses {
 public:
  LinkAddresses(IpFamily family, std::vector<std::string> workload_prefixes)
      : family_(family), workload_prefixes_(std::move(workload_prefixes)) {}

  void set(const std::string& device, const Ip& address);
  void remove(const std::string& device);
  bool apply(Backend& backend);

 private:
  bool is_workload_interface(const std::string& device) const;
  void resync(const KernelState& kernel);
  bool ensure(Backend& backend, const std::string& device, const Ip* wanted);

  IpFamily family_;
  std::vector<std::string> workload_prefixes_;
  DeltaTracker<std::string, Ip> addresses_;
  bool resync_needed_ = true;
};

}  // namespace felixsim
