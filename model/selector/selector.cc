// SPDX-License-Identifier: Apache-2.0
#include "model/selector/selector.h"

#include "felixsim/check.h"
#include "model/hash/hash.h"

namespace felixsim {
namespace {

bool evaluate(const SelectorNode& node, const LabelLookup& labels);

bool evaluate_label_test(const SelectorNode& node, const Symbol* value) {
  switch (node.op) {
    case SelectorOp::has:
      return value != nullptr;
    case SelectorOp::equals:
      return value && *value == node.values[0];
    case SelectorOp::not_equals:
      return !value || *value != node.values[0];
    case SelectorOp::in:
      return value &&
             std::find(node.values.begin(), node.values.end(), *value) != node.values.end();
    case SelectorOp::not_in:
      return !value ||
             std::find(node.values.begin(), node.values.end(), *value) == node.values.end();
    case SelectorOp::contains:
      return value && value->view().find(node.values[0].view()) != std::string_view::npos;
    case SelectorOp::starts_with:
      return value && value->view().starts_with(node.values[0].view());
    case SelectorOp::ends_with:
      return value && value->view().ends_with(node.values[0].view());
    default:
      FELIXSIM_CHECK(false && "not a test of a label");
  }
}

bool evaluate(const SelectorNode& node, const LabelLookup& labels) {
  const auto holds = [&](const SelectorNode& operand) { return evaluate(operand, labels); };
  switch (node.op) {
    case SelectorOp::all:
    case SelectorOp::global:
      return true;
    case SelectorOp::negation:
      return !holds(node.operands[0]);
    case SelectorOp::conjunction:
      return std::all_of(node.operands.begin(), node.operands.end(), holds);
    case SelectorOp::disjunction:
      return std::any_of(node.operands.begin(), node.operands.end(), holds);
    default:
      return evaluate_label_test(node, labels(node.label));
  }
}

void print_string(Symbol value, std::string& out) {
  const char quote = value.view().find('"') == std::string_view::npos ? '"' : '\'';
  out += quote;
  out += value.view();
  out += quote;
}

void print_test(const SelectorNode& node, std::string_view op, std::string& out) {
  out += node.label.view();
  out += op;
  print_string(node.values[0], out);
}

void print_set_test(const SelectorNode& node, std::string_view op, std::string& out) {
  out += node.label.view();
  out += op;
  for (size_t i = 0; i < node.values.size(); ++i) {
    if (i > 0) out += ", ";
    print_string(node.values[i], out);
  }
  out += '}';
}

void print(const SelectorNode& node, std::string& out);

void print_group(const SelectorNode& node, std::string_view separator, std::string& out) {
  out += '(';
  for (size_t i = 0; i < node.operands.size(); ++i) {
    if (i > 0) out += separator;
    print(node.operands[i], out);
  }
  out += ')';
}

void print(const SelectorNode& node, std::string& out) {
  switch (node.op) {
    case SelectorOp::all:
      out += "all()";
      return;
    case SelectorOp::global:
      out += "global()";
      return;
    case SelectorOp::has:
      out.append("has(").append(node.label.view()).append(")");
      return;
    case SelectorOp::equals:
      return print_test(node, " == ", out);
    case SelectorOp::not_equals:
      return print_test(node, " != ", out);
    case SelectorOp::contains:
      return print_test(node, " contains ", out);
    case SelectorOp::starts_with:
      return print_test(node, " starts with ", out);
    case SelectorOp::ends_with:
      return print_test(node, " ends with ", out);
    case SelectorOp::in:
      return print_set_test(node, " in {", out);
    case SelectorOp::not_in:
      return print_set_test(node, " not in {", out);
    case SelectorOp::negation:
      out += '!';
      return print(node.operands[0], out);
    case SelectorOp::conjunction:
      return print_group(node, " && ", out);
    case SelectorOp::disjunction:
      return print_group(node, " || ", out);
  }
}

std::string print(const SelectorNode& root) {
  std::string out;
  print(root, out);
  return out;
}

}  // namespace

const Symbol* find_label(const LabelMap& labels, Symbol name) {
  // Comparing interned names is one instruction, comparing their text is not: a scan wins on the
  // dozen labels that things have.
  constexpr size_t long_list = 48;
  if (labels.size() < long_list) {
    for (const auto& [key, value] : labels)
      if (key == name) return &value;
    return nullptr;
  }
  const auto found = std::lower_bound(labels.begin(), labels.end(), name,
                                      [](const auto& label, Symbol n) { return label.first < n; });
  return found != labels.end() && found->first == name ? &found->second : nullptr;
}

Selector::Selector(SelectorNode root)
    : root_(std::move(root)), text_(print(root_)), id_(make_unique_id("s", text_.view())) {}

bool Selector::matches(const LabelLookup& labels) const { return evaluate(root_, labels); }

bool Selector::matches(const LabelMap& labels) const {
  const auto find = [&](Symbol name) { return find_label(labels, name); };
  return evaluate(root_, LabelLookup(find));
}

bool Selector::matches(const Labels& labels) const {
  static const LabelMap none;
  return matches(labels ? *labels : none);
}

}  // namespace felixsim
