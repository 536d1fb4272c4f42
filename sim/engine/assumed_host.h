// SPDX-License-Identifier: Apache-2.0
// A capture of the datastore alone says nothing of the hosts. Then a host is assumed, from what the
// datastore says of the node, and every answer that rests on it says so.
#pragma once

#include <string>
#include <vector>

#include "felixsim/event.h"
#include "sim/engine/datastore_view.h"

namespace felixsim {

struct AssumedHost {
  std::vector<Event> events;       // host facts, workloads, the start of Felix
  std::vector<std::string> notes;  // what was assumed, a sentence each
};

// eth0 with the addresses of the Node resource, a default route on it, an interface (up) for each
// workload endpoint of the node, kernel with everything, Felix started with an empty environment.
AssumedHost assume_host(const DatastoreView& datastore, const std::string& node);

}  // namespace felixsim
