// SPDX-License-Identifier: Apache-2.0
// See nft_tokens.h. Mirrors nftables 1.0.6: proto.c, datatype.c, ct.c, rule.c.
#include "model/kernel/nft_tokens.h"

#include <algorithm>
#include <array>

#include "felixsim/ip.h"
#include "model/kernel/ipt_rule.h"
#include "model/kernel/ipt_values.h"

namespace felixsim {
namespace {

using Named = std::pair<int, std::string_view>;

constexpr Named icmp_types[] = {{0, "echo-reply"},           {3, "destination-unreachable"},
                                {4, "source-quench"},        {5, "redirect"},
                                {8, "echo-request"},         {9, "router-advertisement"},
                                {10, "router-solicitation"}, {11, "time-exceeded"},
                                {12, "parameter-problem"},   {13, "timestamp-request"},
                                {14, "timestamp-reply"},     {15, "info-request"},
                                {16, "info-reply"},          {17, "address-mask-request"},
                                {18, "address-mask-reply"}};
constexpr Named icmp6_types[] = {
    {1, "destination-unreachable"}, {2, "packet-too-big"},        {3, "time-exceeded"},
    {4, "parameter-problem"},       {128, "echo-request"},        {129, "echo-reply"},
    {130, "mld-listener-query"},    {131, "mld-listener-report"}, {132, "mld-listener-done"},
    {133, "nd-router-solicit"},     {134, "nd-router-advert"},    {135, "nd-neighbor-solicit"},
    {136, "nd-neighbor-advert"},    {137, "nd-redirect"},         {138, "router-renumbering"},
    {141, "ind-neighbor-solicit"},  {142, "ind-neighbor-advert"}, {143, "mld2-listener-report"}};
constexpr Named priorities[] = {{-300, "raw"}, {-150, "mangle"}, {-100, "dstnat"},
                                {0, "filter"}, {50, "security"}, {100, "srcnat"}};
constexpr int priority_reach = 10;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }
bool stands_alone(char c) { return c == '{' || c == '}' || c == ',' || c == ';'; }

constexpr Named icmp_codes[] = {{0, "net-unreachable"},  {1, "host-unreachable"},
                                {2, "prot-unreachable"}, {3, "port-unreachable"},
                                {4, "frag-needed"},      {9, "net-prohibited"},
                                {10, "host-prohibited"}, {13, "admin-prohibited"}};
constexpr Named icmp6_codes[] = {{0, "no-route"},         {1, "admin-prohibited"},
                                 {3, "addr-unreachable"}, {4, "port-unreachable"},
                                 {5, "policy-fail"},      {6, "reject-route"}};
constexpr Named icmpx_codes[] = {
    {0, "no-route"}, {1, "port-unreachable"}, {2, "host-unreachable"}, {3, "admin-prohibited"}};

std::span<const Named> icmp_names(NftIcmpField field) {
  switch (field) {
    case NftIcmpField::type4:
      return icmp_types;
    case NftIcmpField::code4:
      return icmp_codes;
    case NftIcmpField::type6:
      return icmp6_types;
    case NftIcmpField::code6:
      return icmp6_codes;
    case NftIcmpField::code_of_both:
      return icmpx_codes;
  }
  return {};
}

}  // namespace

std::vector<std::string_view> nft_tokens(std::string_view line) {
  std::vector<std::string_view> tokens;
  for (size_t i = 0; i < line.size();) {
    if (is_blank(line[i])) {
      ++i;
      continue;
    }
    size_t end = i + 1;
    if (line[i] == '"') {
      while (end < line.size() && line[end] != '"') ++end;
      end = std::min(end + 1, line.size());
    } else if (!stands_alone(line[i])) {
      while (end < line.size() && !is_blank(line[end]) && !stands_alone(line[end])) ++end;
      // "related,established" is one word; "80, 81" is not.
      while (end + 1 < line.size() && line[end] == ',' && !is_blank(line[end + 1]) &&
             line[i] >= 'a' && line[i] <= 'z') {
        ++end;
        while (end < line.size() && !is_blank(line[end]) && !stands_alone(line[end])) ++end;
      }
    }
    tokens.push_back(line.substr(i, end - i));
    i = end;
  }
  return tokens;
}

std::string_view nft_unquoted(std::string_view token) {
  if (token.size() >= 2 && token.front() == '"' && token.back() == '"')
    return token.substr(1, token.size() - 2);
  return token;
}

std::string nft_protocol(int number) {
  std::string out;
  append_ipt_protocol(out, number);
  return out;
}

std::optional<int> nft_protocol_number(std::string_view text) { return ipt_protocol_number(text); }

std::string nft_icmp_name(NftIcmpField field, int number) {
  for (const auto& [known, name] : icmp_names(field))
    if (known == number) return std::string(name);
  return std::to_string(number);
}

std::optional<int> nft_icmp_number(NftIcmpField field, std::string_view text) {
  for (const auto& [number, name] : icmp_names(field))
    if (name == text) return number;
  if (field == NftIcmpField::type6 && text == "mld-listener-reduction") return 132;
  if (const auto number = parse_number(text, 255)) return static_cast<int>(*number);
  return std::nullopt;
}

std::string_view nft_icmp_field(NftIcmpField field) {
  switch (field) {
    case NftIcmpField::type4:
      return "ICMP type";
    case NftIcmpField::code4:
      return "icmp code";
    case NftIcmpField::type6:
      return "ICMPv6 type";
    case NftIcmpField::code6:
      return "icmpv6 code";
    case NftIcmpField::code_of_both:
      return "icmpx code";
  }
  return {};
}

std::string nft_dscp(uint64_t value) {
  if (value % 8 == 0) return fmt::format("cs{}", value / 8);
  if (value == 46) return "ef";
  const uint64_t x = value / 8, y = value % 8 / 2;
  if (value % 2 == 0 && x >= 1 && x <= 4 && y >= 1 && y <= 3) return fmt::format("af{}{}", x, y);
  return fmt::format("0x{:02x}", value);
}

std::string nft_priority(std::string_view family, std::string_view hook, int priority) {
  for (const auto& [number, name] : priorities) {
    if (std::abs(priority - number) > priority_reach) continue;
    if (name == "dstnat" && hook != "prerouting") continue;
    if (name == "srcnat" && hook != "postrouting") continue;
    if (family == "arp" && name != "filter") continue;
    if (priority == number) return std::string(name);
    return fmt::format("{} {} {}", name, priority < number ? '-' : '+',
                       std::abs(priority - number));
  }
  return std::to_string(priority);
}

std::optional<int> nft_priority_number(const std::vector<std::string_view>& words) {
  if (words.empty()) return std::nullopt;
  int base = 0;
  const auto signed_number = [](std::string_view text) -> std::optional<int> {
    const bool minus = text.starts_with('-');
    const auto number = parse_number(minus ? text.substr(1) : text, 1u << 30);
    if (!number) return std::nullopt;
    return minus ? -static_cast<int>(*number) : static_cast<int>(*number);
  };
  if (const auto number = signed_number(words[0])) {
    base = *number;
  } else {
    const auto* found = std::find_if(std::begin(priorities), std::end(priorities),
                                     [&](const Named& named) { return named.second == words[0]; });
    if (found == std::end(priorities)) return std::nullopt;
    base = found->first;
  }
  if (words.size() == 1) return base;
  if (words.size() != 3 || (words[1] != "+" && words[1] != "-")) return std::nullopt;
  const auto offset = signed_number(words[2]);
  if (!offset) return std::nullopt;
  return words[1] == "+" ? base + *offset : base - *offset;
}

std::optional<std::string> nft_flag_list(bool state, std::string_view text) {
  static constexpr std::string_view states[] = {"invalid", "new", "established", "related",
                                                "untracked"};
  static constexpr std::string_view statuses[] = {"expected", "seen-reply", "assured", "confirmed",
                                                  "snat",     "dnat",       "dying"};
  const auto names = state ? std::span<const std::string_view>(states) : statuses;
  uint32_t bits = 0;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const auto found = std::find(names.begin(), names.end(), trim(text.substr(0, comma)));
    if (found == names.end()) return std::nullopt;
    bits |= 1u << (found - names.begin());
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  std::string out;
  for (size_t i = 0; i < names.size(); ++i)
    if (bits >> i & 1) {
      if (!out.empty()) out += ',';
      out += names[i];
    }
  return out.empty() ? std::nullopt : std::optional(out);
}

namespace {

std::optional<std::string> address_value(IpFamily family, std::string_view text) {
  if (const size_t dash = text.find('-'); dash != std::string_view::npos) {
    const auto low = Ip::parse(text.substr(0, dash)), high = Ip::parse(text.substr(dash + 1));
    if (!low || !high || low->family != family || high->family != family || *high < *low)
      return std::nullopt;
    return low->str() + "-" + high->str();
  }
  const auto net = Cidr::parse_cidr_or_ip(text);
  if (!net || net->address.family != family) return std::nullopt;
  return net->length == net->address.max_prefix() ? net->address.str() : net->str();
}

std::optional<std::string> port_value(std::string_view text) {
  const size_t dash = text.find('-');
  if (const auto port = parse_port_number(text)) return std::to_string(*port);
  if (dash == std::string_view::npos) return std::nullopt;
  const auto low = parse_port_number(text.substr(0, dash)),
             high = parse_port_number(text.substr(dash + 1));
  if (!low || !high || *low > *high) return std::nullopt;
  return fmt::format("{}-{}", *low, *high);
}

}  // namespace

Result<std::string> nft_value(std::string_view key, std::string_view text) {
  std::optional<std::string> value;
  if (key == "ipv4_addr") value = address_value(IpFamily::v4, text);
  if (key == "ipv6_addr") value = address_value(IpFamily::v6, text);
  if (key == "inet_service") value = port_value(text);
  if (key == "inet_proto")
    if (const auto number = nft_protocol_number(text)) value = nft_protocol(*number);
  if (key == "mark")
    if (const auto number = parse_number(text, ~uint32_t{0}))
      value = fmt::format("0x{:08x}", *number);
  if (key == "ifname" && !nft_unquoted(text).empty() && nft_unquoted(text).size() < 16)
    value = fmt::format("\"{}\"", nft_unquoted(text));
  if (!value) return invalid(fmt::format("datatype mismatch, expected {}: {}", key, text));
  return *value;
}

}  // namespace felixsim
