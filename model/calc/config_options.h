// SPDX-License-Identifier: Apache-2.0
// What a graph must know, read out of a configuration. Mirrors how felix/daemon/daemon.go and
// calc_graph.go use config.Config.
#pragma once

#include <memory>

#include "felixsim/messages.h"
#include "model/calc/graph_options.h"
#include "model/config/config.h"

namespace felixsim::calc {

// The graph for `hostname` of a Felix that starts with `config`; `encapsulation` is what the IP
// pools ask for (EncapsulationCalculator). The graph merges the datastore's configuration into
// `config`, so nobody else may use it after.
GraphOptions graph_options(std::shared_ptr<Config> config, Symbol hostname,
                           const msg::Encapsulation& encapsulation);

LiveConfig live_config(const Config& config);

}  // namespace felixsim::calc
