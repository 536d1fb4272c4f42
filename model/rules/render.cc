// SPDX-License-Identifier: Apache-2.0
#include "model/rules/render.h"

#include <algorithm>
#include <array>

#include "model/rules/written_rules.h"

namespace felixsim::rules {
namespace {

constexpr size_t max_iptables_comment = 256;
constexpr size_t max_nft_comment = 128;  // knftables.CommentLengthMax
constexpr std::string_view comment_start = " -m comment --comment \"";

bool is_safe(char c) {
  static const std::array<bool, 256> safe = [] {
    std::array<bool, 256> table{};
    for (const char letter : std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                              "0123456789_ @%+=:,./-"))
      table[static_cast<unsigned char>(letter)] = true;
    return table;
  }();
  return safe[static_cast<unsigned char>(c)];
}

// Length of the UTF-8 character at the start of `text`, as Go decodes it: a byte that starts no
// valid character is a character of its own.
size_t character_length(std::string_view text) {
  if (static_cast<uint8_t>(text[0]) < 0x80) return 1;
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const auto follows = [&](size_t i, uint8_t low, uint8_t high) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const uint8_t first = byte(0);
  if (first >= 0xc2 && first <= 0xdf) return follows(1, 0x80, 0xbf) ? 2 : 1;
  if (first >= 0xe0 && first <= 0xef) {
    const uint8_t low = first == 0xe0 ? 0xa0 : 0x80, high = first == 0xed ? 0x9f : 0xbf;
    return follows(1, low, high) && follows(2, 0x80, 0xbf) ? 3 : 1;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const uint8_t low = first == 0xf0 ? 0x90 : 0x80, high = first == 0xf4 ? 0x8f : 0xbf;
    return follows(1, low, high) && follows(2, 0x80, 0xbf) && follows(3, 0x80, 0xbf) ? 4 : 1;
  }
  return 1;
}

// At most `most` characters of the safe form of `text`.
void append_safe(std::string& out, std::string_view text, size_t most) {
  for (size_t count = 0; !text.empty() && count < most; ++count) {
    const size_t length = character_length(text);
    out += length == 1 && is_safe(text.front()) ? text.front() : '_';
    text.remove_prefix(length);
  }
}

// What follows the hash comment in an iptables rule.
void append_rest(std::string& out, const Rule& rule) {
  for (const auto& comment : rule.comments) {
    out.append(comment_start);
    append_safe(out, comment, max_iptables_comment);
    out += '"';
  }
  if (!rule.text.empty()) (out += ' ').append(rule.text);
}

void append_iptables(std::string& out, std::string_view command, const Rule& rule,
                     std::string_view chain, int number, std::string_view hash) {
  out.append(command).append(chain);
  if (number > 0) out.append(" ").append(std::to_string(number));
  if (!hash.empty()) out.append(comment_start).append(rule_hash_prefix).append(hash) += '"';
  append_rest(out, rule);
}

std::string iptables_text(std::string_view command, const Rule& rule, std::string_view chain,
                          int number, std::string_view hash) {
  std::string out;
  append_iptables(out, command, rule, chain, number, hash);
  return out;
}

bool has_layer(std::string_view layer, std::string_view name) { return name.starts_with(layer); }

}  // namespace

std::string safe_comment(std::string_view text) {
  std::string out;
  append_safe(out, text, text.size());
  return out;
}

std::vector<std::string> rule_hashes(std::string_view chain, std::span<const Rule> rules,
                                     Dialect dialect) {
  std::vector<std::string> hashes;
  for (const RuleHash& hash : hashes_of_rules(chain, write_rules(rules, dialect)))
    hashes.emplace_back(hash.view());
  return hashes;
}

std::string iptables_rest(const Rule& rule) {
  std::string out;
  append_rest(out, rule);
  return out;
}
std::string append_text(const Rule& rule, std::string_view chain, std::string_view hash) {
  return iptables_text("-A ", rule, chain, 0, hash);
}
std::string insert_text(const Rule& rule, std::string_view chain, std::string_view hash) {
  return iptables_text("-I ", rule, chain, 0, hash);
}
std::string insert_at_text(const Rule& rule, std::string_view chain, int number,
                           std::string_view hash) {
  return iptables_text("-I ", rule, chain, number, hash);
}
std::string replace_text(const Rule& rule, std::string_view chain, int number,
                         std::string_view hash) {
  return iptables_text("-R ", rule, chain, number, hash);
}

std::vector<std::string> append_texts(const Chain& chain) {
  const auto hashes = rule_hashes(chain.name, chain.rules, Dialect::iptables);
  std::vector<std::string> lines;
  lines.reserve(chain.rules.size());
  for (size_t i = 0; i < chain.rules.size(); ++i)
    lines.push_back(append_text(chain.rules[i], chain.name, hashes[i]));
  return lines;
}

// nft refuses an empty rule.
std::string nft_text(const Rule& rule) { return rule.text.empty() ? "continue" : rule.text; }

std::string nft_comment(const Rule& rule, std::string_view hash) {
  std::string out;
  if (!hash.empty()) out.append(rule_hash_prefix).append(hash) += ';';
  const size_t count = rule.comments.size();
  const size_t room = count == 0 ? 0 : (max_nft_comment - out.size()) / count;
  for (const auto& comment : rule.comments) {
    if (!out.empty()) out += ' ';
    append_safe(out, comment, room);
  }
  if (out.size() > max_nft_comment) out.resize(max_nft_comment);
  return out;
}

std::string in_layer(std::string_view layer, std::string_view name) {
  return has_layer(layer, name) ? std::string(name) : std::string(layer).append("-").append(name);
}

Rule in_layer(std::string_view layer, Rule rule) {
  if (rule.map_at != 0) rule.text.insert(rule.map_at, layer);
  if (rule.target_at != 0 && !has_layer(layer, rule.target()))
    rule.text.insert(rule.target_at, std::string(layer) + "-");
  return rule;
}

Chain in_layer(std::string_view layer, Chain chain) {
  chain.name = in_layer(layer, std::string_view(chain.name));
  for (Rule& rule : chain.rules) rule = in_layer(layer, std::move(rule));
  return chain;
}

std::vector<std::string> ip_set_names(std::span<const Rule> rules, Dialect dialect) {
  const std::string_view mark = dialect == Dialect::nft ? " @" : " --match-set ";
  std::vector<std::string> names;
  for (const Rule& rule : rules) {
    if (rule.map_at != 0) continue;  // a map is no set
    const std::string_view text = rule.text;
    for (size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at)) {
      at += mark.size();
      names.emplace_back(text.substr(at, text.find(' ', at) - at));
    }
  }
  return names;
}

}  // namespace felixsim::rules
