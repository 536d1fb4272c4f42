// SPDX-License-Identifier: Apache-2.0
// A rule of nft's language into the words of `nft -s list ruleset`. Mirrors nftables 1.0.6:
// evaluate.c (sets of one element, implied dependencies), payload.c and rule.c (a dependency that
// the payload implies is not printed; neighbouring port matches are merged), the printers of
// statements. Covers what Felix's felix/nftables writes; the rest is refused as unsupported.
#include <bit>

#include "model/kernel/ipt_values.h"
#include "model/kernel/nft_text.h"
#include "model/kernel/nft_tokens.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

struct Statement {
  enum class Kind { other, l4proto, ports, concatenation, end_of_matches };
  std::string text;
  Kind kind = Kind::other;
  int protocol = 0;        // l4proto, ports, icmp: which
  bool mergeable = false;  // ports: one value
  bool negated = false, source = false;
};

class RuleReader {
 public:
  RuleReader(std::string_view text, std::string_view family)
      : tokens_(nft_tokens(text)), family_(family) {}

  Result<ParsedNftRule> read() {
    while (!done())
      if (auto ok = read_statement(); !ok) return forward(ok);
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

 private:
  bool done() const { return at_ >= tokens_.size(); }
  std::string_view peek() const { return done() ? std::string_view{} : tokens_[at_]; }
  std::string_view next() { return done() ? std::string_view{} : tokens_[at_++]; }
  bool accept(std::string_view word) {
    if (peek() != word) return false;
    ++at_;
    return true;
  }
  tl::unexpected<Error> wrong(std::string_view what) const {
    return invalid(fmt::format("Error: syntax error, unexpected {}", what));
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

  Status read_statement() {
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

  // Port matches do not merge across statements that are no matches.
  void end_matches() {
    statements_.push_back({{}, Statement::Kind::end_of_matches, 0, false, false, false});
  }

  Status read_counter() {
    if (accept("packets")) {
      next();
      accept("bytes");
      next();
    }
    add("counter");
    return {};
  }

  Status read_meta() {
    const auto key = next();
    if (key == "mark") return read_mark("meta mark");
    if (key == "iifname" || key == "oifname") return read_interface(key);
    if (key != "l4proto") return wrong(key);
    const auto op = take_operator();
    if (peek() == "{") {
      auto list = read_list("inet_proto");
      if (!list) return forward(list);
      add(fmt::format("meta l4proto {}{}", op, *list));
      return {};
    }
    const auto number = nft_protocol_number(next());
    if (!number) return wrong("protocol");
    statements_.push_back({fmt::format("meta l4proto {}{}", op, nft_protocol(*number)),
                           Statement::Kind::l4proto, *number, false, !op.empty(), false});
    return {};
  }

  std::optional<uint32_t> take_number() {
    const auto number = parse_number(next(), ~uint32_t{0});
    return number ? std::optional(static_cast<uint32_t>(*number)) : std::nullopt;
  }

  // `field` is "meta mark" or "ct mark": a match or "set".
  Status read_mark(std::string_view field) {
    if (accept("set")) return read_mark_set(field);
    std::optional<uint32_t> mask;
    if (accept("&") || accept("and")) {
      mask = take_number();
      if (!mask) return wrong("mask");
    }
    const auto op = take_operator();
    std::string_view text = next();
    if (const size_t slash = text.find('/'); !mask && slash != std::string_view::npos) {
      const auto length = parse_number(text.substr(slash + 1), 32);
      if (!length || *length == 0) return wrong("prefix");
      mask = ~uint32_t{0} << (32 - *length);
      text = text.substr(0, slash);
    }
    const auto value = parse_number(text, ~uint32_t{0});
    if (!value) return wrong("mark");
    // nft prints a mask of leading ones as a prefix (netlink_delinearize.c).
    const int ones = std::countl_one(mask.value_or(~uint32_t{0}));
    const bool is_prefix = !mask || (ones > 0 && std::countr_zero(*mask) == 32 - ones);
    if (is_prefix)
      add(fmt::format("{} {}0x{:08x}{}", field, op, *value,
                      ones == 32 ? "" : fmt::format("/{}", ones)));
    else
      add(fmt::format("{} & 0x{:08x} {} 0x{:08x}", field, *mask, op.empty() ? "==" : "!=", *value));
    return {};
  }

  Status read_mark_set(std::string_view field) {
    end_matches();
    std::string source;
    if (accept("mark") ||
        (peek() == "meta" && at_ + 1 < tokens_.size() && tokens_[at_ + 1] == "mark")) {
      if (accept("meta")) accept("mark");
      source = "meta mark";
    } else if (accept("ct")) {
      if (!accept("mark")) return wrong(peek());
      source = "ct mark";
    }
    if (source.empty()) {
      const auto value = take_number();
      if (!value) return wrong("mark");
      add(fmt::format("{} set 0x{:08x}", field, *value));
      return {};
    }
    // What is left is AND with `mask`, then OR with `bits`: a XOR of bits that the mask has cleared
    // is printed so.
    uint32_t mask = ~uint32_t{0}, bits = 0;
    while (peek() == "&" || peek() == "and" || peek() == "|" || peek() == "or" || peek() == "^" ||
           peek() == "xor") {
      const auto op = next();
      const auto value = take_number();
      if (!value) return wrong("mark");
      if (op == "&" || op == "and") {
        mask &= *value;
        bits &= *value;
      } else if ((op == "^" || op == "xor") && (mask & *value) != 0) {
        return fail(ErrorCode::unsupported, "a XOR of bits that are not cleared is not modelled");
      } else {
        bits |= *value;
        mask |= *value;
      }
    }
    std::string text = fmt::format("{} set {}", field, source);
    if (mask != ~uint32_t{0}) text += fmt::format(" & 0x{:08x}", mask);
    if (bits != 0) text += fmt::format(" | 0x{:08x}", bits);
    add(std::move(text));
    return {};
  }

  void take_set(std::string_view token) { out_.sets.emplace_back(token.substr(1)); }

  Status read_interface(std::string_view field) {
    if (accept("vmap")) {
      const auto map = next();
      if (!map.starts_with('@')) return wrong(map);
      take_set(map);
      add(fmt::format("{} vmap {}", field, map));
      return {};
    }
    const auto op = take_operator();
    auto name = nft_value("ifname", next());
    if (!name) return forward(name);
    add(fmt::format("{} {}{}", field, op, *name));
    return {};
  }

  Status read_ip(std::string_view ip) {
    const auto field = next();
    if ((family_ == "ip" && ip == "ip6") || (family_ == "ip6" && ip == "ip") || family_ == "arp")
      return invalid("Error: conflicting protocols specified");
    if (field == "dscp") return read_dscp(ip);
    if (field == "protocol") {
      const auto op = take_operator();
      const auto number = nft_protocol_number(next());
      if (!number) return wrong("protocol");
      statements_.push_back({fmt::format("ip protocol {}{}", op, nft_protocol(*number)),
                             Statement::Kind::l4proto, *number, false, !op.empty(), false});
      return {};
    }
    if (field != "saddr" && field != "daddr") return wrong(field);
    if (peek() == ".") return read_concatenation(ip, field);
    const auto op = take_operator();
    const std::string_view key = ip == "ip" ? "ipv4_addr" : "ipv6_addr";
    auto value = read_value(key);
    if (!value) return forward(value);
    add(fmt::format("{} {} {}{}", ip, field, op, *value));
    return {};
  }

  Status read_dscp(std::string_view ip) {
    const bool set = accept("set");
    if (set) end_matches();
    const auto op = take_operator();
    const auto word = next();
    auto value = parse_number(word, 63);
    if (!value) value = dscp_class(word);
    if (!value) return wrong("dscp");
    add(fmt::format("{} dscp {}{}{}", ip, set ? "set " : "", op, nft_dscp(*value)));
    return {};
  }

  // "ip saddr . meta l4proto . th sport [!=] @set".
  Status read_concatenation(std::string_view ip, std::string_view field) {
    Statement statement;
    statement.kind = Statement::Kind::concatenation;
    statement.text = fmt::format("{} {}", ip, field);
    while (accept(".")) {
      const auto first = next(), second = next();
      statement.text += fmt::format(" . {} {}", first, second);
    }
    const auto op = take_operator();
    const auto set = next();
    if (!set.starts_with('@')) return wrong(set);
    take_set(set);
    statement.text += fmt::format(" {}{}", op, set);
    statements_.push_back(std::move(statement));
    return {};
  }

  // A value, "@set", or "{ a, b }": a set of one element is that element.
  Result<std::string> read_value(std::string_view key) {
    if (peek() == "{") return read_list(key);
    const auto token = next();
    if (token.starts_with('@')) {
      take_set(token);
      return std::string(token);
    }
    return nft_value(key, token);
  }

  Result<std::string> read_list(std::string_view key) {
    next();
    std::vector<std::string> values;
    while (!done() && peek() != "}") {
      auto value = nft_value(key, next());
      if (!value) return value;
      values.push_back(std::move(*value));
      accept(",");
    }
    if (!accept("}") || values.empty()) return wrong("end of set");
    if (values.size() == 1) return values[0];
    ++out_.anonymous_sets;
    for (const auto& value : values)
      out_.has_interval_set |= value.find_first_of("-/") != std::string::npos;
    if (key == "inet_service") return ports_text(values);
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    return fmt::format("{{ {} }}", fmt::join(values, ", "));
  }

  // Sorted; where one is a range, neighbours are one range.
  static std::string ports_text(const std::vector<std::string>& values) {
    std::vector<std::pair<uint32_t, uint32_t>> ranges;
    bool interval = false;
    for (const auto& value : values) {
      const size_t dash = value.find('-');
      interval = interval || dash != std::string::npos;
      const auto low = parse_number(std::string_view(value).substr(0, dash), 65535);
      const auto high = dash == std::string::npos
                            ? low
                            : parse_number(std::string_view(value).substr(dash + 1), 65535);
      ranges.emplace_back(static_cast<uint32_t>(low.value_or(0)),
                          static_cast<uint32_t>(high.value_or(0)));
    }
    std::sort(ranges.begin(), ranges.end());
    std::vector<std::pair<uint32_t, uint32_t>> merged;
    for (const auto& range : ranges) {
      if (!merged.empty() &&
          (interval ? range.first <= merged.back().second + 1 : range == merged.back()))
        merged.back().second = std::max(merged.back().second, range.second);
      else
        merged.push_back(range);
    }
    std::string out = "{ ";
    for (const auto& [low, high] : merged) {
      if (out.size() > 2) out += ", ";
      out += low == high ? std::to_string(low) : fmt::format("{}-{}", low, high);
    }
    return out + " }";
  }

  Status read_ports(std::string_view protocol) {
    const auto field = next();
    if (field != "sport" && field != "dport") return wrong(field);
    const auto op = take_operator();
    auto value = read_value("inet_service");
    if (!value) return forward(value);
    Statement statement;
    statement.kind = Statement::Kind::ports;
    statement.text = fmt::format("{} {} {}{}", protocol, field, op, *value);
    statement.protocol = nft_protocol_number(protocol).value_or(0);
    statement.mergeable = value->find_first_not_of("0123456789") == std::string::npos;
    statement.negated = !op.empty();
    statement.source = field == "sport";
    statements_.push_back(std::move(statement));
    return {};
  }

  Status read_icmp(bool v6) {
    const auto field = next();
    const std::string_view name = v6 ? "icmpv6" : "icmp";
    const auto op = take_operator();
    const auto number = nft_icmp_number(v6, next());
    if ((field != "type" && field != "code") || !number) return wrong(field);
    if (peek() == "code") return invalid("Error: No symbol type information");
    Statement statement;
    statement.protocol = v6 ? 58 : 1;
    statement.text =
        fmt::format("{} {} {}{}", name, field, op,
                    field == "type" ? nft_icmp_type(v6, *number) : std::to_string(*number));
    statements_.push_back(std::move(statement));
    return {};
  }

  Status read_ct() {
    const auto field = next();
    if (field == "mark") return read_mark("ct mark");
    if (field == "count") {
      const bool over = accept("over");
      const auto number = take_number();
      if (!number) return wrong("count");
      add(fmt::format("ct count {}{}", over ? "over " : "", *number));
      return {};
    }
    if (field != "state" && field != "status") return wrong(field);
    const auto op = take_operator();
    std::string list(next());
    while (accept(",")) list += "," + std::string(next());
    const auto flags = nft_flag_list(field == "state", list);
    if (!flags) return wrong(list);
    add(fmt::format("ct {} {}{}", field, op, *flags));
    return {};
  }

  // "fib saddr . mark . iif oif 0", "fib daddr type != local".
  Status read_fib() {
    std::string text = "fib";
    for (bool key = true; key && !done();) {
      text += fmt::format(" {}", next());
      key = accept(".");
      if (key) text += " .";
    }
    const auto result = next();
    if (result != "type" && result != "oif" && result != "oifname") return wrong(result);
    const auto op = take_operator();
    const auto value = next();
    if (value.empty()) return wrong("end of file");
    add(fmt::format("{} {} {}{}", text, result, op, value));
    return {};
  }

  Status read_arp() {
    const auto field = next();
    if (field == "operation") {
      const auto op = take_operator();
      add(fmt::format("arp operation {}{}", op, next()));
      return {};
    }
    if ((field != "saddr" && field != "daddr") || !accept("ip")) return wrong(field);
    const auto op = take_operator();
    auto value = read_value("ipv4_addr");
    if (!value) return forward(value);
    add(fmt::format("arp {} ip {}{}", field, op, *value));
    return {};
  }

  Status read_limit() {
    if (!accept("rate")) return wrong(peek());
    const bool over = accept("over");
    const auto rate = next();
    const size_t slash = rate.find('/');
    if (slash == std::string_view::npos || !parse_number(rate.substr(0, slash), ~uint32_t{0}))
      return wrong(rate);
    uint64_t burst = 5;
    if (accept("burst")) {
      const auto number = take_number();
      if (!number) return wrong("burst");
      burst = *number;
      accept("packets");
    }
    std::string text = fmt::format("limit rate {}{}", over ? "over " : "", rate);
    if (burst != 5) text += fmt::format(" burst {} packets", burst);
    add(std::move(text));
    return {};
  }

  Status read_log() {
    std::string prefix, group, snaplen, level;
    while (true) {
      if (accept("prefix"))
        prefix = fmt::format(" prefix \"{}\"", nft_unquoted(next()));
      else if (accept("group"))
        group = fmt::format(" group {}", next());
      else if (accept("snaplen"))
        snaplen = fmt::format(" snaplen {}", next());
      else if (accept("level"))
        level = peek() == "warn" ? (next(), "") : fmt::format(" level {}", next());
      else
        break;
    }
    add("log" + prefix + group + snaplen + level);
    return {};
  }

  Status read_verdict(std::string_view word) {
    if (word == "accept" || word == "drop" || word == "return" || word == "continue" ||
        word == "notrack") {
      add(std::string(word));
      return {};
    }
    if (word == "jump" || word == "goto") {
      out_.jump = next();
      if (out_.jump.empty()) return wrong("end of file");
      add(fmt::format("{} {}", word, out_.jump));
      return {};
    }
    if (word == "reject") return read_reject();
    if (word == "snat" || word == "dnat" || word == "masquerade" || word == "redirect")
      return read_nat(word);
    return wrong(word.empty() ? "end of file" : word);
  }

  Status read_reject() {
    std::string with;
    if (accept("with")) {
      while (!done() && peek() != "comment") {
        const auto word = next();
        if (word != "type") with += fmt::format("{}{}", with.empty() ? "" : " ", word);
      }
      if (with.starts_with("icmpx"))
        return invalid("Error: abstracted ICMP unreachable not supported");
    }
    const bool usual =
        with.empty() || with == "icmp port-unreachable" || with == "icmpv6 port-unreachable";
    tcp_reset_ = with == "tcp reset";
    add(usual ? "reject" : "reject with " + with);
    return {};
  }

  Status read_nat(std::string_view word) {
    std::string text(word);
    if (accept("to")) text += fmt::format(" to {}", next());
    while (peek() == "fully-random" || peek() == "random" || peek() == "persistent" ||
           peek() == ",")
      if (const auto flag = next(); flag != ",") text += fmt::format(" {}", flag);
    add(std::move(text));
    return {};
  }

  // Printed if another statement than a match stands between it and the reject.
  void imply_tcp() {
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
  Status check_protocols() const {
    int known = 0;
    for (const auto& statement : statements_) {
      const bool says = statement.protocol != 0 &&
                        !(statement.kind == Statement::Kind::l4proto && statement.negated);
      if (!says) continue;
      if (known != 0 && known != statement.protocol && statement.kind != Statement::Kind::l4proto)
        return invalid(fmt::format("Error: conflicting protocols specified: {} vs. {}",
                                   nft_protocol(known), nft_protocol(statement.protocol)));
      known = statement.protocol;
    }
    return {};
  }

  // A payload of a protocol says the protocol, and names the transport header of a concatenation.
  void drop_implied() {
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
  void merge_ports() {
    size_t start = 0;
    for (size_t i = 0; i <= statements_.size(); ++i) {
      if (i < statements_.size() && statements_[i].kind != Statement::Kind::end_of_matches)
        continue;
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

  std::vector<std::string_view> tokens_;
  std::string_view family_;
  size_t at_ = 0;
  std::vector<Statement> statements_;
  ParsedNftRule out_;
  bool tcp_reset_ = false;
};

}  // namespace

Result<ParsedNftRule> parse_nft_rule(std::string_view text, std::string_view family) {
  return RuleReader(text, family).read();
}

}  // namespace felixsim
