// SPDX-License-Identifier: Apache-2.0
// A cluster's kernels and workloads as the world through which packets walk.
#pragma once

#include "model/kernel/walk/world.h"
#include "sim/engine/cluster.h"

namespace felixsim {

// The kernels are looked at, not copied: after the next event of the cluster the world is void.
walk::World packet_world(const Cluster& cluster);

}  // namespace felixsim
