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
    const auto found = ask(cell, peers.at<N>(offset), left, [](size_t, const Words<N>&) {});
    const Words<N> surely = found.allowed - found.denied;
    std::copy_n(surely.words.begin(), N, out.yes.data() + offset);
    std::copy_n(found.allowed.words.begin(), N, out.may.data() + offset);
  });
  return out;
}

// Writes into the parts which headers their cells have, and drops those that have none.
void settle(std::vector<Cell>& cells, Allowed& allowed) {
  for (auto& part : allowed) part.headers.reset();
  for (const auto& cell : cells)
    if (cell.part != Bits::npos) allowed[cell.part].headers |= cell.headers;
  const auto first = [](const AllowedPart& part) { return part.headers.find_first(); };
  const bool good = std::is_sorted(
      allowed.begin(), allowed.end(),
      [&](const AllowedPart& a, const AllowedPart& b) { return first(a) < first(b); });
  if (good && (allowed.empty() || allowed.back().headers.any())) return;
  std::vector<size_t> order;
  for (size_t p = 0; p < allowed.size(); ++p)
    if (allowed[p].headers.any()) order.push_back(p);
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return first(allowed[a]) < first(allowed[b]); });
  std::vector<size_t> now(allowed.size(), Bits::npos);
  Allowed ordered;
  for (const size_t p : order) {
    now[p] = ordered.size();
    ordered.push_back(std::move(allowed[p]));
  }
  allowed = std::move(ordered);
  for (auto& cell : cells)
    if (cell.part != Bits::npos) cell.part = now[cell.part];
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

std::vector<Tri> peers_of_cells(const std::vector<Cell>& cells, const Allowed& allowed,
                                size_t elements) {
  std::vector<Tri> all;
  for (const auto& cell : cells)
    all.push_back(cell.part == Bits::npos ? Tri::none(elements) : allowed[cell.part].peers);
  return all;
}

Allowed evaluate(std::vector<Cell>& cells, const Program& program, const HeaderSpace& headers,
                 const Bits& live) {
  std::vector<Tri> peers;
  for (const auto& cell : cells) peers.push_back(peers_of(cell, program, headers, live));
  return joined(cells, std::move(peers));
}

void derive(std::vector<Cell>& cells, const Program& program, const HeaderSpace& headers,
            const Bits& live, const Bits& changed, Allowed& allowed) {
  std::vector<std::pair<size_t, Tri>> fresh;  // cells with peers that no part is known to have
  for (size_t c = 0; c < cells.size(); ++c) {
    Cell& cell = cells[c];
    cell.part = Bits::npos;
    const size_t header = cell.headers.find_first_outside(changed);
    if (header == Bits::npos) {
      Tri peers = peers_of(cell, program, headers, live);
      if (peers.may.any()) fresh.emplace_back(c, std::move(peers));
      continue;
    }
    for (size_t p = 0; p < allowed.size(); ++p)
      if (allowed[p].headers.test(header)) cell.part = p;
  }
  if (fresh.empty()) return settle(cells, allowed);
  std::vector<Tri> peers = peers_of_cells(cells, allowed, live.size());
  for (auto& [c, one] : fresh) peers[c] = std::move(one);
  allowed = joined(cells, std::move(peers));
}

std::vector<TierOutcome> outcomes_of(const ProgramTierPtr& tier, bool ingress,
                                     const HeaderSpace& headers, const Bits& live) {
  std::vector<TierOutcome> out;
  Program program;
  program.ingress = ingress;
  for (auto& cell : cells_of_tier(tier, ingress, headers)) {
    const CellPeers peers(cell, program, headers, live);
    const Bits none(live.size());
    TierOutcome one{std::move(cell.headers), none, none, none};
    for_each_words(live, [&]<size_t N>(size_t offset, const Words<N>& left) {
      const auto found = ask(cell, peers.at<N>(offset), left, [](size_t, const Words<N>&) {});
      std::copy_n(found.allowed.words.begin(), N, one.allowed.data() + offset);
      std::copy_n(found.denied.words.begin(), N, one.denied.data() + offset);
      std::copy_n(found.left.words.begin(), N, one.left.data() + offset);
    });
    out.push_back(std::move(one));
  }
  return out;
}

void observe(const Program& program, size_t local, const HeaderSpace& headers, const Bits& live,
             const Observer& observer) {
  HeaderCuts cuts(headers);
  std::vector<Cell> cells;
  cut_cells(program, local, headers, cuts, cells);
  for (const auto& cell : cells) {
    const CellPeers peers(cell, program, headers, live);
    std::vector<Bits> hits(cell.steps.size(), Bits(live.size()));
    for_each_words(live, [&]<size_t N>(size_t offset, const Words<N>& left) {
      ask(cell, peers.at<N>(offset), left, [&](size_t step, const Words<N>& hit) {
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
