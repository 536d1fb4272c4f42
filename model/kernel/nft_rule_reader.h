// SPDX-License-Identifier: Apache-2.0
// The inside of parse_nft_rule (nft_text.h): reads the words of one rule, statement by statement.
// Matches: nft_matches.cc; what is done to a packet: nft_statements.cc.
#pragma once

#include "model/kernel/nft_text.h"
#include "model/kernel/nft_tokens.h"

namespace felixsim {

class NftRuleReader {
 public:
  NftRuleReader(std::string_view text, std::string_view family)
      : text_(text), tokens_(nft_tokens(text)), family_(family) {}

  Result<ParsedNftRule> read();
  // The words that a refusal means.
  std::string_view where() const;

 private:
  struct Statement {
    enum class Kind { other, l4proto, ports, concatenation, end_of_matches };
    std::string text;
    Kind kind = Kind::other;
    int protocol = 0;        // l4proto, ports, icmp: which
    bool mergeable = false;  // ports: one value
    bool negated = false, source = false;
  };

  bool done() const { return at_ >= tokens_.size(); }
  std::string_view peek() const { return done() ? std::string_view{} : tokens_[at_]; }
  std::string_view next() { return done() ? std::string_view{} : tokens_[at_++]; }
  bool accept(std::string_view word) {
    if (peek() != word) return false;
    ++at_;
    return true;
  }
  tl::unexpected<Error> wrong(std::string_view what) const {
    return invalid(fmt::format("syntax error, unexpected {}", what));
  }
  void add(std::string text) {
    statements_.push_back({std::move(text), {}, 0, false, false, false});
  }
  // "" or "!= ".
  std::string_view take_operator() {
    if (accept("!=")) return "!= ";
    accept("==");
    return "";
  }
  std::optional<uint32_t> take_number();
  void take_set(std::string_view token) { out_.sets.emplace_back(token.substr(1)); }

  Status read_statement();
  // Of all that were read: what nft derives from them.
  void imply_tcp();
  Status check_protocols() const;
  void drop_implied();
  void merge_ports();

  // Matches.
  Status read_meta();
  Status read_mark(std::string_view field);
  Status read_interface(std::string_view field);
  Status read_ip(std::string_view ip);
  tl::unexpected<Error> conflict(std::string_view ip, std::string_view field);
  Status read_dscp(std::string_view ip);
  Status read_concatenation(std::string_view ip, std::string_view field);
  Result<std::string> read_value(std::string_view key);
  Result<std::string> read_list(std::string_view key);
  Status read_ports(std::string_view protocol);
  Status read_icmp(bool v6);
  Status read_ct();
  Status read_fib();
  Status read_arp();
  Status read_limit();

  // Statements.
  void end_matches();
  Status read_counter();
  Status read_mark_set(std::string_view field);
  Status read_log();
  Status read_verdict(std::string_view word);
  Status read_reject();
  Status read_nat(std::string_view word);
  Result<std::string> read_nat_address(IpFamily family);
  Result<std::string> read_nat_flags();
  bool says_transport() const;
  std::string_view matched_family() const;

  std::string_view text_;
  std::vector<std::string_view> tokens_;
  std::string_view family_;
  size_t at_ = 0;
  std::vector<Statement> statements_;
  ParsedNftRule out_;
  bool tcp_reset_ = false;
  std::optional<std::string_view> where_;  // of a refusal, if it is not the last word read
};

}  // namespace felixsim
