// SPDX-License-Identifier: Apache-2.0
// The matches of a rule; see nft_rule_reader.h.
#include <bit>

#include "model/kernel/ipt_values.h"
#include "model/kernel/nft_rule_reader.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

using NameOf = std::function<std::string(uint32_t)>;

// Sorted; where one is a range, neighbours are one range.
std::string ranges_text(const std::vector<std::string>& values, const NameOf& name_of) {
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
    out += low == high ? name_of(low) : fmt::format("{}-{}", low, high);
  }
  return out + " }";
}

std::optional<NftIcmpField> icmp_key(std::string_view key) {
  if (key == "icmp_type") return NftIcmpField::type4;
  if (key == "icmp_code") return NftIcmpField::code4;
  if (key == "icmpv6_type") return NftIcmpField::type6;
  if (key == "icmpv6_code") return NftIcmpField::code6;
  return std::nullopt;
}

NameOf icmp_name(NftIcmpField field) {
  return [field](uint32_t number) { return nft_icmp_name(field, static_cast<int>(number)); };
}

// A value as nft_value has it; those of ICMP as numbers, "8" or "3-5".
Result<std::string> list_value(std::string_view key, std::string_view text) {
  const auto icmp = icmp_key(key);
  if (!icmp) return nft_value(key, text);
  if (const auto number = parse_number(text, ~uint32_t{0}); number && *number > 255)
    return invalid(fmt::format("Value {} exceeds valid range 0-255", *number));
  if (const auto number = nft_icmp_number(*icmp, text)) return std::to_string(*number);
  const size_t dash = text.find('-');
  const auto low = parse_number(text.substr(0, dash), 255);
  const auto high = dash == std::string_view::npos ? low : parse_number(text.substr(dash + 1), 255);
  if (!low || !high) return invalid(fmt::format("Could not parse {}", nft_icmp_field(*icmp)));
  if (*low > *high) return invalid("Range has zero or negative size");
  return fmt::format("{}-{}", *low, *high);
}

}  // namespace

Status NftRuleReader::read_meta() {
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

// `field` is "meta mark" or "ct mark": a match or "set".
Status NftRuleReader::read_mark(std::string_view field) {
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

Status NftRuleReader::read_interface(std::string_view field) {
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

// A match of another family than the table's.
tl::unexpected<Error> NftRuleReader::conflict(std::string_view ip, std::string_view field) {
  where_ =
      std::string_view(ip.data(), static_cast<size_t>(field.data() + field.size() - ip.data()));
  return invalid(fmt::format("conflicting protocols specified: {} vs. {}", family_, ip));
}

Status NftRuleReader::read_ip(std::string_view ip) {
  const auto field = next();
  if ((family_ == "ip" && ip == "ip6") || (family_ == "ip6" && ip == "ip") || family_ == "arp")
    return conflict(ip, field);
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

Status NftRuleReader::read_dscp(std::string_view ip) {
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
Status NftRuleReader::read_concatenation(std::string_view ip, std::string_view field) {
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
Result<std::string> NftRuleReader::read_value(std::string_view key) {
  if (peek() == "{") return read_list(key);
  const auto token = next();
  if (token.starts_with('@')) {
    take_set(token);
    return std::string(token);
  }
  auto value = list_value(key, token);
  if (const auto icmp = icmp_key(key); value && icmp && value->find('-') == std::string::npos)
    return nft_icmp_name(*icmp, static_cast<int>(parse_number(*value, 255).value_or(0)));
  return value;
}

Result<std::string> NftRuleReader::read_list(std::string_view key) {
  next();
  std::vector<std::string> values;
  while (!done() && peek() != "}") {
    auto value = list_value(key, next());
    if (!value) return value;
    values.push_back(std::move(*value));
    accept(",");
  }
  if (!accept("}") || values.empty()) return wrong("end of set");
  if (values.size() == 1) {
    const auto icmp = icmp_key(key);
    const bool range = values[0].find('-') != std::string::npos;
    if (!icmp || range) return values[0];
    return icmp_name(*icmp)(static_cast<uint32_t>(parse_number(values[0], 255).value_or(0)));
  }
  ++out_.anonymous_sets;
  for (const auto& value : values)
    out_.has_interval_set |= value.find_first_of("-/") != std::string::npos;
  if (key == "inet_service")
    return ranges_text(values, [](uint32_t n) { return std::to_string(n); });
  if (const auto icmp = icmp_key(key)) return ranges_text(values, icmp_name(*icmp));
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return fmt::format("{{ {} }}", fmt::join(values, ", "));
}

Status NftRuleReader::read_ports(std::string_view protocol) {
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

// Types and codes; a range is printed in numbers, one value by its name.
Status NftRuleReader::read_icmp(bool v6) {
  const auto field = next();
  if (field != "type" && field != "code") return wrong(field);
  const std::string_view name = v6 ? "icmpv6" : "icmp";
  const auto op = take_operator();
  if (peek().empty()) return wrong("newline");
  auto value = read_value(fmt::format("{}_{}", name, field));
  if (!value) return forward(value);
  if (peek() == "code") {
    next();
    return invalid("No symbol type information");
  }
  Statement statement;
  statement.protocol = v6 ? 58 : 1;
  statement.text = fmt::format("{} {} {}{}", name, field, op, *value);
  statements_.push_back(std::move(statement));
  return {};
}

Status NftRuleReader::read_ct() {
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
Status NftRuleReader::read_fib() {
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

Status NftRuleReader::read_arp() {
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

Status NftRuleReader::read_limit() {
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

}  // namespace felixsim
