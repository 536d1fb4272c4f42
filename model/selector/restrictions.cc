// SPDX-License-Identifier: Apache-2.0
// Lower bounds on the labels that a selector can match, so that an index need not evaluate it
// against everything. Mirrors the LabelRestrictions methods of libcalico-go/lib/selector/parser
// (ast.go).
#include "model/selector/selector.h"

namespace felixsim {
namespace {

LabelRestrictions restrictions_of(const SelectorNode& node);

LabelRestrictions present(const SelectorNode& node, std::optional<std::vector<Symbol>> values) {
  return {{node.label, {true, false, std::move(values)}}};
}

// All operands hold, so each operand's restrictions do.
LabelRestrictions of_conjunction(const SelectorNode& node) {
  LabelRestrictions all;
  for (const auto& operand : node.operands)
    for (auto& [label, one] : restrictions_of(operand)) {
      auto& base = all[label];
      base.must_be_present |= one.must_be_present;
      base.must_be_absent |= one.must_be_absent;
      if (!base.must_have_one_of)
        base.must_have_one_of = std::move(one.must_have_one_of);
      else if (one.must_have_one_of)
        std::erase_if(*base.must_have_one_of, [&other = *one.must_have_one_of](Symbol value) {
          return std::find(other.begin(), other.end(), value) == other.end();
        });
    }
  return all;
}

// Keeps of `base` what `other` demands as well; false if nothing is left of it.
bool weaken(LabelRestriction& base, const LabelRestriction& other) {
  base.must_be_present &= other.must_be_present;
  base.must_be_absent &= other.must_be_absent;
  if (!base.must_be_present || !other.must_have_one_of) base.must_have_one_of.reset();
  if (base.must_have_one_of) {
    auto& values = *base.must_have_one_of;
    values.insert(values.end(), other.must_have_one_of->begin(), other.must_have_one_of->end());
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
  }
  return base.must_be_present || base.must_be_absent;
}

// Some operand holds, so only what every operand demands is sure.
LabelRestrictions of_disjunction(const SelectorNode& node) {
  LabelRestrictions any = restrictions_of(node.operands[0]);
  for (size_t i = 1; i < node.operands.size() && !any.empty(); ++i) {
    const auto more = restrictions_of(node.operands[i]);
    for (auto entry = any.begin(); entry != any.end();) {
      const auto found = more.find(entry->first);
      const bool keep = found != more.end() && weaken(entry->second, found->second);
      entry = keep ? std::next(entry) : any.erase(entry);
    }
  }
  return any;
}

LabelRestrictions restrictions_of(const SelectorNode& node) {
  switch (node.op) {
    case SelectorOp::equals:
    case SelectorOp::in:
      return present(node, node.values);
    case SelectorOp::has:
    case SelectorOp::contains:
    case SelectorOp::starts_with:
    case SelectorOp::ends_with:
      return present(node, std::nullopt);
    case SelectorOp::negation:
      // The only test whose inverse demands something: !(a == "b") does not ask for `a` to be away.
      if (node.operands[0].op == SelectorOp::has)
        return {{node.operands[0].label, {false, true, std::nullopt}}};
      return {};
    case SelectorOp::conjunction:
      return of_conjunction(node);
    case SelectorOp::disjunction:
      return of_disjunction(node);
    case SelectorOp::all:
    case SelectorOp::global:
    case SelectorOp::not_equals:
    case SelectorOp::not_in:
      return {};
  }
  return {};
}

}  // namespace

bool LabelRestriction::satisfiable() const {
  return !(must_be_present && must_be_absent) && !(must_have_one_of && must_have_one_of->empty());
}

LabelRestrictions Selector::restrictions() const { return restrictions_of(root_); }

}  // namespace felixsim
