// SPDX-License-Identifier: Apache-2.0
// Keeps the matrix of one IP version as the cluster changes: what an event does not touch stays.
// Elements and groups keep their numbers.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "sim/analysis/reach/compiled_rules.h"
#include "sim/analysis/reach/group_evaluation.h"

namespace felixsim::reach {

// How the numbers of endpoints changed.
struct EndpointsMoved {
  std::vector<int> to;               // by old number: the new one; -1: it is gone
  std::vector<size_t> renewed;       // new numbers of endpoints that came, or have other addresses
  std::vector<size_t> other_policy;  // of others that have other policies or profiles
};

class FamilyUpdater {
 public:
  // All must outlive it. `endpoints` is up to date at each update().
  FamilyUpdater(const ClusterState& state, const MatrixOptions& options,
                const std::vector<EndpointInfo>& endpoints, const UnknownLabels& unknown,
                FamilyMatrix& out);

  void update(const Changes& changes, const EndpointsMoved& moved);

  // Conditions on headers that nothing needs any more are never dropped; are they too many?
  bool worn_out() const;

 private:
  void move_endpoints(const EndpointsMoved& moved);
  void renew_addresses(size_t endpoint, std::vector<size_t> elements);
  void update_nets(const Changes& changes);
  void grow();
  void update_headers(const Changes& changes, const EndpointsMoved& moved);
  void find_changed_policies(const std::vector<Symbol>& profiles_that_came, const Bits& dirty);
  const EndpointInfo& endpoint_of(size_t element) const {
    return endpoints_[static_cast<size_t>(out_.addresses.elements()[element].endpoint)];
  }

  const ClusterState& state_;
  const MatrixOptions& options_;
  const std::vector<EndpointInfo>& endpoints_;
  FamilyMatrix& out_;
  ElementSets sets_;
  std::shared_ptr<CompiledRules> rules_;
  size_t update_ = 0;  // counts them
  size_t first_conditions_ = 0;
  Bits regroup_;  // elements
  Grouping grouping_;
  GroupEvaluation evaluation_;
};

}  // namespace felixsim::reach
