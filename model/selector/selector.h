// SPDX-License-Identifier: Apache-2.0
// The selector language: which labelled things a policy or a rule is about. Mirrors
// libcalico-go/lib/selector (parser/ast.go, parser/parser.go). A Selector is an immutable value,
// shared by pointer; its canonical text is hashed into the ids of IP sets, so it matters bytewise.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "felixsim/resource.h"
#include "felixsim/result.h"
#include "felixsim/symbol.h"

namespace felixsim {

enum class SelectorOp : uint8_t {
  all,          // all()
  global,       // global(): true of everything, like all(); other code looks for it by name
  has,          // has(label)
  equals,       // label == "v"
  not_equals,   // label != "v"; true if the label is absent
  in,           // label in {"a", "b"}
  not_in,       // label not in {...}; true if the label is absent
  contains,     // label contains "v"
  starts_with,  // label starts with "v"
  ends_with,    // label ends with "v"
  negation,     // !x
  conjunction,  // (x && y)
  disjunction,  // (x || y)
};

// An expression tree. `label` and `values` (sorted, each once) for the label tests, `operands` for
// the last three: one for a negation, two or more for the others.
struct SelectorNode {
  SelectorOp op = SelectorOp::all;
  Symbol label;
  std::vector<Symbol> values;
  std::vector<SelectorNode> operands;
};

// What the labels must at least be like for a selector to match; it may still not match.
struct LabelRestriction {
  bool must_be_present = false, must_be_absent = false;
  std::optional<std::vector<Symbol>> must_have_one_of;  // set and empty: nothing can match
  bool satisfiable() const;
  bool operator==(const LabelRestriction&) const = default;
};
using LabelRestrictions = std::map<Symbol, LabelRestriction>;

// How evaluation reads labels: any callable `const Symbol* (Symbol name)`, null when absent. Does
// not own the callable.
class LabelLookup {
 public:
  template <class Find>
  explicit LabelLookup(const Find& find)
      : context_(&find), find_([](const void* context, Symbol name) {
          return (*static_cast<const Find*>(context))(name);
        }) {}
  const Symbol* operator()(Symbol name) const { return find_(context_, name); }

 private:
  const void* context_;
  const Symbol* (*find_)(const void*, Symbol);
};

// The value of a label in a sorted label map; null when absent.
const Symbol* find_label(const LabelMap& labels, Symbol name);

class Selector {
 public:
  explicit Selector(SelectorNode root);

  const std::string& text() const {
    return text_.str();
  }  // canonical; parses to an equal one but for !(!x), which prints as !!x
  Symbol id() const { return id_; }  // "s:" and a hash of the canonical text
  const SelectorNode& root() const { return root_; }

  bool matches(const LabelMap& labels) const;
  bool matches(const Labels& labels) const;  // null: no labels
  bool matches(const LabelLookup& labels) const;

  // Computed at each call: kept, they would weigh more than the selectors.
  LabelRestrictions restrictions() const;

  friend bool operator==(const Selector& a, const Selector& b) { return a.text_ == b.text_; }

 private:
  SelectorNode root_;
  Symbol text_, id_;
};
using SelectorPtr = std::shared_ptr<const Selector>;

// Parses a selector; "" is all(). The same text gives the same object for as long as somebody holds
// it (thread-safe). An error tells the place in the text.
Result<SelectorPtr> parse_selector(std::string_view text);

SelectorPtr all_selector();  // all()

// The same selector with `prefix` put before every label name, as pcns. and pcsa. selectors are
// made (parser.PrefixVisitor).
SelectorPtr with_label_prefix(const Selector& selector, std::string_view prefix);

// Canonical text, or the text itself, trimmed, if it does not parse (selector.Normalise).
std::string normalise_selector(std::string_view text);

// A name that can be used as label in a selector (tokenizer.ValidLabel).
bool is_valid_label(std::string_view text);

// Parentheses (and negated groups) that deep are refused: felixsim's own limit, so that no input
// can exhaust the stack.
inline constexpr int max_selector_depth = 1000;

}  // namespace felixsim
