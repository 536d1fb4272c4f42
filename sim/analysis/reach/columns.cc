// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/columns.h"

namespace felixsim::reach {
namespace {

// Writes the columns into the parts; false: the cells of a part no longer agree.
bool write_columns(const std::vector<Cell>& cells, const std::vector<Column>& found,
                   const std::vector<size_t>& elements, std::vector<const Column*>& of_part,
                   Allowed& allowed, bool& changed) {
  of_part.assign(allowed.size(), nullptr);
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

// The peers of each cell, as the parts have them.
std::vector<Tri> peers_of_cells(const std::vector<Cell>& cells, const Allowed& allowed,
                                size_t elements) {
  std::vector<Tri> all;
  for (const auto& cell : cells)
    all.push_back(cell.part == Bits::npos ? Tri::none(elements) : allowed[cell.part].peers);
  return all;
}

}  // namespace

void ColumnEvaluator::gather(const Cell& cell, const Program& program, const HeaderSpace& headers,
                             const std::vector<size_t>& elements) {
  peers_.clear();
  made_.resize(std::max(made_.size(), cell.steps.size()));
  for (size_t i = 0; i < cell.steps.size(); ++i) {
    const Step& step = cell.steps[i];
    const Column* column = step.addresses ? &step.addresses->column : nullptr;
    if (step.says_ports) {
      const auto& side = peer_side(*step.decided.rule, program.ingress);
      made_[i] = Column{};
      for (size_t e = 0; e < elements.size(); ++e) {
        const Verdict verdict = ports_hold(side, elements[e], headers, cell.header);
        made_[i].yes |= uint64_t{verdict == Verdict::yes} << e;
        made_[i].may |= uint64_t{verdict != Verdict::no} << e;
      }
      if (column) {
        made_[i].yes &= column->yes;
        made_[i].may &= column->may;
      }
      column = &made_[i];
    }
    peers_.push_back(column ? Peers{&column->yes, &column->may} : Peers{});
  }
}

void ColumnEvaluator::evaluate(std::vector<Cell>& cells, const Program& program,
                               const HeaderSpace& headers, const Bits& live,
                               const std::vector<size_t>& elements, Allowed& allowed) {
  Words<1> left = Words<1>::none();
  for (size_t e = 0; e < elements.size(); ++e)
    left.words[0] |= uint64_t{live.test(elements[e])} << e;
  found_.clear();
  for (const auto& cell : cells) {
    gather(cell, program, headers, elements);
    const auto outcome = ask(cell, peers_, 0, left, [](size_t, const Words<1>&) {});
    found_.push_back({outcome.surely.words[0], outcome.perhaps.words[0]});
  }
  bool changed = false;
  if (write_columns(cells, found_, elements, of_part_, allowed, changed) &&
      (!changed || parts_differ(allowed)))
    return;
  std::vector<Tri> all = peers_of_cells(cells, allowed, live.size());
  for (size_t c = 0; c < cells.size(); ++c)
    for (size_t e = 0; e < elements.size(); ++e) {
      all[c].yes.assign(elements[e], found_[c].yes >> e & 1);
      all[c].may.assign(elements[e], found_[c].may >> e & 1);
    }
  allowed = joined(cells, std::move(all));
}

void copy_columns(const std::vector<AlikeElement>& elements, std::vector<Cell>& cells,
                  Allowed& allowed) {
  bool changed = false;
  for (auto& part : allowed)
    for (Bits* bits : {&part.peers.yes, &part.peers.may})
      for (const auto& [element, like] : elements) {
        const bool now = like != Bits::npos && bits->test(like);
        changed = changed || bits->test(element) != now;
        bits->assign(element, now);
      }
  if (!changed || allowed.empty() || parts_differ(allowed)) return;
  const size_t size = allowed.front().peers.may.size();
  allowed = joined(cells, peers_of_cells(cells, allowed, size));
}

}  // namespace felixsim::reach
