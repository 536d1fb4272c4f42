// SPDX-License-Identifier: Apache-2.0
// What a rule does to a packet; see nft_rule_reader.h.
#include "model/kernel/nft_rule_reader.h"
#include "model/kernel/words.h"

namespace felixsim {

// Port matches do not merge across statements that are no matches.
void NftRuleReader::end_matches() {
  statements_.push_back({{}, Statement::Kind::end_of_matches, 0, false, false, false});
}

Status NftRuleReader::read_counter() {
  if (accept("packets")) {
    next();
    accept("bytes");
    next();
  }
  add("counter");
  return {};
}

Status NftRuleReader::read_mark_set(std::string_view field) {
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

Status NftRuleReader::read_log() {
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

Status NftRuleReader::read_verdict(std::string_view word) {
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

// "reject with icmp [type] host-unreachable", "with tcp reset". What a table rejects with anyway is
// not printed.
Status NftRuleReader::read_reject() {
  std::string with;
  if (accept("with")) {
    const auto kind = next();
    if (kind == "tcp") {
      if (next() != "reset") return wrong("string, expecting reset");
      with = "tcp reset";
    } else if (kind == "icmp" || kind == "icmpv6" || kind == "icmpx") {
      accept("type");
      const auto field = kind == "icmpv6" ? NftIcmpField::code6
                         : kind == "icmp" ? NftIcmpField::code4
                                          : NftIcmpField::code_of_both;
      const auto code = next();
      auto number = nft_icmp_number(field, code);
      if (const auto any = parse_number(code, ~uint32_t{0})) number = static_cast<int>(*any & 255);
      if (kind == "icmpx" && family_ != "inet" && family_ != "bridge")
        return invalid("abstracted ICMP unreachable not supported");
      if (!number) return invalid(fmt::format("Could not parse {}", nft_icmp_field(field)));
      if ((kind == "icmp" && family_ == "ip6") || (kind == "icmpv6" && family_ == "ip"))
        return invalid("conflicting protocols specified: ip vs ip6");
      with = fmt::format("{} {}", kind, nft_icmp_name(field, *number));
    } else {
      return wrong("string, expecting icmp or icmpv6 or tcp or icmpx");
    }
  }
  const bool usual = with.empty() || (family_ == "ip" && with == "icmp port-unreachable") ||
                     (family_ == "ip6" && with == "icmpv6 port-unreachable") ||
                     with == "icmpx port-unreachable";
  tcp_reset_ = with == "tcp reset";
  add(usual ? "reject" : "reject with " + with);
  return {};
}

// Whether a match before says that there are ports.
bool NftRuleReader::says_transport() const {
  return std::any_of(statements_.begin(), statements_.end(), [](const Statement& statement) {
    return statement.protocol == 6 || statement.protocol == 17 || statement.protocol == 33 ||
           statement.protocol == 132 || statement.protocol == 136;
  });
}

// "1.2.3.4", "1.2.3.4-1.2.3.9", "1.2.3.0/24", with ":80" or "[fd00::1]:80", ":80" alone.
Result<std::string> NftRuleReader::read_nat_address(IpFamily family) {
  std::string text(next());
  while (!done() && (peek() == ":" || text.ends_with(':'))) text += next();
  std::string_view address = text, port;
  const bool bracket = address.starts_with('[');
  const bool several = address.find(':') != address.rfind(':');  // of IPv6
  const size_t colon =
      bracket || (family == IpFamily::v4 && !several) ? address.rfind(':') : address.npos;
  if (address.starts_with(':') && address.find(':', 1) == address.npos) {
    port = address.substr(1);
    address = {};
  } else if (colon != address.npos && (!bracket || address.find(']') < colon)) {
    port = address.substr(colon + 1);
    address = address.substr(0, colon);
  }
  if (bracket && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  if (!port.empty() && !says_transport()) {
    const auto word = tokens_[at_ - 1];
    where_ = word.substr(word.size() - std::min(word.size(), port.size()));
    return invalid("transport protocol mapping is only valid after transport protocol match");
  }
  if (address.empty() && port.empty()) {
    where_ = text_.substr(text_.size());
    return wrong("end of file");
  }
  if (!address.empty()) {
    const size_t dash = address.find('-');
    const auto first = Cidr::parse_cidr_or_ip(address.substr(0, dash));
    const auto last =
        dash == address.npos ? first : Cidr::parse_cidr_or_ip(address.substr(dash + 1));
    if (!first || !last)
      return invalid("Could not resolve hostname: Temporary failure in name resolution");
    if (first->address.family != family || last->address.family != family)
      return invalid("Could not resolve hostname: Address family for hostname not supported");
    if (dash != address.npos && first->address == last->address)
      text = text.replace(bracket ? 1 : 0, address.size(), first->str());
  }
  return text;
}

// In the printer's order.
Result<std::string> NftRuleReader::read_nat_flags() {
  static constexpr std::string_view known[] = {"random", "fully-random", "persistent"};
  bool set[3] = {};
  for (bool more = true; more && !done();) {
    std::string_view list = peek();
    const size_t first = std::min(list.find(','), list.size());
    if (std::find(std::begin(known), std::end(known), list.substr(0, first)) == std::end(known))
      break;
    next();
    while (!list.empty()) {
      const size_t comma = std::min(list.find(','), list.size());
      const auto flag = std::find(std::begin(known), std::end(known), list.substr(0, comma));
      if (flag == std::end(known)) return wrong("string");
      set[flag - std::begin(known)] = true;
      list.remove_prefix(std::min(comma + 1, list.size()));
    }
    more = accept(",") || tokens_[at_ - 1].ends_with(',');
  }
  std::string text;
  for (size_t i = 0; i < 3; ++i)
    if (set[i]) text += fmt::format("{}{}", text.empty() ? " " : ",", known[i]);
  return text;
}

Status NftRuleReader::read_nat(std::string_view word) {
  if (family_ == "arp" || family_ == "bridge" || family_ == "netdev")
    return invalid("NAT is only supported for IPv4/IPv6");
  std::string text(word);
  const auto refuse = [&](std::string message) {
    where_ = word;
    return invalid(std::move(message));
  };
  const bool addressed = word == "snat" || word == "dnat";
  std::string_view family = family_ == "inet" ? std::string_view{} : family_;
  if (addressed && (peek() == "ip" || peek() == "ip6")) {
    const auto named = next();
    const auto known = family.empty() ? matched_family() : family;
    if (!known.empty() && known != named)
      return refuse(
          fmt::format("conflicting protocols specified: {} vs. {}. You must specify ip "
                      "or ip6 family in nat statement",
                      known, named));
    family = named;
  }
  if (addressed && family.empty()) family = matched_family();
  const bool has_to = accept("to");
  if (addressed && family.empty())
    return refuse("ip or ip6 must be specified with address for inet tables.");
  if (addressed && family_ == "inet") text += fmt::format(" {}", family);
  if (addressed || has_to) {
    auto address = read_nat_address(family == "ip6" ? IpFamily::v6 : IpFamily::v4);
    if (!address) return forward(address);
    text += " to " + *address;
  }
  auto flags = read_nat_flags();
  if (!flags) return forward(flags);
  add(text + *flags);
  return {};
}

// Which family the matches before say that the packet is of; empty: none.
std::string_view NftRuleReader::matched_family() const {
  for (const auto& statement : statements_) {
    if (statement.text.starts_with("ip ")) return "ip";
    if (statement.text.starts_with("ip6 ")) return "ip6";
  }
  return {};
}

}  // namespace felixsim
