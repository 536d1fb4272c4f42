// SPDX-License-Identifier: Apache-2.0
// A matrix that follows a cluster from event to event, for a small part of what it costs to compute
// it: what it keeps are the layers of policy, which endpoints share. An answer about a pair puts
// those of its two ends together; written out, the matrix is what compute_matrix() would say, but
// for numbers of elements, headers and groups.
#pragma once

#include <memory>

#include "sim/analysis/reach/family_updater.h"

namespace felixsim::reach {

class LiveMatrix {
 public:
  // The state must outlive it. From now on, each of its updates must be told.
  explicit LiveMatrix(const ClusterState& state, MatrixOptions options = {});

  void update(const Changes& changes);

  const std::vector<EndpointInfo>& endpoints() const { return endpoints_; }  // by name
  const AddressSpace& addresses(IpFamily family) const { return of(family).addresses(); }
  const HeaderSpace& headers(IpFamily family) const { return of(family).headers(); }
  // Headers that may go from one element of an IP version to the other. A few microseconds.
  Tri allowed(IpFamily family, size_t source, size_t destination) {
    return (family == IpFamily::v4 ? v4_ : v6_)->allowed(source, destination);
  }
  // All of it, good until the next update(). O(endpoints + groups × elements / 64).
  Matrix matrix();

 private:
  const FamilyUpdater& of(IpFamily family) const { return family == IpFamily::v4 ? *v4_ : *v6_; }
  void begin();
  EndpointsMoved move_endpoints(const Changes& changes);

  const ClusterState& state_;
  MatrixOptions options_;
  std::vector<EndpointInfo> endpoints_;
  std::unique_ptr<UnknownLabels> unknown_;
  std::unique_ptr<FamilyUpdater> v4_, v6_;
};

}  // namespace felixsim::reach
