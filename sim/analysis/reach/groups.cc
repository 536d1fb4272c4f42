// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/groups.h"

#include <array>
#include <utility>

namespace felixsim::reach {
namespace {

// So many words of a set at once.
template <size_t N>
struct Words {
  std::array<uint64_t, N> words;

  static Words none() { return Words{}; }
  static Words at(const uint64_t* from) {
    Words out;
    std::copy_n(from, N, out.words.begin());
    return out;
  }
  bool any() const {
    uint64_t any = 0;
    for (const uint64_t word : words) any |= word;
    return any != 0;
  }
  void operator|=(const Words& other) {
    for (size_t i = 0; i < N; ++i) words[i] |= other.words[i];
  }
  Words operator&(const Words& other) const {
    Words out;
    for (size_t i = 0; i < N; ++i) out.words[i] = words[i] & other.words[i];
    return out;
  }
  Words operator-(const Words& other) const {
    Words out;
    for (size_t i = 0; i < N; ++i) out.words[i] = words[i] & ~other.words[i];
    return out;
  }
};

// The peers for which a step's rule matches; null: any.
struct Peers {
  const uint64_t *yes = nullptr, *may = nullptr;
};

template <size_t N>
struct Outcome {
  Words<N> surely, perhaps;  // allowed
};

// Asks one cell's steps about the peers `left`, whose words are at `offset`. Follows all that may
// happen: what may be left for the next rule, and what may have been decided. Exactly one decision
// falls in the end, so what may be allowed and cannot be denied is allowed. `tell` gets the peers
// that each step may concern.
template <size_t N, class Tell>
Outcome<N> ask(const Cell& cell, const std::vector<Peers>& peers, size_t offset, Words<N> left,
               Tell tell) {
  Words<N> allowed = Words<N>::none(), denied = allowed, passed = allowed;
  for (size_t i = 0; i < cell.steps.size(); ++i) {
    const Step& step = cell.steps[i];
    if (step.does == Step::Does::end) {
      tell(i, left);
      if (step.denies_rest)
        denied |= left;
      else
        passed |= left;
      left = std::exchange(passed, Words<N>::none());
      continue;
    }
    const Words<N> hit = peers[i].may ? left & Words<N>::at(peers[i].may + offset) : left;
    tell(i, hit);
    (step.does == Step::Does::allow  ? allowed
     : step.does == Step::Does::deny ? denied
                                     : passed) |= hit;
    if (!step.surely) continue;
    left = peers[i].yes ? left - Words<N>::at(peers[i].yes + offset) : Words<N>::none();
  }
  return {allowed - denied, allowed};
}

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

// The same for the elements of the sets' columns.
void gather_columns(const Cell& cell, const Program& program, const HeaderSpace& headers,
                    const std::vector<size_t>& elements, std::vector<Column>& made,
                    std::vector<Peers>& peers) {
  peers.clear();
  made.assign(cell.steps.size(), Column{});
  for (size_t i = 0; i < cell.steps.size(); ++i) {
    const Step& step = cell.steps[i];
    const Column* column = step.addresses ? &step.addresses->column : nullptr;
    if (step.says_ports) {
      const auto& side = peer_side(*step.decided.rule, program.ingress);
      for (size_t e = 0; e < elements.size(); ++e) {
        const Verdict verdict = ports_hold(side, elements[e], headers, cell.header);
        made[i].yes |= uint64_t{verdict == Verdict::yes} << e;
        made[i].may |= uint64_t{verdict != Verdict::no} << e;
      }
      if (column) {
        made[i].yes &= column->yes;
        made[i].may &= column->may;
      }
      column = &made[i];
    }
    peers.push_back(column ? Peers{&column->yes, &column->may} : Peers{});
  }
}

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

// Puts cells with equal peers together; `peers` has those of each cell.
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

// Writes the columns into the parts; false: the cells of a part no longer agree.
bool write_columns(const std::vector<Cell>& cells, const std::vector<Column>& found,
                   const std::vector<size_t>& elements, Allowed& allowed, bool& changed) {
  std::vector<const Column*> of_part(allowed.size(), nullptr);
  for (size_t c = 0; c < cells.size(); ++c) {
    if (cells[c].part == Bits::npos) {
      if (found[c].may != 0) return false;
      continue;
    }
    const Column*& known = of_part[cells[c].part];
    if (known && (known->yes != found[c].yes || known->may != found[c].may)) return false;
    known = &found[c];
  }
  for (size_t p = 0; p < allowed.size(); ++p)
    for (size_t e = 0; e < elements.size(); ++e) {
      const bool yes = of_part[p]->yes >> e & 1, may = of_part[p]->may >> e & 1;
      Tri& peers = allowed[p].peers;
      if (peers.yes.test(elements[e]) == yes && peers.may.test(elements[e]) == may) continue;
      peers.yes.assign(elements[e], yes);
      peers.may.assign(elements[e], may);
      changed = true;
    }
  return true;
}

bool parts_differ(const Allowed& allowed) {
  for (size_t p = 0; p < allowed.size(); ++p) {
    if (allowed[p].peers.may.none()) return false;
    for (size_t other = 0; other < p; ++other)
      if (allowed[p].peers == allowed[other].peers) return false;
  }
  return true;
}

}  // namespace

Allowed evaluate(std::vector<Cell>& cells, const Program& program, const HeaderSpace& headers,
                 const Bits& live) {
  std::vector<Tri> peers;
  for (const auto& cell : cells) peers.push_back(peers_of(cell, program, headers, live));
  return joined(cells, std::move(peers));
}

void evaluate_columns(std::vector<Cell>& cells, const Program& program, const HeaderSpace& headers,
                      const Bits& live, const std::vector<size_t>& elements, Allowed& allowed) {
  Words<1> left = Words<1>::none();
  for (size_t e = 0; e < elements.size(); ++e)
    left.words[0] |= uint64_t{live.test(elements[e])} << e;
  std::vector<Column> found, made;
  std::vector<Peers> peers;
  for (const auto& cell : cells) {
    gather_columns(cell, program, headers, elements, made, peers);
    const auto outcome = ask(cell, peers, 0, left, [](size_t, const Words<1>&) {});
    found.push_back({outcome.surely.words[0], outcome.perhaps.words[0]});
  }
  bool changed = false;
  if (write_columns(cells, found, elements, allowed, changed) &&
      (!changed || parts_differ(allowed)))
    return;
  std::vector<Tri> all;
  for (size_t c = 0; c < cells.size(); ++c) {
    const size_t part = cells[c].part;
    all.push_back(part == Bits::npos ? Tri::none(live.size()) : allowed[part].peers);
    for (size_t e = 0; e < elements.size(); ++e) {
      all.back().yes.assign(elements[e], found[c].yes >> e & 1);
      all.back().may.assign(elements[e], found[c].may >> e & 1);
    }
  }
  allowed = joined(cells, std::move(all));
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
      const bool decides = step.does != Step::Does::end || step.denies_rest;
      if (decides && hits[i].any()) observer(cell.headers, step.decided, hits[i]);
    }
  }
}

}  // namespace felixsim::reach
