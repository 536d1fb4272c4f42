// SPDX-License-Identifier: Apache-2.0
// Static neighbour and forwarding entries of a VXLAN device: tunnel address -> tunnel MAC, and
// tunnel MAC -> host address. Mirrors felix/vxlanfdb/vxlan_fdb.go of v3.32.1.
#pragma once

#include <string>
#include <vector>

#include "felixsim/kernel_op.h"
#include "model/dataplane/delta_tracker.h"
#include "model/dataplane/interfaces.h"

namespace felixsim {

struct Vtep {
  Mac tunnel_mac;
  Ip tunnel_address, host_address;
};

class VxlanFdb {
 public:
  VxlanFdb(IpFamily family, std::string device) : family_(family), device_(std::move(device)) {}

  void set_vteps(const std::vector<Vtep>& vteps);
  void on_interface_changed(const InterfaceChange& change);
  void queue_resync() { resync_needed_ = true; }
  // Waits, without failing, for the device to be up. False if the kernel refused something.
  bool apply(Backend& backend);

 private:
  bool resync(const KernelState& kernel);

  IpFamily family_;
  std::string device_;
  DeltaTracker<Ip, Mac> neighbours_;
  DeltaTracker<Mac, Ip> entries_;
  bool resync_needed_ = true;
  bool device_up_ = false;
};

}  // namespace felixsim
