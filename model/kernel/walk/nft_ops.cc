// SPDX-License-Identifier: Apache-2.0
// A rule in the words of `nft list ruleset` into operations. The words are canonical (nft_text.h).
// Rate limits and `ct count over` count as not exceeded.
#include <span>

#include "model/kernel/ipt_values.h"
#include "model/kernel/nft_tokens.h"
#include "model/kernel/walk/rule_ops.h"
#include "model/kernel/words.h"

namespace felixsim::walk {
namespace {

using Tokens = std::vector<std::string_view>;

class NftReader {
 public:
  NftReader(const std::string& text, const std::string& family)
      : tokens_(nft_tokens(text)), v6_(family == "ip6") {}

  Rule read() {
    while (at_ < tokens_.size()) statement(next());
    return std::move(rule_);
  }

 private:
  std::string_view next() { return at_ < tokens_.size() ? tokens_[at_++] : std::string_view{}; }
  std::string_view peek() const { return at_ < tokens_.size() ? tokens_[at_] : std::string_view{}; }
  bool accept(std::string_view word) {
    if (peek() != word) return false;
    ++at_;
    return true;
  }
  uint32_t number() {
    return static_cast<uint32_t>(parse_number(next(), ~uint32_t{0}).value_or(0));
  }
  RuleOp& add(Op op) {
    rule_.ops.emplace_back();
    rule_.ops.back().op = op;
    return rule_.ops.back();
  }
  // Takes "!=" or "==".
  bool negated() {
    if (accept("!=")) return true;
    accept("==");
    return false;
  }

  void statement(std::string_view word) {
    if (word == "meta") {
      meta(next());
    } else if (word == "iifname" || word == "oifname") {
      device(word);
    } else if (word == "ip" || word == "ip6") {
      address(next());
    } else if (word == "tcp" || word == "udp" || word == "sctp" || word == "dccp" ||
               word == "udplite" || word == "th") {
      ports(word);
    } else if (word == "sport" || word == "dport") {  // merged: "tcp sport 1 dport 2"
      --at_;
      ports("th");
    } else if (word == "icmp" || word == "icmpv6") {
      icmp(word == "icmpv6");
    } else if (word == "ct") {
      connection(next());
    } else if (word == "fib") {
      fib();
    } else if (word == "limit") {
      limit();
    } else if (word == "arp") {
      add(Op::never);
      at_ = tokens_.size();
    } else if (word == "log") {
      while (peek() == "prefix" || peek() == "group" || peek() == "snaplen" || peek() == "level")
        at_ += 2;
    } else if (word == "comment") {
      next();
    } else {
      verdict(word);
    }
  }

  void meta(std::string_view key) {
    if (key == "mark") return mark(false);
    if (key == "iifname" || key == "oifname") return device(key);
    if (key == "l4proto") protocol();
  }

  void protocol() {
    const bool invert = negated();
    Tokens values = list();
    auto& op = add(Op::protocol);
    op.invert = invert;
    for (const auto value : values) {
      const auto n = static_cast<uint16_t>(nft_protocol_number(value).value_or(0));
      op.ports.emplace_back(n, n);
    }
    op.a = op.ports.empty() ? 0 : op.ports[0].first;
  }

  // One value, or those of "{ a, b }".
  Tokens list() {
    Tokens values;
    if (!accept("{")) return {next()};
    while (at_ < tokens_.size() && !accept("}"))
      if (const auto word = next(); word != ",") values.push_back(word);
    return values;
  }

  void mark(bool connection) {
    if (accept("set")) return set_mark(connection);
    uint32_t mask = ~uint32_t{0};
    if (accept("&")) mask = number();
    const bool invert = negated();
    std::string_view text = next();  // "0x10000000/4": nft's words for a mask of leading ones
    if (const size_t slash = text.find('/'); slash != std::string_view::npos) {
      const auto ones = parse_number(text.substr(slash + 1), 32).value_or(32);
      mask = ones == 0 ? 0 : ~uint32_t{0} << (32 - ones);
      text = text.substr(0, slash);
    }
    const auto value = static_cast<uint32_t>(parse_number(text, ~uint32_t{0}).value_or(0));
    auto& op = add(connection ? Op::connection_mark : Op::mark);
    op.a = value;
    op.b = mask;
    op.invert = invert;
  }

  void set_mark(bool connection) {
    std::string_view source;
    if (accept("meta")) source = "meta";
    if (source.empty() && accept("ct")) source = "ct";
    if (source.empty() && peek() != "mark") {
      auto& op = add(connection ? Op::set_connection_mark : Op::set_mark);
      op.a = number();
      op.b = ~uint32_t{0};
      return;
    }
    accept("mark");
    uint32_t mask = ~uint32_t{0}, bits = 0;
    while (peek() == "&" || peek() == "|") {
      const bool is_and = next() == "&";
      const uint32_t value = number();
      if (is_and)
        mask &= value;
      else
        bits |= value;
    }
    const bool from_connection = source == "ct";
    if (from_connection == connection) {
      auto& op = add(connection ? Op::set_connection_mark : Op::set_mark);
      op.a = bits;
      op.b = ~mask | bits;
      return;
    }
    auto& op = add(connection ? Op::save_mark : Op::restore_mark);
    op.a = connection ? mask : ~uint32_t{0};
    op.b = connection ? ~uint32_t{0} : mask;
    if (bits != 0) {
      auto& more = add(connection ? Op::set_connection_mark : Op::set_mark);
      more.a = more.b = bits;
    }
  }

  void device(std::string_view field) {
    if (accept("vmap")) {
      auto& op = add(Op::verdict_map);
      op.name = next().substr(1);
      op.flag = field == "oifname";
      return;
    }
    const bool invert = negated();
    auto& op = add(field == "iifname" ? Op::in_device : Op::out_device);
    op.invert = invert;
    op.name = nft_unquoted(next());
    if (op.name.ends_with('*')) op.name.back() = '+';
  }

  void address(std::string_view field) {
    if (field == "dscp") {
      const bool set = accept("set");
      const bool invert = negated();
      auto& op = add(set ? Op::set_dscp : Op::dscp);
      op.invert = invert;
      op.a = dscp(next());
      return;
    }
    if (field == "protocol") return protocol();
    const bool source = field == "saddr";
    if (peek() == ".") return concatenation(source);
    const bool invert = negated();
    if (peek().starts_with('@')) {
      auto& op = add(Op::nft_set);
      op.invert = invert;
      op.name = next().substr(1);
      op.fields = {source ? SetField::source : SetField::destination};
      return;
    }
    addresses(source, invert, list());
  }

  // One address is an operation of its own; a list, or a range, becomes an anonymous set whose
  // elements stand in its name.
  void addresses(bool source, bool invert, const Tokens& values) {
    if (values.size() == 1 && values[0].find('-') == std::string_view::npos) {
      auto& op = add(source ? Op::source : Op::destination);
      op.invert = invert;
      op.net = Cidr::parse_cidr_or_ip(values[0]).value_or(Cidr{});
      return;
    }
    auto& op = add(Op::nft_set);
    op.invert = invert;
    op.name = "{";
    for (const auto value : values) op.name += fmt::format("{},", value);
    op.fields = {source ? SetField::source : SetField::destination};
  }

  static uint32_t dscp(std::string_view word) {
    if (const auto n = parse_number(word, 63)) return static_cast<uint32_t>(*n);
    return static_cast<uint32_t>(dscp_class(word).value_or(0));
  }

  // "ip saddr . meta l4proto . th sport @set"; "udp sport" also asks for the protocol, of which nft
  // makes a match of its own.
  void concatenation(bool source) {
    std::vector<SetField> fields{source ? SetField::source : SetField::destination};
    while (accept(".")) {
      const auto word = next();
      const auto key = next();
      const bool is_port = key == "sport" || key == "dport";
      if (const auto protocol = nft_protocol_number(word); is_port && protocol)
        add(Op::protocol).a = static_cast<uint32_t>(*protocol);
      fields.push_back(key == "l4proto" ? SetField::protocol
                       : key == "sport" ? SetField::source_port
                       : key == "dport" ? SetField::destination_port
                       : key == "saddr" ? SetField::source
                                        : SetField::destination);
    }
    const bool invert = negated();
    auto& op = add(Op::nft_set);
    op.invert = invert;
    op.name = next().substr(1);
    op.fields = std::move(fields);
  }

  void ports(std::string_view protocol_name) {
    const bool source = next() == "sport";
    if (protocol_name != "th") {
      auto& op = add(Op::protocol);
      op.a = static_cast<uint32_t>(nft_protocol_number(protocol_name).value_or(0));
    }
    const bool invert = negated();
    if (peek().starts_with('@')) {
      auto& op = add(Op::nft_set);
      op.invert = invert;
      op.name = next().substr(1);
      op.fields = {source ? SetField::source_port : SetField::destination_port};
      return;
    }
    const Tokens values = list();
    auto& op = add(source ? Op::source_port : Op::destination_port);
    op.invert = invert;
    for (const auto value : values) {
      const size_t dash = value.find('-');
      const auto low = parse_port_number(value.substr(0, dash)).value_or(0);
      op.ports.emplace_back(low, dash == std::string_view::npos
                                     ? low
                                     : parse_port_number(value.substr(dash + 1)).value_or(0));
    }
  }

  void icmp(bool v6) {
    const auto field = next();
    const bool invert = negated();
    add(Op::protocol).a = v6 ? 58 : 1;
    const bool type = field == "type";
    const auto names = type ? (v6 ? NftIcmpField::type6 : NftIcmpField::type4)
                            : (v6 ? NftIcmpField::code6 : NftIcmpField::code4);
    const Tokens values = list();
    auto& op = add(type ? Op::icmp_type : Op::icmp_code);
    op.invert = invert;
    op.b = 256;
    for (const auto value : values) {
      const auto number = nft_icmp_number(names, value);
      const size_t dash = number ? std::string_view::npos : value.find('-');
      const auto low = number ? static_cast<uint64_t>(*number)
                              : parse_number(value.substr(0, dash), 255).value_or(255);
      const auto high = dash == std::string_view::npos
                            ? low
                            : parse_number(value.substr(dash + 1), 255).value_or(255);
      op.ports.emplace_back(static_cast<uint16_t>(low), static_cast<uint16_t>(high));
    }
  }

  void connection(std::string_view field) {
    if (field == "mark") return mark(true);
    if (field == "count") {
      if (accept("over")) add(Op::never);
      next();
      return;
    }
    static constexpr std::pair<std::string_view, uint32_t> states[] = {
        {"invalid", state_invalid},
        {"new", state_new},
        {"established", state_established},
        {"related", state_related},
        {"untracked", state_untracked}};
    static constexpr std::pair<std::string_view, uint32_t> statuses[] = {
        {"seen-reply", status_seen_reply},
        {"assured", status_assured},
        {"confirmed", status_confirmed},
        {"snat", status_snat},
        {"dnat", status_dnat}};
    const bool invert = negated();
    const bool state = field == "state";
    // "!=" compares the whole word, so that of a list none is ever equal.
    auto& op = add(state ? Op::state : invert ? Op::status_word : Op::status);
    op.invert = invert;
    std::string_view names = next();
    while (!names.empty()) {
      const size_t comma = names.find(',');
      const auto name = names.substr(0, comma);
      for (const auto& [known, bit] :
           state ? std::span<const std::pair<std::string_view, uint32_t>>(states) : statuses)
        if (known == name) op.a |= bit;
      names = comma == std::string_view::npos ? std::string_view{} : names.substr(comma + 1);
    }
    if (state && invert && (op.a & (op.a - 1)) != 0) op.a = 0;
  }

  // "fib saddr . mark . iif oif 0", "fib daddr type local", "fib saddr . oif type != local".
  void fib() {
    bool source = false, in = false, out = false, with_mark = false;
    do {
      const auto key = next();
      source = source || key == "saddr";
      in = in || key == "iif";
      out = out || key == "oif";
      with_mark = with_mark || key == "mark";
    } while (accept("."));
    const auto result = next();
    const bool invert = negated();
    const auto value = next();
    if (result == "type") {
      auto& op = add(Op::address_type);
      op.invert = invert;
      op.flag = static_cast<uint8_t>((source ? 0 : type_destination) | (in ? type_limit_in : 0) |
                                     (out ? type_limit_out : 0));
      for (const char c : value) op.name += static_cast<char>(c - 'a' + 'A');
      return;
    }
    auto& op = add(Op::reverse_path);
    op.flag = static_cast<uint8_t>((with_mark ? path_mark : 0) | (in ? 0 : path_loose));
    op.invert = !invert;  // "oif 0": there is no such path
  }

  void limit() {
    next();
    if (accept("over")) add(Op::never);
    next();
    if (accept("burst")) {
      next();
      accept("packets");
    }
  }

  void verdict(std::string_view word) {
    if (word == "accept" || word == "drop" || word == "return") {
      add(word == "accept" ? Op::accept : word == "drop" ? Op::drop : Op::return_);
    } else if (word == "jump" || word == "goto") {
      add(word == "jump" ? Op::jump : Op::goto_).name = next();
    } else if (word == "notrack") {
      add(Op::no_track);
    } else if (word == "reject") {
      auto& op = add(Op::reject);
      if (accept("with"))
        while (at_ < tokens_.size() && peek() != "comment")
          op.name += fmt::format("{}{}", op.name.empty() ? "" : " ", next());
      if (op.name.empty()) op.name = "port-unreachable";
    } else if (word == "snat" || word == "dnat" || word == "masquerade" || word == "redirect") {
      nat(word);
    }
  }

  // "dnat to 10.0.0.1", "dnat to 10.0.0.1:80", "snat to [fd00::1]:80", "redirect to :80".
  void nat(std::string_view word) {
    auto& op = add(word == "snat"         ? Op::snat
                   : word == "dnat"       ? Op::dnat
                   : word == "masquerade" ? Op::masquerade
                                          : Op::redirect);
    if (!accept("to")) return;
    std::string_view value = next(), port;
    const size_t colon = value.rfind(':');
    if (value.starts_with('[')) {
      const size_t close = value.find(']');
      if (close + 2 < value.size()) port = value.substr(close + 2);
      value = value.substr(1, close - 1);
    } else if (!v6_ && colon != std::string_view::npos) {
      port = value.substr(colon + 1);
      value = value.substr(0, colon);
    }
    if (!port.empty()) {
      const auto low = parse_port_number(port.substr(0, port.find('-'))).value_or(0);
      op.ports.emplace_back(low, low);
    }
    if (const auto ip = Ip::parse(value.substr(0, value.find('-')))) {
      op.low = *ip;
      op.has_address = true;
    }
  }

  Tokens tokens_;
  bool v6_;
  size_t at_ = 0;
  Rule rule_;
};

}  // namespace

Rule compile_nft_rule(const std::string& text, const std::string& family) {
  return NftReader(text, family).read();
}

}  // namespace felixsim::walk
