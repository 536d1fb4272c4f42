// SPDX-License-Identifier: Apache-2.0
// What Felix reads before it starts anything: its local configuration, the datastore's, and the
// encapsulations that the IP pools ask for. Mirrors felix/daemon/daemon.go (Run up to
// StartDataplaneDriver, loadConfigFromDatastore).
#pragma once

#include <optional>
#include <span>
#include <string>

#include "felixsim/messages.h"
#include "felixsim/resource.h"
#include "felixsim/result.h"
#include "model/calc/graph_options.h"
#include "model/config/config.h"
#include "model/node/felix_process.h"

namespace felixsim::node {

struct StartUp {
  Config config;
  Symbol hostname;
  msg::Encapsulation encapsulation;
};

// An error means that Felix stays in its start-up loop and tries again: the datastore is not ready,
// or a value of the configuration is fatal.
// Why start-up does not get on, and what Felix reports meanwhile.
struct NotStarted {
  Error error;
  bool health_served = false;
  bool datastore_unready = false;  // then it says that it is ready itself
};

// What the datastore configures for this host.
calc::DatastoreConfig datastore_config(std::span<const Update> snapshot, Symbol hostname);

tl::expected<StartUp, NotStarted> start_up(const std::string& node,
                                           const FelixEnvironment& environment,
                                           FelixVersion version, std::span<const Update> snapshot);

// Why Felix, started with this configuration, exits with 129 before it programs anything, whenever
// it is started: idalloc.NewIndexAllocator sorts several RouteTableRanges in place, highest first,
// and the calc graph's first message, which has them as they were written, then looks like a
// change.
std::optional<std::string> restart_trap(const Config& config);

// Why Felix exits when it is to start a dataplane that is not its own: no host that is known here
// has such a program (dataplane/external/ext_dataplane.go StartExtDataplaneDriver).
std::optional<std::string> missing_driver(const Config& config);

}  // namespace felixsim::node
