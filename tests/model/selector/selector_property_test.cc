// SPDX-License-Identifier: Apache-2.0
// Generated selectors and labels: the index against brute force, texts against their parse.
#include <rapidcheck.h>

#include "model/selector/match_index.h"
#include "model/selector/selector.h"

using namespace felixsim;

namespace {

const std::vector<std::string> names{"a", "b", "c", "in", "k8s/app"};
const std::vector<std::string> values{"", "x", "y", "xy", "say \"hi\"", "z"};

template <class T>
const T& pick(const std::vector<T>& from) {
  return from[*rc::gen::inRange<size_t>(0, from.size())];
}

SelectorNode generate_node(int depth) {
  const auto op = static_cast<SelectorOp>(*rc::gen::inRange(0, depth > 0 ? 13 : 10));
  SelectorNode node{op, {}, {}, {}};
  if (op == SelectorOp::all || op == SelectorOp::global) return node;
  if (op < SelectorOp::negation) node.label = Symbol(pick(names));
  size_t value_count = op == SelectorOp::has ? 0 : 1, operand_count = 2;
  if (op == SelectorOp::in || op == SelectorOp::not_in) value_count = *rc::gen::inRange(0u, 4u);
  if (op < SelectorOp::negation)
    for (size_t i = 0; i < value_count; ++i) node.values.emplace_back(pick(values));
  std::sort(node.values.begin(), node.values.end());
  node.values.erase(std::unique(node.values.begin(), node.values.end()), node.values.end());
  if (op == SelectorOp::negation) operand_count = 1;
  if (op > SelectorOp::negation) operand_count = *rc::gen::inRange(2u, 4u);
  if (op >= SelectorOp::negation)
    for (size_t i = 0; i < operand_count; ++i) node.operands.push_back(generate_node(depth - 1));
  // The text of a doubled negation is not stable, as in Felix.
  if (op == SelectorOp::negation && node.operands[0].op == SelectorOp::negation)
    return node.operands[0];
  return node;
}

SelectorPtr generate_selector() { return std::make_shared<const Selector>(generate_node(3)); }

Labels generate_labels() {
  LabelMap map;
  for (const auto& name : names)
    if (*rc::gen::arbitrary<bool>()) map.emplace_back(Symbol(name), Symbol(pick(values)));
  std::sort(map.begin(), map.end());
  return std::make_shared<const LabelMap>(std::move(map));
}

// The same things kept plainly, and matched by trying everything.
struct Plain {
  struct Item {
    Labels labels;
    std::vector<Symbol> parents;
  };
  std::map<int, Item> items;
  std::map<Symbol, Labels> parents;
  std::map<int, SelectorPtr> selectors;

  bool matches(const Selector& selector, const Item& item) const {
    const auto find = [&](Symbol name) -> const Symbol* {
      if (const auto* own = find_label(*item.labels, name)) return own;
      for (const Symbol parent : item.parents)
        if (const auto found = parents.find(parent); found != parents.end())
          if (const auto* inherited = find_label(*found->second, name)) return inherited;
      return nullptr;
    };
    return selector.matches(LabelLookup(find));
  }
  std::set<std::pair<int, int>> all() const {
    std::set<std::pair<int, int>> pairs;
    for (const auto& [s, selector] : selectors)
      for (const auto& [i, item] : items)
        if (matches(*selector, item)) pairs.emplace(s, i);
    return pairs;
  }
};

const std::vector<Symbol> parent_names{Symbol("p1"), Symbol("p2"), Symbol("p3")};

// Does one random thing to both.
void step(MatchIndex<int, int>& index, Plain& plain) {
  const int id = *rc::gen::inRange(0, 8);
  const Symbol parent = pick(parent_names);
  switch (*rc::gen::inRange(0, 8)) {
    case 0:
    case 1:
    case 2: {
      const Plain::Item item{generate_labels(), *rc::gen::container<std::vector<Symbol>>(
                                                    rc::gen::elementOf(parent_names))};
      index.update_labels(id, item.labels, item.parents);
      plain.items[id] = item;
      return;
    }
    case 3:
      index.delete_labels(id), plain.items.erase(id);
      return;
    case 4: {
      plain.parents[parent] = generate_labels();
      index.update_parent(parent, plain.parents[parent]);
      return;
    }
    case 5:
      index.delete_parent(parent), plain.parents.erase(parent);
      return;
    case 6:
      index.delete_selector(id), plain.selectors.erase(id);
      return;
    default:
      plain.selectors[id] = generate_selector();
      index.update_selector(id, plain.selectors[id]);
  }
}

}  // namespace

TEST_CASE("the canonical text of a selector parses to the same selector") {
  CHECK(rc::check([] {
    const auto selector = generate_selector();
    const auto again = parse_selector(selector->text());
    RC_ASSERT(again.has_value());
    RC_ASSERT((*again)->text() == selector->text());
    const auto labels = generate_labels();
    RC_ASSERT((*again)->matches(labels) == selector->matches(labels));
  }));
}

TEST_CASE("no text makes the parser fail other than by an error") {
  CHECK(rc::check([] {
    const std::vector<std::string> pieces{"a",     "(",     ")",     "{",        "}",          ",",
                                          "'x'",   "\"y\"", "==",    "!=",       "!",          "&&",
                                          "||",    "in",    "notin", "has(",     " ",          "\t",
                                          "all()", "=",     "\xff",  "contains", "starts with"};
    std::string text;
    for (int i = *rc::gen::inRange(0, 12); i > 0; --i) text += pick(pieces);
    const auto parsed = parse_selector(text);
    if (parsed) RC_ASSERT(parse_selector((*parsed)->text()).has_value());
  }));
}

TEST_CASE("labels that a selector matches satisfy its restrictions") {
  CHECK(rc::check([] {
    const auto selector = generate_selector();
    const auto labels = generate_labels();
    if (!selector->matches(labels)) return;
    for (const auto& [name, restriction] : selector->restrictions()) {
      const auto* value = find_label(*labels, name);
      if (restriction.must_be_present) RC_ASSERT(value != nullptr);
      if (restriction.must_be_absent) RC_ASSERT(value == nullptr);
      if (restriction.must_have_one_of)
        RC_ASSERT(std::count(restriction.must_have_one_of->begin(),
                             restriction.must_have_one_of->end(), *value) == 1);
    }
  }));
}

TEST_CASE("the label index tells what trying everything finds") {
  CHECK(rc::check([] {
    std::set<std::pair<int, int>> told;
    KeyNumbers<int> items;
    const auto start = [&](int s, std::span<const LabelIndex::Item> matched) {
      for (const auto item : matched) RC_ASSERT(told.emplace(s, items.key(item)).second);
    };
    const auto stop = [&](int s, std::span<const LabelIndex::Item> matched) {
      for (const auto item : matched) RC_ASSERT(told.erase({s, items.key(item)}) == 1u);
    };
    MatchIndex<int, int> index(items, start, stop);
    Plain plain;
    for (int i = *rc::gen::inRange(1, 40); i > 0; --i) {
      step(index, plain);
      RC_ASSERT(told == plain.all());
    }
  }));
}
