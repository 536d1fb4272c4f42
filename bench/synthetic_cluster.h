// SPDX-License-Identifier: Apache-2.0
// An invented cluster as datastore events, for benchmarks: nodes, a pool, blocks, pods in
// namespaces, policies; then changes that keep the state's size. The same arguments give the same
// events.
#pragma once

#include <cstdint>
#include <string>

#include "felixsim/event.h"

namespace felixsim::bench {

class SyntheticCluster {
 public:
  SyntheticCluster(int pods, int nodes, int policies);

  // Events of the initial state; then next() gives changes without end.
  int64_t initial_events() const;
  Event next();

  static std::string node_name(int number);

 private:
  Event put(std::string key, std::string value);
  Event node_event(int64_t index);
  Event initial(int64_t index);
  Event pod_event(int64_t pod, int64_t version);

  int pods_, nodes_, policies_;
  int64_t made_ = 0;
};

}  // namespace felixsim::bench
