// SPDX-License-Identifier: Apache-2.0
// Where an event can have changed what a list of tiers lets through: of tiers that many endpoints
// have, what they did before and do now is found out once for all.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>

#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "sim/analysis/reach/groups.h"

namespace felixsim::reach {

// With these headers any peer, and these peers with any header, may fare otherwise; all else is as
// it was. (Peers whose membership in a set changed are not in it.)
struct Difference {
  Bits headers, peers;
  bool all_headers = false;  // all of them are in `headers`
};

// Of one update: the rules that changed know what they were.
class TierChanges {
 public:
  // `tiers`: those of which order or default action changed.
  TierChanges(const HeaderSpace& headers, const Bits& live, size_t update,
              const std::set<Symbol>& tiers);

  // Between a program as it was and one as it is. Null: too much changed, or too little of it is
  // shared with others, to tell for less than an evaluation costs.
  const Difference* between(const Program& before, const Program& after);

 private:
  using Outcomes = std::vector<TierOutcome>;
  using Differences = absl::InlinedVector<const Difference*, 2>;

  bool comparable(const Program& before, const Program& after) const;
  bool stays(const ProgramTierPtr& tier, const Program& other) const;
  bool add(const ProgramTierPtr& before, const ProgramTierPtr& after, bool ingress,
           Differences& out);
  const Outcomes* outcomes(const ProgramTierPtr& tier, bool ingress, bool before);
  std::optional<ProgramTierPtr> as_before(const ProgramTierPtr& tier) const;
  Difference compare(const Outcomes& before, const Outcomes& after) const;
  const Difference* joined(const Differences& differences);

  const HeaderSpace& headers_;
  const Bits& live_;
  const size_t update_;
  const std::set<Symbol>& tiers_;
  const Outcomes nothing_;  // what a tier does that is not there
  absl::flat_hash_map<std::pair<const ProgramTier*, bool>, Outcomes> outcomes_;
  // By tier before and tier after; null: there is none.
  absl::flat_hash_map<std::pair<const ProgramTier*, const ProgramTier*>,
                      std::unique_ptr<Difference>>
      differences_;
  absl::flat_hash_map<Differences, std::unique_ptr<Difference>> joined_;
};

}  // namespace felixsim::reach
