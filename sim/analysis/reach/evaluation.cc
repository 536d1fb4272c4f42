// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/evaluation.h"

#include "sim/analysis/reach/ask.h"

namespace felixsim::reach {
namespace {

// The members of a set of ports that this cell's headers may meet.
Tri members_in(const std::vector<PortSetPtr>& sets, size_t which, const HeaderSpace& headers,
               const Cell& cell, size_t elements) {
  Tri out = Tri::none(elements);
  for (const auto& [condition, members] : sets[which]->members)
    if (headers.of(condition).test(cell.header)) out |= members;
  return out;
}

// The peers of a rule with conditions on named ports.
Tri peers_with_ports(const RuleSideMatch& side, const HeaderSpace& headers, const Cell& cell,
                     const Bits& live) {
  Tri out = side.addresses ? side.addresses->members : Tri{live, live};
  if (!side.any.empty() && !(side.ports != no_match && headers.of(side.ports).test(cell.header))) {
    Tri any = Tri::none(live.size());
    for (size_t i = 0; i < side.any.size(); ++i)
      any |= members_in(side.any, i, headers, cell, live.size());
    out &= any;
  }
  for (size_t i = 0; i < side.all.size(); ++i)
    out &= members_in(side.all, i, headers, cell, live.size());
  for (size_t i = 0; i < side.none.size(); ++i)
    out -= members_in(side.none, i, headers, cell, live.size());
  return out;
}

// What the steps of a cell match, as words of whole sets; null: any peer.
struct CellPeers {
  std::vector<const Tri*> peers;
  std::vector<Tri> made;  // for this cell alone

  CellPeers(const Cell& cell, const Program& program, const HeaderSpace& headers,
            const Bits& live) {
    made.reserve(cell.steps.size());
    for (const Step& step : cell.steps) {
      const Tri* set = step.addresses ? &step.addresses->members : nullptr;
      if (step.says_ports) {
        const auto& side = peer_side(*step.decided.rule, program.ingress);
        set = &made.emplace_back(peers_with_ports(side, headers, cell, live));
      }
      peers.push_back(set);
    }
  }
  template <size_t N>
  auto at(size_t offset) const {
    return [this, offset](size_t step) -> Match<N> {
      const Tri* set = peers[step];
      if (!set) return {Words<N>::all(), Words<N>::all()};
      return {Words<N>::at(set->yes.data() + offset), Words<N>::at(set->may.data() + offset)};
    };
  }
};

void drop_words_of_nobody(Bits& set) {
  if (set.none()) set = Bits();
}

}  // namespace

Outcome evaluate(const Cell& cell, const Program& program, const HeaderSpace& headers,
                 const Bits& everyone) {
  const CellPeers peers(cell, program, headers, everyone);
  const Bits none(everyone.size());
  Outcome out{none, none, none, none};
  for_each_words(everyone.words().size(), [&]<size_t N>(size_t offset) {
    const auto left = Words<N>::at(everyone.data() + offset);
    const auto found = ask(cell, peers.at<N>(offset), left, [](size_t, const Words<N>&) {});
    Words<N> open = found.allowed;
    open |= found.left;
    open |= found.passed;
    found.allowed.put(out.allowed.data() + offset);
    found.left.put(out.left.data() + offset);
    found.passed.put(out.passed.data() + offset);
    (found.denied & open).put(out.denied.data() + offset);
  });
  for (Bits* set : {&out.allowed, &out.left, &out.passed, &out.denied}) drop_words_of_nobody(*set);
  return out;
}

void observe(const Program& program, size_t local, const HeaderSpace& headers, const Bits& live,
             const Observer& observer) {
  HeaderCuts cuts(headers);
  for (const auto& cell : cells_of(program, local, headers, cuts)) {
    const CellPeers peers(cell, program, headers, live);
    std::vector<Bits> hits(cell.steps.size(), Bits(live.size()));
    for_each_words(live.words().size(), [&]<size_t N>(size_t offset) {
      const auto left = Words<N>::at(live.data() + offset);
      ask(cell, peers.at<N>(offset), left,
          [&](size_t step, const Words<N>& hit) { hit.put(hits[step].data() + offset); });
    });
    for (size_t i = 0; i < cell.steps.size(); ++i) {
      const Step& step = cell.steps[i];
      const bool decides = step.decided.by != DecidedBy::nobody &&
                           (step.does != Step::Does::end || step.denies_rest);
      if (decides && hits[i].any()) observer(cell.headers, step.decided, hits[i]);
    }
  }
}

}  // namespace felixsim::reach
