// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/layer.h"

#include "sim/analysis/reach/ask.h"

namespace felixsim::reach {

void evaluate_whole(size_t local, const HeaderSpace& headers, HeaderCuts& cuts, size_t elements,
                    Layer& layer) {
  Bits everyone(elements);
  everyone.set();
  layer.cells = cells_of(layer.part, local, headers, cuts);
  layer.outcome_of.clear();
  layer.outcomes.clear();
  layer.headers.clear();
  for (const auto& cell : layer.cells) {
    Outcome found = evaluate(cell, layer.part, headers, everyone);
    size_t number = 0;
    while (number < layer.outcomes.size() && layer.outcomes[number] != found) ++number;
    if (number == layer.outcomes.size()) {
      layer.outcomes.push_back(std::move(found));
      layer.headers.push_back(cell.headers);
    } else {
      layer.headers[number] |= cell.headers;
    }
    layer.outcome_of.push_back(number);
  }
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

ColumnEvaluator::Answer ColumnEvaluator::ask_about(const ElementColumn& elements,
                                                   const HeaderSpace& headers,
                                                   const Program& program, const Cell& cell) {
  if (cell.says_ports) find_port_matches(cell, program, headers, elements);
  const auto match = [&](size_t i) -> Match<1> {
    const Step& step = cell.steps[i];
    const Column* column = step.says_ports  ? &made_[i]
                           : step.addresses ? &step.addresses->column
                                            : nullptr;
    if (!column) return {Words<1>::all(), Words<1>::all()};
    return {Words<1>{{column->yes}}, Words<1>{{column->may}}};
  };
  const Words<1> asked{{elements.all()}};
  const auto found = ask(cell, match, asked, [](size_t, const Words<1>&) {});
  const uint64_t allowed = found.allowed.words[0], left = found.left.words[0],
                 passed = found.passed.words[0];
  return {allowed, left, passed, found.denied.words[0] & (allowed | left | passed)};
}

void ColumnEvaluator::write(const Answer& answer, const ElementColumn& elements, size_t size,
                            Outcome& out) {
  const auto put = [&](uint64_t column, Bits& set) {
    if (set.size() == 0) {
      if (column == 0) return;
      set = Bits(size);
    }
    elements.write(column, set);
  };
  put(answer.allowed, out.allowed);
  put(answer.left, out.left);
  put(answer.passed, out.passed);
  put(answer.denied, out.denied);
}

void ColumnEvaluator::evaluate(const ElementColumn& elements, size_t size,
                               const HeaderSpace& headers, Layer& layer) {
  written_.assign(layer.outcomes.size(), {});
  for (size_t c = 0; c < layer.cells.size(); ++c) {
    const Cell& cell = layer.cells[c];
    const Answer answer = ask_about(elements, headers, layer.part, cell);
    size_t& number = layer.outcome_of[c];
    if (written_[number].first && written_[number].second != answer) {
      // It no longer agrees with others.
      layer.headers[number] -= cell.headers;
      layer.headers.push_back(cell.headers);
      layer.outcomes.push_back(layer.outcomes[number]);
      number = layer.outcomes.size() - 1;
      written_.emplace_back();
    }
    if (std::exchange(written_[number], {true, answer}).first) continue;
    write(answer, elements, size, layer.outcomes[number]);
  }
}

void ColumnEvaluator::grow(const ElementColumn& vacant, size_t before, size_t size,
                           const HeaderSpace& headers, Layer& layer) {
  for (size_t c = 0; c < layer.cells.size(); ++c) {
    const Answer answer = ask_about(vacant, headers, layer.part, layer.cells[c]);
    Outcome& outcome = layer.outcomes[layer.outcome_of[c]];
    const auto grow = [before, size](Bits& set, bool all) {
      if (set.size() == size || (set.size() == 0 && !all)) return;
      set.resize(size);
      for (size_t i = before; all && i < size; ++i) set.set(i);
    };
    grow(outcome.allowed, answer.allowed != 0);
    grow(outcome.left, answer.left != 0);
    grow(outcome.passed, answer.passed != 0);
    grow(outcome.denied, answer.denied != 0);
  }
}

void follow_headers(const std::vector<size_t>& cut_off_of, size_t headers, Layer& layer) {
  const size_t before = headers - cut_off_of.size();
  const auto follow = [&](Bits& set) {
    set.resize(headers);
    for (size_t i = 0; i < cut_off_of.size(); ++i)
      if (set.test(cut_off_of[i])) set.set(before + i);
  };
  for (auto& cell : layer.cells) follow(cell.headers);
  for (auto& set : layer.headers) follow(set);
}

}  // namespace felixsim::reach
