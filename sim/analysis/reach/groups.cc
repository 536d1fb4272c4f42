// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/groups.h"

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

// What the steps of a cell match, as words of whole sets.
struct CellPeers {
  std::vector<Peers> peers;
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
      peers.push_back(set ? Peers{set->yes.data(), set->may.data()} : Peers{});
    }
  }
};

// Calls ask(offset, words of all peers) for all words, many at a time.
template <class Ask>
void for_each_words(const Bits& live, Ask ask) {
  constexpr size_t many = 8;
  const size_t words = live.words().size();
  size_t offset = 0;
  for (; offset + many <= words; offset += many) ask(offset, Words<many>::at(live.data() + offset));
  for (; offset < words; ++offset) ask(offset, Words<1>::at(live.data() + offset));
}

Tri peers_of(const Cell& cell, const Program& program, const HeaderSpace& headers,
             const Bits& live) {
  const CellPeers peers(cell, program, headers, live);
  Tri out = Tri::none(live.size());
  for_each_words(live, [&]<size_t N>(size_t offset, const Words<N>& left) {
    const auto found = ask(cell, peers.peers, offset, left, [](size_t, const Words<N>&) {});
    std::copy_n(found.surely.words.begin(), N, out.yes.data() + offset);
    std::copy_n(found.perhaps.words.begin(), N, out.may.data() + offset);
  });
  return out;
}

}  // namespace

Allowed joined(std::vector<Cell>& cells, std::vector<Tri> peers) {
  std::vector<AllowedPart> parts;
  std::vector<std::vector<size_t>> members;
  for (size_t c = 0; c < cells.size(); ++c) {
    cells[c].part = Bits::npos;
    if (peers[c].may.none()) continue;
    size_t p = 0;
    while (p < parts.size() && parts[p].peers != peers[c]) ++p;
    if (p == parts.size()) {
      parts.push_back({Bits(cells[c].headers.size()), std::move(peers[c])});
      members.emplace_back();
    }
    parts[p].headers |= cells[c].headers;
    members[p].push_back(c);
  }
  std::vector<size_t> order;
  for (size_t p = 0; p < parts.size(); ++p) order.push_back(p);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return parts[a].headers.find_first() < parts[b].headers.find_first();
  });
  Allowed out;
  for (const size_t p : order) {
    for (const size_t c : members[p]) cells[c].part = out.size();
    out.push_back(std::move(parts[p]));
  }
  return out;
}

Allowed evaluate(std::vector<Cell>& cells, const Program& program, const HeaderSpace& headers,
                 const Bits& live) {
  std::vector<Tri> peers;
  for (const auto& cell : cells) peers.push_back(peers_of(cell, program, headers, live));
  return joined(cells, std::move(peers));
}

void observe(const Program& program, size_t local, const HeaderSpace& headers, const Bits& live,
             const Observer& observer) {
  for (const auto& cell : cells_of(program, local, headers)) {
    const CellPeers peers(cell, program, headers, live);
    std::vector<Bits> hits(cell.steps.size(), Bits(live.size()));
    for_each_words(live, [&]<size_t N>(size_t offset, const Words<N>& left) {
      ask(cell, peers.peers, offset, left, [&](size_t step, const Words<N>& hit) {
        std::copy_n(hit.words.begin(), N, hits[step].data() + offset);
      });
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
