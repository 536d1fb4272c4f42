// SPDX-License-Identifier: Apache-2.0
#include "model/selector/tokenizer.h"

#include <fmt/format.h>

#include "model/selector/selector.h"

namespace felixsim::selector {
namespace {

constexpr size_t quoted_length = 120;  // of a selector in an error message

bool is_label_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '/' || c == '-';
}

class Tokenizer {
 public:
  explicit Tokenizer(std::string_view text) : text_(text), rest_(text) {}

  Result<std::vector<Token>> run() {
    for (skip_space(); !rest_.empty(); skip_space())
      if (auto status = next(); !status) return forward(status);
    add(TokenKind::end, {}, offset());
    return std::move(tokens_);
  }

 private:
  size_t offset() const { return text_.size() - rest_.size(); }

  void add(TokenKind kind, std::string_view value, size_t at) {
    tokens_.push_back({kind, value, at});
  }

  Status error(std::string_view what) const { return error_at(text_, offset(), what); }

  void skip_space() {
    const size_t end = rest_.find_first_not_of(" \t");
    rest_.remove_prefix(end == rest_.npos ? rest_.size() : end);
  }

  bool cut(std::string_view prefix) {
    if (rest_.substr(0, prefix.size()) != prefix) return false;
    rest_.remove_prefix(prefix.size());
    return true;
  }

  // Words that may be written apart or together, ending at a word boundary; nothing is cut unless
  // all are there.
  bool cut_words(std::initializer_list<std::string_view> words) {
    const std::string_view before = rest_;
    bool found = true;
    for (const auto word : words) {
      found = found && cut(word);
      // Felix looks past the space behind the last word too, except for one-word operators.
      if (words.size() > 1) skip_space();
    }
    found = found && (rest_.empty() || !is_label_char(rest_.front()));
    if (!found) rest_ = before;
    return found;
  }

  Status cut_label(std::string_view& label) {
    size_t length = 0;
    while (length < rest_.size() && is_label_char(rest_[length])) ++length;
    if (length == 0) return error("expected identifier");
    if (length > max_label_length)
      return error(fmt::format("label too long (at most {} characters)", max_label_length));
    label = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return {};
  }

  Status next() {
    const size_t at = offset();
    switch (rest_.front()) {
      case '(':
        return single(TokenKind::left_paren);
      case ')':
        return single(TokenKind::right_paren);
      case '{':
        return single(TokenKind::left_brace);
      case '}':
        return single(TokenKind::right_brace);
      case ',':
        return single(TokenKind::comma);
      case '"':
      case '\'':
        return string_literal(rest_.front());
      case '=':
        return cut("==") ? (add(TokenKind::equal, {}, at), Status()) : error("expected ==");
      case '&':
        return cut("&&") ? (add(TokenKind::logical_and, {}, at), Status()) : error("expected &&");
      case '|':
        return cut("||") ? (add(TokenKind::logical_or, {}, at), Status()) : error("expected ||");
      case '!':
        if (!cut("!=")) return single(TokenKind::negation);
        add(TokenKind::not_equal, {}, at);
        return {};
      default:
        return !tokens_.empty() && tokens_.back().kind == TokenKind::label ? word_operator()
                                                                           : call_or_label();
    }
  }

  Status single(TokenKind kind) {
    add(kind, {}, offset());
    rest_.remove_prefix(1);
    return {};
  }

  Status string_literal(char quote) {
    const size_t at = offset();
    const size_t end = rest_.find(quote, 1);
    if (end == rest_.npos) return error("unterminated string");
    add(TokenKind::string, rest_.substr(1, end - 1), at);
    rest_.remove_prefix(end + 1);
    return {};
  }

  Status word_operator() {
    const size_t at = offset();
    if (cut_words({"contains"}))
      add(TokenKind::contains, {}, at);
    else if (cut_words({"starts", "with"}))
      add(TokenKind::starts_with, {}, at);
    else if (cut_words({"ends", "with"}))
      add(TokenKind::ends_with, {}, at);
    else if (cut_words({"not", "in"}))
      add(TokenKind::not_in, {}, at);
    else if (cut_words({"in"}))
      add(TokenKind::in, {}, at);
    else
      return error(fmt::format("expected operator after label '{}'", tokens_.back().value));
    return {};
  }

  Status call_or_label() {
    const size_t at = offset();
    std::string_view name;
    if (cut("has(")) {
      skip_space();
      if (auto status = cut_label(name); !status) return status;
      return close_call(TokenKind::has, "has", name, at);
    }
    if (cut("all(")) return close_call(TokenKind::all, "all", {}, at);
    if (cut("global(")) return close_call(TokenKind::global, "global", {}, at);
    if (auto status = cut_label(name); !status) return status;
    add(TokenKind::label, name, at);
    return {};
  }

  Status close_call(TokenKind kind, std::string_view function, std::string_view name, size_t at) {
    skip_space();
    if (!cut(")")) return error(fmt::format("no closing ')' after {}(", function));
    add(kind, name, at);
    return {};
  }

  std::string_view text_, rest_;
  std::vector<Token> tokens_;
};

}  // namespace

Result<std::vector<Token>> tokenize(std::string_view text) { return Tokenizer(text).run(); }

tl::unexpected<Error> error_at(std::string_view text, size_t offset, std::string_view what) {
  const bool cut = text.size() > quoted_length;
  return invalid(fmt::format("selector `{}{}`, column {}: {}", text.substr(0, quoted_length),
                             cut ? "..." : "", offset + 1, what));
}

}  // namespace felixsim::selector

namespace felixsim {

bool is_valid_label(std::string_view text) {
  return !text.empty() && text.size() <= selector::max_label_length &&
         std::all_of(text.begin(), text.end(), selector::is_label_char);
}

}  // namespace felixsim
