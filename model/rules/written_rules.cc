// SPDX-License-Identifier: Apache-2.0
#include "model/rules/written_rules.h"

#include <algorithm>

#include "model/hash/hash.h"
#include "model/rules/render.h"

namespace felixsim::rules {
namespace {

constexpr size_t bytes_of_hash = rule_hash_length * 3 / 4;  // 16 characters of base64
constexpr std::string_view hash_start = " -m comment --comment \"cali:";
constexpr size_t verb_length = 3;

WrittenRule write_rule(const Rule& rule, Dialect dialect) {
  WrittenRule written;
  if (dialect == Dialect::nft) {
    // The comment after a hash of the usual length: it takes of the room that all of it has.
    const std::string hash(rule_hash_length, 'x');
    written.text = nft_text(rule);
    written.comment = nft_comment(rule, hash).substr(nft_comment({}, hash).size());
    written.target_at = rule.target_at;
  } else {
    written.text = iptables_rest(rule);
    if (rule.target_at != 0)
      written.target_at = static_cast<uint32_t>(written.text.size() - rule.target().size());
  }
  written.text.shrink_to_fit();
  return written;
}

}  // namespace

WrittenRules write_rules(std::span<const Rule> rules, Dialect dialect) {
  WrittenRules written{dialect, {}, {}};
  written.rules.reserve(rules.size());
  for (const Rule& rule : rules) written.rules.push_back(write_rule(rule, dialect));
  if (dialect == Dialect::nft) written.ip_sets = ip_set_names(rules, dialect);
  return written;
}

RuleHash::RuleHash(std::string_view found) {
  if (found.empty()) return;
  if (found.size() == text_.size()) {
    std::copy(found.begin(), found.end(), text_.begin());
    return;
  }
  const auto digest = sha224_digest({found});
  base64url(std::span(digest).first(bytes_of_hash), text_.data());
}

RuleHashes hashes_of_rules(std::string_view chain, const WrittenRules& rules) {
  RuleHashes hashes;
  hashes.reserve(rules.rules.size());
  Digest224 digest = sha224_digest({chain});
  const bool nft = rules.dialect == Dialect::nft;
  for (const WrittenRule& rule : rules.rules) {
    // iptables hashes the rule with the word HASH in place of the hash comment, nft the text alone.
    digest = nft ? sha224_digest({as_text(digest), rule.text})
                 : sha224_digest({as_text(digest), "-A ", chain, " HASH", rule.text});
    std::array<char, rule_hash_length> text;
    base64url(std::span(digest).first(bytes_of_hash), text.data());
    hashes.emplace_back(std::string_view(text.data(), text.size()));
  }
  return hashes;
}

void append_line(std::string& out, std::string_view verb, std::string_view chain, size_t number,
                 const RuleHash& hash, const WrittenRule& rule) {
  out.append(verb).append(chain);
  if (number > 0) out.append(" ").append(std::to_string(number));
  out.append(hash_start).append(hash.view()) += '"';
  out.append(rule.text) += '\n';
}

size_t lines_length(std::string_view chain, const WrittenRules& rules) {
  constexpr size_t after_chain = hash_start.size() + rule_hash_length + 2;
  size_t length = rules.rules.size() * (verb_length + chain.size() + after_chain);
  for (const WrittenRule& rule : rules.rules) length += rule.text.size();
  return length;
}

}  // namespace felixsim::rules
