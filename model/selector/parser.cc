// SPDX-License-Identifier: Apache-2.0
// Recursive descent over the tokens. Mirrors libcalico-go/lib/selector/parser/parser.go: || binds
// loosest, then &&, then any number of !; groups of one operand do not become nodes.
#include <fmt/format.h>

#include <mutex>
#include <unordered_map>

#include "model/selector/selector.h"
#include "model/selector/tokenizer.h"

namespace felixsim {
namespace {

using selector::Token;
using selector::TokenKind;

class Parser {
 public:
  Parser(std::string_view text, const std::vector<Token>& tokens)
      : text_(text), next_(&tokens[0]) {}

  Result<SelectorNode> run() {
    if (next_->kind == TokenKind::end) return SelectorNode{};
    auto root = disjunction(0);
    if (root && next_->kind != TokenKind::end)
      return error("unexpected content at end of selector");
    return root;
  }

 private:
  tl::unexpected<Error> error(std::string_view what) const {
    return selector::error_at(text_, next_->offset, what);
  }

  bool accept(TokenKind kind) {
    if (next_->kind != kind) return false;
    ++next_;
    return true;
  }

  Result<SelectorNode> disjunction(int depth) {
    return chain(SelectorOp::disjunction, TokenKind::logical_or, depth,
                 [this](int d) { return conjunction(d); });
  }

  Result<SelectorNode> conjunction(int depth) {
    return chain(SelectorOp::conjunction, TokenKind::logical_and, depth,
                 [this](int d) { return operation(d); });
  }

  // One or more operands between `separator`s.
  template <class Operand>
  Result<SelectorNode> chain(SelectorOp op, TokenKind separator, int depth, Operand operand) {
    auto first = operand(depth);
    if (!first || next_->kind != separator) return first;
    SelectorNode node{op, {}, {}, {}};
    node.operands.push_back(std::move(*first));
    while (accept(separator)) {
      auto more = operand(depth);
      if (!more) return more;
      node.operands.push_back(std::move(*more));
    }
    return node;
  }

  Result<SelectorNode> operation(int depth) {
    bool negated = false;
    while (accept(TokenKind::negation)) negated = !negated;
    auto node = positive_operation(depth);
    if (!node || !negated) return node;
    SelectorNode negation{SelectorOp::negation, {}, {}, {}};
    negation.operands.push_back(std::move(*node));
    return negation;
  }

  Result<SelectorNode> positive_operation(int depth) {
    const Token& token = *next_;
    switch (token.kind) {
      case TokenKind::all:
        return ++next_, SelectorNode{};
      case TokenKind::global:
        return ++next_, SelectorNode{SelectorOp::global, {}, {}, {}};
      case TokenKind::has:
        return ++next_, SelectorNode{SelectorOp::has, Symbol(token.value), {}, {}};
      case TokenKind::label:
        return label_test();
      case TokenKind::left_paren:
        return group(depth);
      case TokenKind::end:
        return error("unexpected end of selector");
      default:
        return error("unexpected token, looking for a test, '!' or '('");
    }
  }

  Result<SelectorNode> group(int depth) {
    if (depth == max_selector_depth)
      return error(fmt::format("more than {} nested groups", max_selector_depth));
    ++next_;
    auto node = disjunction(depth + 1);
    if (node && !accept(TokenKind::right_paren)) return error("expected )");
    return node;
  }

  Result<SelectorNode> label_test() {
    const Symbol label((next_++)->value);
    const TokenKind op = next_->kind;
    if (op == TokenKind::end) return error("unexpected end of selector looking for an operator");
    ++next_;
    switch (op) {
      case TokenKind::equal:
        return compare(SelectorOp::equals, label);
      case TokenKind::not_equal:
        return compare(SelectorOp::not_equals, label);
      case TokenKind::contains:
        return compare(SelectorOp::contains, label);
      case TokenKind::starts_with:
        return compare(SelectorOp::starts_with, label);
      case TokenKind::ends_with:
        return compare(SelectorOp::ends_with, label);
      case TokenKind::in:
        return set_test(SelectorOp::in, label);
      case TokenKind::not_in:
        return set_test(SelectorOp::not_in, label);
      default:
        --next_;
        return error("expected an operator such as == or != after the label");
    }
  }

  Result<SelectorNode> compare(SelectorOp op, Symbol label) {
    if (next_->kind != TokenKind::string) return error("expected string");
    return SelectorNode{op, label, {Symbol((next_++)->value)}, {}};
  }

  // A comma after the last value is allowed.
  Result<SelectorNode> set_test(SelectorOp op, Symbol label) {
    if (!accept(TokenKind::left_brace)) return error("expected set literal");
    std::vector<Symbol> values;
    while (next_->kind == TokenKind::string) {
      values.emplace_back((next_++)->value);
      if (!accept(TokenKind::comma)) break;
    }
    if (!accept(TokenKind::right_brace)) return error("expected }");
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    return SelectorNode{op, label, std::move(values), {}};
  }

  std::string_view text_;
  const Token* next_;  // never past the last token, `end`
};

// Selectors in use anywhere in the process, by their text. Holds no selector alive, and is never
// iterated.
struct SharedSelectors {
  std::mutex mutex;
  std::unordered_map<Symbol, std::weak_ptr<const Selector>> by_text;
};

SharedSelectors& shared_selectors() {
  static SharedSelectors shared;
  return shared;
}

void add_prefix(SelectorNode& node, std::string_view prefix) {
  if (!node.label.empty()) node.label = Symbol(std::string(prefix) + node.label.str());
  for (auto& operand : node.operands) add_prefix(operand, prefix);
}

}  // namespace

Result<SelectorPtr> parse_selector(std::string_view text) {
  auto& shared = shared_selectors();
  const Symbol key(text);
  {
    const std::lock_guard lock(shared.mutex);
    if (const auto found = shared.by_text.find(key); found != shared.by_text.end())
      if (auto selector = found->second.lock()) return selector;
  }
  auto tokens = selector::tokenize(text);
  if (!tokens) return forward(tokens);
  auto root = Parser(text, *tokens).run();
  if (!root) return forward(root);
  auto selector = std::make_shared<const Selector>(std::move(*root));
  const std::lock_guard lock(shared.mutex);
  shared.by_text[key] = selector;
  return selector;
}

SelectorPtr all_selector() {
  static const SelectorPtr all = *parse_selector("all()");
  return all;
}

SelectorPtr with_label_prefix(const Selector& selector, std::string_view prefix) {
  SelectorNode root = selector.root();
  add_prefix(root, prefix);
  return std::make_shared<const Selector>(std::move(root));
}

std::string normalise_selector(std::string_view text) {
  // strings.TrimSpace trims what Unicode calls white space; of that, ASCII is done here.
  const size_t first = text.find_first_not_of(" \t\n\v\f\r");
  if (first == text.npos) return all_selector()->text();
  text = text.substr(first, text.find_last_not_of(" \t\n\v\f\r") - first + 1);
  const auto parsed = parse_selector(text);
  return parsed ? (*parsed)->text() : std::string(text);
}

}  // namespace felixsim
