// SPDX-License-Identifier: Apache-2.0
// Splits a selector's text into tokens. Mirrors libcalico-go/lib/selector/tokenizer/tokenizer.go:
// strings have no escapes, white space is space and tab, and which words are operators depends on
// whether a label came just before.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "felixsim/result.h"

namespace felixsim::selector {

enum class TokenKind : uint8_t {
  none,
  label,
  string,
  left_brace,
  right_brace,
  comma,
  equal,
  not_equal,
  in,
  negation,
  not_in,
  contains,
  starts_with,
  ends_with,
  all,
  has,
  left_paren,
  right_paren,
  logical_and,
  logical_or,
  global,
  end,
};

struct Token {
  TokenKind kind = TokenKind::none;
  std::string_view value;  // label and has: the name; string: the content. Points into the text
  size_t offset = 0;       // of its first byte in the text
};

inline constexpr size_t max_label_length = 512;

// The last token is `end`. Errors as of error_at().
Result<std::vector<Token>> tokenize(std::string_view text);

// "selector `...`, column N: what"
tl::unexpected<Error> error_at(std::string_view text, size_t offset, std::string_view what);

}  // namespace felixsim::selector
