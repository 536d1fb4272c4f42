// SPDX-License-Identifier: Apache-2.0
// A rule of nft's language into the words of `nft -s list ruleset`. Mirrors nftables 1.0.6:
// evaluate.c (sets of one element, implied dependencies), payload.c and rule.c (a dependency that
// the payload implies is not printed; neighbouring port matches are merged), the printers of
// statements. Covers what Felix's felix/nftables writes; the rest is refused as unsupported.
#include "model/kernel/nft_rule_reader.h"
#include "model/kernel/words.h"

namespace felixsim {

std::string_view NftRuleReader::where() const {
  if (where_) return *where_;
  if (at_ == 0) return done() ? text_.substr(text_.size()) : tokens_[0];
  return at_ > tokens_.size() ? text_.substr(text_.size()) : tokens_[at_ - 1];
}

std::optional<uint32_t> NftRuleReader::take_number() {
  const auto number = parse_number(next(), ~uint32_t{0});
  return number ? std::optional(static_cast<uint32_t>(*number)) : std::nullopt;
}

Result<ParsedNftRule> NftRuleReader::read() {
  for (const auto token : tokens_)
    if (token.starts_with('"') && (token.size() == 1 || !token.ends_with('"'))) {
      where_ = text_.substr(text_.size());
      return invalid(
          "syntax error, unexpected junk, expecting string or quoted string or string with a "
          "trailing asterisk");
    }
  while (!done())
    if (auto ok = read_statement(); !ok) return forward(ok);
  if (statements_.empty()) {
    where_ = text_.substr(text_.size());
    return wrong(out_.rule.comment.empty() ? "end of file" : "comment");
  }
  if (auto ok = check_protocols(); !ok) return forward(ok);
  imply_tcp();
  drop_implied();
  merge_ports();
  size_t length = 0;
  for (const auto& statement : statements_) length += statement.text.size() + 1;
  out_.rule.text.reserve(length);
  for (const auto& statement : statements_) {
    if (statement.text.empty()) continue;
    if (!out_.rule.text.empty()) out_.rule.text += ' ';
    out_.rule.text += statement.text;
  }
  return std::move(out_);
}

Status NftRuleReader::read_statement() {
  const auto word = next();
  if (word == "meta") return read_meta();
  if (word == "mark") return read_mark("meta mark");
  if (word == "iifname" || word == "oifname") return read_interface(word);
  if (word == "ip" || word == "ip6") return read_ip(word);
  if (word == "tcp" || word == "udp" || word == "sctp" || word == "dccp" || word == "udplite" ||
      word == "th")
    return read_ports(word);
  if (word == "icmp" || word == "icmpv6") return read_icmp(word == "icmpv6");
  if (word == "ct") return read_ct();
  if (word == "fib") return read_fib();
  if (word == "arp") return read_arp();
  if (word == "limit") return read_limit();
  if (word == "comment") {
    out_.rule.comment = nft_unquoted(next());
    return {};
  }
  end_matches();
  if (word == "counter") return read_counter();
  if (word == "log") return read_log();
  return read_verdict(word);
}

// Printed if another statement than a match stands between it and the reject.
void NftRuleReader::imply_tcp() {
  const auto ends = std::count_if(statements_.begin(), statements_.end(), [](const Statement& s) {
    return s.kind == Statement::Kind::end_of_matches;
  });
  if (!tcp_reset_ || ends < 2) return;
  for (const auto& statement : statements_)
    if (statement.protocol == 6) return;
  statements_.insert(statements_.begin(),
                     {"meta l4proto tcp", Statement::Kind::l4proto, 6, false, false, false});
}

// One rule is about one protocol.
Status NftRuleReader::check_protocols() const {
  int known = 0;
  for (const auto& statement : statements_) {
    const bool says = statement.protocol != 0 &&
                      !(statement.kind == Statement::Kind::l4proto && statement.negated);
    if (!says) continue;
    if (known != 0 && known != statement.protocol && statement.kind != Statement::Kind::l4proto)
      return invalid(fmt::format("conflicting protocols specified: {} vs. {}", nft_protocol(known),
                                 nft_protocol(statement.protocol)));
    known = statement.protocol;
  }
  return {};
}

// A payload of a protocol says the protocol, and names the transport header of a concatenation.
void NftRuleReader::drop_implied() {
  for (auto& dependency : statements_) {
    if (dependency.kind != Statement::Kind::l4proto || dependency.negated) continue;
    bool implied = false;
    for (auto& other : statements_) {
      if (other.kind == Statement::Kind::concatenation) {
        if (&other < &dependency) continue;
        const size_t th = other.text.find(" th ");
        if (th == std::string::npos) continue;
        other.text.replace(th + 1, 2, nft_protocol(dependency.protocol));
        implied = true;
      } else if (other.kind != Statement::Kind::l4proto && other.protocol != 0) {
        implied = implied || other.protocol == dependency.protocol;
      }
    }
    if (implied) dependency.text.clear();
  }
}

// A source and a destination port with one operator become one match at the source port's place.
void NftRuleReader::merge_ports() {
  size_t start = 0;
  for (size_t i = 0; i <= statements_.size(); ++i) {
    if (i < statements_.size() && statements_[i].kind != Statement::Kind::end_of_matches) continue;
    Statement *source = nullptr, *destination = nullptr;
    for (size_t s = start; s < i; ++s)
      if (statements_[s].mergeable)
        (statements_[s].source ? source : destination) = &statements_[s];
    if (source && destination && source->protocol == destination->protocol &&
        source->negated == destination->negated) {
      source->text += ' ';
      source->text += std::exchange(destination->text, {});
    }
    start = i + 1;
  }
}

Result<ParsedNftRule> parse_nft_rule(std::string_view text, std::string_view family,
                                     std::string_view* where) {
  NftRuleReader reader(text, family);
  auto rule = reader.read();
  if (where) *where = reader.where();
  return rule;
}

}  // namespace felixsim
