// SPDX-License-Identifier: Apache-2.0
// Brings what groups let through up to date: a group is evaluated whole only where its own rules
// changed. Where tiers changed that many groups have, it keeps what it had but for where that can
// matter; where only elements changed, it is asked about these.
#pragma once

#include <set>
#include <vector>

#include "sim/analysis/reach/columns.h"
#include "sim/analysis/reach/grouping.h"
#include "sim/analysis/reach/tier_changes.h"

namespace felixsim::reach {

// What happened in one update.
struct EvaluationUpdate {
  size_t number = 0;
  bool any_renewed = false;       // elements that are not what they were
  const Bits& dirty;              // elements whose membership in any set may have changed
  const std::set<Symbol>& tiers;  // whose order or default action changed
};

class GroupEvaluation {
 public:
  GroupEvaluation(Grouping& grouping, ElementSets& sets, FamilyMatrix& out)
      : grouping_(grouping), sets_(sets), out_(out), cuts_(out.headers) {}

  void update(const EvaluationUpdate& update);
  // The headers have more classes than before: each was cut off of one of these.
  void follow_headers(const std::vector<size_t>& cut_off_of);

 private:
  struct Derived {
    size_t group;
    const Difference* difference;
  };

  void find_work(const EvaluationUpdate& update, size_t dirty);
  void inherit(size_t group);
  void evaluate_whole(size_t group);
  std::vector<Cell>& cells_of(size_t group);
  void cut_again(size_t group, const Bits& changed);
  void derive(TierChanges& changes, const std::vector<size_t>& changed, size_t dirty);
  void ask_differences(std::vector<Derived>& derived);
  std::vector<AlikeElements> find_alike(const Bits& dirty, std::vector<size_t>& others) const;
  void ask_columns(const std::vector<size_t>& groups, const std::vector<size_t>& elements);

  Grouping& grouping_;
  ElementSets& sets_;
  FamilyMatrix& out_;
  HeaderCuts cuts_;
  ColumnEvaluator columns_;
  std::vector<size_t> changed_, by_column_;  // groups
};

}  // namespace felixsim::reach
