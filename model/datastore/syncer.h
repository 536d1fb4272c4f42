// SPDX-License-Identifier: Apache-2.0
// From what a datastore holds to what Felix computes on: takes raw keys and values in order, in
// the etcd form (/calico/resources/v3/...) and the v1 form mixed, and yields the updates that
// Felix's syncer would deliver. Mirrors libcalico-go/lib/backend/syncersv1/felixsyncer and
// updateprocessors. Left out: the order in which Felix's many watchers interleave, revisions,
// resyncs.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "felixsim/felix_version.h"
#include "felixsim/resource.h"

namespace felixsim {

struct SyncerOptions {
  // Calico on the Kubernetes datastore: Felix then also watches KubernetesNetworkPolicies,
  // ClusterNetworkPolicies, EndpointSlices and Services. On etcd it does not.
  bool kubernetes_datastore = true;
  bool use_pod_cidr = false;  // host-local IPAM: blocks come from the nodes' pod CIDRs
  VersionFacts felix;
};

// Something invalid in the datastore, and what Felix makes of it.
struct DatastoreWarning {
  std::string key;   // as stored
  std::string fact;  // "IPPool 'pool-1': cidr: '10.0.0.0/33' is no network; treated as deleted"
  bool reported = false;  // Felix's syncer reports it as an error, rather than only log it
};

class Syncer {
 public:
  explicit Syncer(SyncerOptions options = {});
  ~Syncer();
  Syncer(Syncer&&) noexcept;
  Syncer& operator=(Syncer&&) noexcept;

  // One stored key put (value) or deleted (no value). Appends the updates to `out`; which keys were
  // touched is which keys are in `out`. Deletes of keys that were never set may occur, as in Felix.
  // O(size of the value), independent of what is stored.
  void apply(std::string_view key, std::optional<std::string_view> value, std::vector<Update>& out);

  // What was invalid since the last call, in order; said again whenever it is seen again, as Felix
  // does. Who shows them to people tells each once (sim/engine/datastore_view.h).
  std::vector<DatastoreWarning> take_warnings();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace felixsim
