// SPDX-License-Identifier: Apache-2.0
// Rules as a table keeps and writes them: all but the name of their chain and their hashes, which
// both follow from the chain. Chains with the same rules share one list.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/rules/chain.h"
#include "model/rules/dialect.h"

namespace felixsim::rules {

struct WrittenRule {
  // iptables: what follows the hash comment, with a space before it. nft: the matches and the
  // action.
  std::string text;
  std::string comment;     // nft: what follows the hash within the comment
  uint32_t target_at = 0;  // where in `text` the chain's name starts that it goes to; 0: none

  // The chain that the rule jumps or goes to; empty if none.
  std::string_view target() const {
    return target_at == 0 ? std::string_view() : std::string_view(text).substr(target_at);
  }
  bool operator==(const WrittenRule&) const = default;
};

struct WrittenRules {
  Dialect dialect = Dialect::iptables;
  std::vector<WrittenRule> rules;
  std::vector<std::string> ip_sets;  // nft: that the rules name, in order, repeats included
  bool operator==(const WrittenRules&) const = default;
};
using WrittenRulesPtr = std::shared_ptr<const WrittenRules>;

WrittenRules write_rules(std::span<const Rule> rules, Dialect dialect);

// The hash of a rule that Felix wrote: 16 characters. What else stands in a hash's place keeps its
// identity, as a digest; nothing is the empty hash.
class RuleHash {
 public:
  RuleHash() = default;
  explicit RuleHash(std::string_view found);
  std::string_view view() const { return {text_.data(), empty() ? 0 : text_.size()}; }
  bool empty() const { return text_[0] == '\0'; }
  bool operator==(const RuleHash&) const = default;

 private:
  std::array<char, 16> text_{};
};
using RuleHashes = std::vector<RuleHash>;
using RuleHashesPtr = std::shared_ptr<const RuleHashes>;

// One hash a rule, in order. Each depends on the chain's name, the rule and all rules before it.
RuleHashes hashes_of_rules(std::string_view chain, const WrittenRules& rules);

// iptables: appends a line. `verb` is "-A ", "-I " or "-R "; rule numbers count from 1, 0: none.
void append_line(std::string& out, std::string_view verb, std::string_view chain, size_t number,
                 const RuleHash& hash, const WrittenRule& rule);
// An upper bound of the lines' length.
size_t lines_length(std::string_view chain, const WrittenRules& rules);

}  // namespace felixsim::rules
