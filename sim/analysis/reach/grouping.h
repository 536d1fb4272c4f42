// SPDX-License-Identifier: Apache-2.0
// Which endpoints have the same policy of one direction, so that what it lets through is worked out
// for all of them at once.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>

#include <array>
#include <utility>
#include <vector>

#include "sim/analysis/reach/matrix.h"
#include "sim/analysis/reach/program_tiers.h"
#include "sim/analysis/reach/unknown_labels.h"

namespace felixsim::reach {

// What is known of a group beside what the matrix holds.
struct Group {
  std::vector<uint64_t> identity;
  size_t members = 0;
  std::vector<Cell> cells;
  bool stale_cells = false;  // those of rules or tiers that were there before
  bool fresh = false;        // made in this update
  int from = -1;             // of a fresh one: the group that its first element had; -1: none
  size_t heirs = 0;          // fresh ones that come from it
};

// All of one IP version. Groups keep their numbers; one that nothing has any more keeps what it had
// until drop_empty().
class Grouping {
 public:
  // All must outlive it; `endpoints` are those that the address space numbers.
  Grouping(const ClusterState& state, const std::vector<EndpointInfo>& endpoints,
           const UnknownLabels& unknown, const CompiledRules& rules, ElementSets& sets,
           FamilyMatrix& out);

  std::vector<Group>& groups() { return groups_; }
  // Nobody knows which policies apply to the elements of this one.
  bool is_untold(size_t group) const { return static_cast<int>(group) == untold_; }

  // Header conditions: encapsulation that workloads of a host may not send.
  const std::vector<size_t>& denied_first(Symbol host);
  // The limits of all hosts changed, or may have: they are to be asked again.
  void forget_limits() { denied_first_.clear(); }
  bool knows_limits() const { return !denied_first_.empty(); }

  void policy_came_or_went(const PolicyKey& policy) { tiers_.forget(policy); }
  // Elements of a group are no longer alike, or others may now be like them.
  void forget_identity(size_t group) { numbers_.erase(groups_[group].identity); }

  // Finds the groups of these elements.
  void regroup(const Bits& elements);
  void drop_empty();

 private:
  // Endpoints that are like one of them in all that decides about policy, but for what rules find
  // at the endpoint itself.
  struct Kind {
    const EndpointInfo* one;
    std::array<int, 2> groups;  // egress, ingress; -1: not known, or not one
  };

  const EndpointInfo& endpoint_of(size_t element) const {
    return endpoints_[static_cast<size_t>(out_.addresses.elements()[element].endpoint)];
  }
  Kind& kind_of(const EndpointInfo& endpoint);
  bool alike(const EndpointInfo& a, const EndpointInfo& b);
  void move(size_t element, bool ingress, int group);
  int group_of(size_t element, bool ingress, int& of_kind);
  void find_program(const EndpointInfo& endpoint, bool ingress);
  int untold_group();
  int add_group(size_t element);
  void find_representatives();

  const ClusterState& state_;
  const std::vector<EndpointInfo>& endpoints_;
  const UnknownLabels& unknown_;
  const CompiledRules& rules_;
  ElementSets& sets_;
  FamilyMatrix& out_;
  ProgramTiers tiers_;
  std::vector<Group> groups_;
  std::vector<size_t> vacant_, empty_;
  absl::flat_hash_map<std::vector<uint64_t>, int> numbers_;        // of groups, by identity
  absl::flat_hash_map<Symbol, std::vector<size_t>> denied_first_;  // by host
  std::vector<char> unrepresented_;  // groups whose representative has left
  int untold_ = -1;
  // Of one regroup(), by tiers and first profile.
  absl::flat_hash_map<std::pair<const calc::TierLists*, Symbol>, absl::InlinedVector<Kind, 1>>
      kinds_;
  Program program_;                 // that is looked for
  std::vector<uint64_t> identity_;  // its own
};

}  // namespace felixsim::reach
