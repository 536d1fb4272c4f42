// SPDX-License-Identifier: Apache-2.0
// A matrix that follows a cluster from event to event, for a small part of what it costs to compute
// it. What it says is at every moment what compute_matrix() would say; numbers of elements, headers
// and groups are its own.
#pragma once

#include <memory>

#include "sim/analysis/reach/family_updater.h"

namespace felixsim::reach {

class LiveMatrix {
 public:
  // The state must outlive it. From now on, each of its updates must be told.
  explicit LiveMatrix(const ClusterState& state, MatrixOptions options = {});

  void update(const Changes& changes);
  const Matrix& matrix() const { return matrix_; }
  // The matrix, which from now on stays as it is.
  static Matrix taken(std::unique_ptr<LiveMatrix> live) { return std::move(live->matrix_); }

 private:
  void begin();
  EndpointsMoved move_endpoints(const Changes& changes);

  const ClusterState& state_;
  MatrixOptions options_;
  Matrix matrix_;
  std::unique_ptr<UnknownLabels> unknown_;
  std::unique_ptr<FamilyUpdater> v4_, v6_;
};

}  // namespace felixsim::reach
