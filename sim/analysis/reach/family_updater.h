// SPDX-License-Identifier: Apache-2.0
// Keeps the matrix of one IP version as the cluster changes: what an event does not touch stays.
// Elements and groups keep their numbers; of the groups, those are evaluated anew whose rules
// changed, and the others only at the elements that changed.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <map>
#include <memory>
#include <vector>

#include "sim/analysis/reach/columns.h"
#include "sim/analysis/reach/compiled_rules.h"
#include "sim/analysis/reach/matrix.h"

namespace felixsim::reach {

// How the numbers of endpoints changed.
struct EndpointsMoved {
  std::vector<int> to;          // by old number: the new one; -1: it is gone
  std::vector<size_t> renewed;  // new numbers of endpoints that came or changed
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
  // What is known of a group beside what the matrix holds.
  struct Group {
    std::vector<uint64_t> identity;
    size_t members = 0;
    std::vector<Cell> cells;
    bool fresh = false;
  };

  void move_endpoints(const EndpointsMoved& moved);
  void renew_addresses(size_t endpoint, std::vector<size_t> elements);
  void update_nets(const Changes& changes);
  void grow();
  void follow_headers(const std::vector<size_t>& cut_off_of);
  std::vector<size_t> encapsulation_of(Symbol host);
  void find_changed_policies(const std::vector<Symbol>& profiles_that_came, const Bits& dirty);
  void regroup();
  int group_of(size_t element, bool ingress);
  int untold_group();
  int add_group(Program program, size_t element);
  void leave(int group, size_t element, bool ingress);
  const EndpointInfo& endpoint_of(size_t element) const {
    return endpoints_[static_cast<size_t>(out_.addresses.elements()[element].endpoint)];
  }
  Program program_of(const EndpointInfo& endpoint, bool ingress);
  void evaluate_groups(const std::vector<size_t>& renewed, const Bits& dirty);
  void evaluate_whole(size_t group);
  std::vector<AlikeElement> find_alike(const Bits& dirty, std::vector<size_t>& others) const;
  void ask_columns(const std::vector<size_t>& groups, const std::vector<size_t>& elements);

  const ClusterState& state_;
  const MatrixOptions& options_;
  const std::vector<EndpointInfo>& endpoints_;
  const UnknownLabels& unknown_;
  FamilyMatrix& out_;
  ElementSets sets_;
  std::shared_ptr<CompiledRules> rules_;
  size_t update_ = 0;  // counts them
  size_t first_conditions_ = 0;
  std::vector<Group> groups_;
  std::vector<size_t> vacant_groups_;
  absl::flat_hash_map<std::vector<uint64_t>, int> numbers_;  // of groups, by identity
  std::map<Symbol, std::vector<size_t>> encapsulation_;      // conditions, by host
  Bits regroup_;                                             // elements
  int untold_ = -1;
  ColumnEvaluator columns_;
};

}  // namespace felixsim::reach
