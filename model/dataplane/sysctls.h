// SPDX-License-Identifier: Apache-2.0
// The settings under /proc/sys and /sys that Felix writes. Mirrors endpoint_mgr.go
// (configureInterface, configureProcSysForInterface) and int_dataplane.go (configureKernel) of
// v3.32.1.
#pragma once

#include <string>

#include "felixsim/kernel_op.h"

namespace felixsim {

// Forwarding and conntrack accounting of the whole host.
void configure_host(Backend& backend, bool ip_forwarding, bool ipv6_enabled);

// Settings of a workload's interface that is up. False if the kernel refused one that matters:
// Felix tries again.
bool configure_workload_interface(Backend& backend, IpFamily family, const std::string& name,
                                  const std::string& rp_filter);

// Whether the device handles its packets in threads of its own. False if the kernel refused it.
bool set_threads(Backend& backend, const std::string& device, bool threaded);

// What new interfaces get for rp_filter; "1" where it cannot be read.
std::string default_rp_filter(const KernelState& kernel);

}  // namespace felixsim
