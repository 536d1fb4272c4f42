// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/columns.h"

namespace felixsim::reach {
namespace {

// Writes the columns into the parts; false: the cells of a part no longer agree.
bool write_columns(const std::vector<Cell>& cells, const std::vector<Column>& found,
                   const ElementColumn& elements, std::vector<const Column*>& of_part,
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
  for (size_t p = 0; p < allowed.size(); ++p) {
    Tri& peers = allowed[p].peers;
    if (elements.read(peers.yes) == of_part[p]->yes && elements.read(peers.may) == of_part[p]->may)
      continue;
    elements.write(of_part[p]->yes, peers.yes);
    elements.write(of_part[p]->may, peers.may);
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

void AlikeElements::add(size_t element) {
  const size_t word = element / Bits::word_bits;
  if (words.empty() || words.back().first != word) words.emplace_back(word, 0);
  words.back().second |= uint64_t{1} << element % Bits::word_bits;
}

// For the steps of a cell that ask about ports.
void ColumnEvaluator::find_port_matches(const Cell& cell, const Program& program,
                                        const HeaderSpace& headers, const ElementColumn& elements) {
  made_.resize(std::max(made_.size(), cell.steps.size()));
  for (size_t i = 0; i < cell.steps.size(); ++i) {
    const Step& step = cell.steps[i];
    if (!step.says_ports) continue;
    const auto& side = peer_side(*step.decided.rule, program.ingress);
    Column column;
    for (size_t e = 0; e < elements.elements().size(); ++e) {
      const Verdict verdict = ports_hold(side, elements.elements()[e], headers, cell.header);
      column.yes |= uint64_t{verdict == Verdict::yes} << e;
      column.may |= uint64_t{verdict != Verdict::no} << e;
    }
    if (step.addresses) {
      column.yes &= step.addresses->column.yes;
      column.may &= step.addresses->column.may;
    }
    made_[i] = column;
  }
}

void ColumnEvaluator::evaluate(std::vector<Cell>& cells, const Program& program,
                               const HeaderSpace& headers, const Bits& live,
                               const ElementColumn& elements, Allowed& allowed) {
  const Words<1> left{{elements.read(live)}};
  found_.clear();
  for (const auto& cell : cells) {
    if (cell.says_ports) find_port_matches(cell, program, headers, elements);
    const auto match = [&](size_t i) -> Match<1> {
      const Step& step = cell.steps[i];
      const Column* column = step.says_ports  ? &made_[i]
                             : step.addresses ? &step.addresses->column
                                              : nullptr;
      if (!column) return {Words<1>::all(), Words<1>::all()};
      return {Words<1>{{column->yes}}, Words<1>{{column->may}}};
    };
    const auto outcome = ask(cell, match, left, [](size_t, const Words<1>&) {});
    found_.push_back({(outcome.allowed - outcome.denied).words[0], outcome.allowed.words[0]});
  }
  bool changed = false;
  if (write_columns(cells, found_, elements, of_part_, allowed, changed) &&
      (!changed || parts_differ(allowed)))
    return;
  std::vector<Tri> all = peers_of_cells(cells, allowed, live.size());
  for (size_t c = 0; c < cells.size(); ++c) {
    elements.write(found_[c].yes, all[c].yes);
    elements.write(found_[c].may, all[c].may);
  }
  allowed = joined(cells, std::move(all));
}

void copy_columns(const std::vector<AlikeElements>& alike, std::vector<Cell>& cells,
                  Allowed& allowed) {
  bool changed = false;
  for (auto& part : allowed)
    for (Bits* bits : {&part.peers.yes, &part.peers.may})
      for (const auto& elements : alike) {
        const bool is_in = elements.like != Bits::npos && bits->test(elements.like);
        for (const auto& [at, mask] : elements.words) {
          uint64_t& word = bits->data()[at];
          const uint64_t now = is_in ? word | mask : word & ~mask;
          changed = changed || now != word;
          word = now;
        }
      }
  if (!changed || allowed.empty() || parts_differ(allowed)) return;
  const size_t size = allowed.front().peers.may.size();
  allowed = joined(cells, peers_of_cells(cells, allowed, size));
}

}  // namespace felixsim::reach
