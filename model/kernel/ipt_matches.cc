// SPDX-License-Identifier: Apache-2.0
// The matches of iptables 1.8.9 that are modelled, each with its options and the words in which
// libxt_NAME.c saves them.
#include "model/kernel/icmp_names.h"
#include "model/kernel/ipt_rule.h"
#include "model/kernel/ipt_values.h"

namespace felixsim {
namespace {

constexpr size_t max_comment = 255;    // XT_MAX_COMMENT_LEN - 1
constexpr size_t max_multiports = 15;  // XT_MULTI_PORTS
constexpr size_t max_set_dimensions = 6;
constexpr uint8_t not_when_sent = ipt_prerouting | ipt_input | ipt_forward,
                  not_when_received = ipt_forward | ipt_output | ipt_postrouting,
                  not_output = all_ipt_hooks & ~ipt_output;

Status print_comment(const IptLoaded& loaded, IptRuleContext&, std::string& out) {
  if (loaded.options.empty()) return invalid("comment: option \"--comment\" must be specified");
  out += " --comment ";
  append_saved_string(out, loaded.options[0].value.substr(0, max_comment));
  return {};
}
constexpr IptOptionSpec comment_options[] = {{"--comment", 1, 1, false}};

Status print_mark(const IptLoaded& loaded, IptRuleContext&, std::string& out) {
  if (loaded.options.empty())
    return invalid(fmt::format("{}: option \"--mark\" must be specified", loaded.extension->name));
  const auto mark = parse_mark(loaded.options[0].value);
  if (!mark) return bad_value(loaded.extension->name, "--mark");
  append_ipt_option(out, loaded.options[0].invert, "--mark ");
  append_hex(out, mark->value);
  if (mark->mask != ~uint32_t{0}) {
    out += '/';
    append_hex(out, mark->mask);
  }
  return {};
}
constexpr IptOptionSpec mark_options[] = {{"--mark", 1}};

// A comma list of names, printed in the order of `names`.
Status append_names(std::string& out, std::string_view list,
                    std::span<const std::string_view> names, std::string_view what) {
  uint32_t bits = 0;
  for (std::string_view rest = list; !rest.empty();) {
    const size_t comma = rest.find(',');
    const auto name = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    const auto found = std::find_if(names.begin(), names.end(), [&](std::string_view known) {
      return std::equal(known.begin(), known.end(), name.begin(), name.end(),
                        [](char a, char b) { return a == b || (b >= 'a' && a == b - 32); });
    });
    if (found == names.end()) return invalid(fmt::format("{} \"{}\"", what, name));
    bits |= 1u << (found - names.begin());
  }
  if (bits == 0) return invalid(fmt::format("{} \"{}\"", what, list));
  char separator = ' ';
  for (size_t i = 0; i < names.size(); ++i)
    if (bits >> i & 1) {
      out += separator;
      out += names[i];
      separator = ',';
    }
  return {};
}

constexpr std::string_view ct_states[] = {"INVALID",   "NEW",  "RELATED", "ESTABLISHED",
                                          "UNTRACKED", "SNAT", "DNAT"};
constexpr std::string_view ct_statuses[] = {"EXPECTED", "SEEN_REPLY", "ASSURED", "CONFIRMED"};

Status print_conntrack(const IptLoaded& loaded, IptRuleContext&, std::string& out) {
  if (loaded.options.empty()) return invalid("conntrack: At least one option is required");
  if (const auto* state = loaded.find(1)) {
    append_ipt_option(out, state->invert, "--ctstate");
    if (auto ok = append_names(out, state->value, ct_states, "Bad ctstate"); !ok) return ok;
  }
  if (const auto* status = loaded.find(2)) {
    append_ipt_option(out, status->invert, "--ctstatus");
    if (auto ok = append_names(out, status->value, ct_statuses, "Bad ctstatus"); !ok) return ok;
  }
  if (const auto* direction = loaded.find(3)) {
    if (direction->value != "ORIGINAL" && direction->value != "REPLY")
      return bad_value("conntrack", "--ctdir");
    append_ipt_option(out, false, "--ctdir", direction->value);
  }
  return {};
}
constexpr IptOptionSpec conntrack_options[] = {
    {"--ctstate", 1}, {"--ctstatus", 2}, {"--ctdir", 3, 1, false}};

Status print_state(const IptLoaded& loaded, IptRuleContext&, std::string& out) {
  if (loaded.options.empty()) return invalid("state: option \"--state\" must be specified");
  append_ipt_option(out, loaded.options[0].invert, "--state");
  return append_names(out, loaded.options[0].value, std::span(ct_states).first(5), "Bad state");
}
constexpr IptOptionSpec state_options[] = {{"--state", 1}};

Status print_set(const IptLoaded& loaded, IptRuleContext& context, std::string& out) {
  const auto* match = loaded.find(1);
  if (!match) return invalid("You must specify `--match-set' with proper arguments");
  size_t dimensions = 0;
  for (std::string_view rest = match->second;;) {
    const size_t comma = rest.find(',');
    const auto one = rest.substr(0, comma);
    if (one != "src" && one != "dst")
      return invalid("You must spefify (the comma separated list of) 'src' or 'dst'.");
    if (++dimensions > max_set_dimensions) return invalid("Can't be more src/dst options than 6.");
    if (comma == std::string_view::npos) break;
    rest = rest.substr(comma + 1);
  }
  append_ipt_option(out, match->invert, "--match-set", match->value);
  out += ' ';
  out += match->second;
  if (loaded.find(2)) out += " --return-nomatch";
  context.out->sets.emplace_back(match->value);
  return {};
}
constexpr IptOptionSpec set_options[] = {{"--match-set", 1, 2}, {"--return-nomatch", 2, 0, false}};

constexpr std::string_view address_types[] = {"UNSPEC",   "UNICAST",   "LOCAL",     "BROADCAST",
                                              "ANYCAST",  "MULTICAST", "BLACKHOLE", "UNREACHABLE",
                                              "PROHIBIT", "THROW",     "NAT",       "XRESOLVE"};

Status print_addrtype(const IptLoaded& loaded, IptRuleContext&, std::string& out) {
  const auto *source = loaded.find(1), *destination = loaded.find(2);
  if (!source && !destination)
    return invalid("addrtype: you must specify --src-type or --dst-type");
  if (loaded.find(3) && loaded.find(4))
    return invalid(
        "addrtype: option \"--limit-iface-in\" cannot be used together with "
        "\"--limit-iface-out\".");
  if (source) {
    append_ipt_option(out, source->invert, "--src-type");
    if (auto ok = append_names(out, source->value, address_types, "addrtype: bad type"); !ok)
      return ok;
  }
  if (destination) {
    append_ipt_option(out, destination->invert, "--dst-type");
    if (auto ok = append_names(out, destination->value, address_types, "addrtype: bad type"); !ok)
      return ok;
  }
  if (loaded.find(3)) out += " --limit-iface-in";
  if (loaded.find(4)) out += " --limit-iface-out";
  return {};
}
constexpr IptOptionSpec addrtype_options[] = {
    {"--src-type", 1},
    {"--dst-type", 2},
    {"--limit-iface-in", 3, 0, false, not_when_sent},
    {"--limit-iface-out", 4, 0, false, not_when_received}};

Status append_multiports(std::string& out, std::string_view list) {
  size_t count = 0;
  char separator = ' ';
  for (std::string_view rest = list;;) {
    const size_t comma = rest.find(',');
    const auto one = rest.substr(0, comma);
    const size_t colon = one.find(':');
    const auto low = parse_port_number(one.substr(0, colon));
    const auto high =
        colon == std::string_view::npos ? low : parse_port_number(one.substr(colon + 1));
    if (!low || !high) return invalid(fmt::format("invalid port/service `{}' specified", one));
    if (colon != std::string_view::npos && *low >= *high)
      return invalid("invalid portrange specified");
    count += colon == std::string_view::npos ? 1 : 2;
    if (count > max_multiports) return invalid("too many ports specified");
    out += separator;
    separator = ',';
    append_decimal(out, *low);
    if (colon != std::string_view::npos) {
      out += ':';
      append_decimal(out, *high);
    }
    if (comma == std::string_view::npos) return {};
    rest = rest.substr(comma + 1);
  }
}

Status print_multiport(const IptLoaded& loaded, IptRuleContext& context, std::string& out) {
  const auto has_ports = [&] {
    for (const int protocol : {6, 17, 136, 132, 33})
      if (context.is_protocol(protocol)) return true;
    return false;
  };
  if (context.protocol == 0 || context.protocol_inverted)
    return invalid("multiport needs `-p tcp', `-p udp', `-p udplite', `-p sctp' or `-p dccp'");
  if (!has_ports()) return invalid("multiport only works with TCP, UDP, UDPLITE, SCTP and DCCP");
  if (loaded.options.empty()) return invalid("multiport expection an option");
  if (loaded.options.size() > 1)
    return invalid("multiport: option cannot be used together with another");
  const auto& option = loaded.options[0];
  append_ipt_option(out, option.invert,
                    option.id == 1   ? "--sports"
                    : option.id == 2 ? "--dports"
                                     : "--ports");
  return append_multiports(out, option.value);
}
constexpr IptOptionSpec multiport_options[] = {
    {"--source-ports", 1}, {"--sports", 1}, {"--destination-ports", 2},
    {"--dports", 2},       {"--ports", 3},  {"--port", 3}};

// "80", "80:90", ":1024", "80:".
Status append_port_range(std::string& out, const IptOption& option, std::string_view name) {
  const size_t colon = option.value.find(':');
  const auto low_text = option.value.substr(0, colon);
  const auto high_text =
      colon == std::string_view::npos ? low_text : option.value.substr(colon + 1);
  const auto low =
      low_text.empty() && colon == 0 ? std::optional<uint16_t>(0) : parse_port_number(low_text);
  const auto high = high_text.empty() && colon != std::string_view::npos
                        ? std::optional<uint16_t>(65535)
                        : parse_port_number(high_text);
  if (!low || !high)
    return invalid(fmt::format("invalid port/service `{}' specified", option.value));
  if (*low > *high) return invalid("invalid portrange (min > max)");
  if (*low == 0 && *high == 65535 && !option.invert) return {};
  append_ipt_option(out, option.invert, name);
  out += ' ';
  append_decimal(out, *low);
  if (*low != *high) {
    out += ':';
    append_decimal(out, *high);
  }
  return {};
}

constexpr std::string_view tcp_flags[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG"};

Status append_tcp_flags(std::string& out, std::string_view list) {
  if (list == "NONE") {
    out += " NONE";
    return {};
  }
  if (list == "ALL") list = "FIN,SYN,RST,PSH,ACK,URG";
  return append_names(out, list, tcp_flags, "Unknown TCP flag");
}

Status print_ports(const IptLoaded& loaded, IptRuleContext& context, std::string& out) {
  const auto& extension = *loaded.extension;
  if (!context.is_protocol(extension.protocol)) {
    if (extension.protocol == 6 && context.dialect.backend == IptBackend::nft)
      return invalid("TCP match requires '-p tcp'");
    context.out->tables = 0;  // the kernel's check
  }
  if (const auto* source = loaded.find(1))
    if (auto ok = append_port_range(out, *source, "--sport"); !ok) return ok;
  if (const auto* destination = loaded.find(2))
    if (auto ok = append_port_range(out, *destination, "--dport"); !ok) return ok;
  const auto *syn = loaded.find(3), *flags = loaded.find(4);
  if (syn) append_ipt_option(out, syn->invert, "--tcp-flags", "FIN,SYN,RST,ACK SYN");
  if (flags && !syn) {
    append_ipt_option(out, flags->invert, "--tcp-flags");
    if (auto ok = append_tcp_flags(out, flags->value); !ok) return ok;
    if (auto ok = append_tcp_flags(out, flags->second); !ok) return ok;
  }
  return {};
}
constexpr IptOptionSpec tcp_options[] = {{"--source-port", 1},      {"--sport", 1},
                                         {"--destination-port", 2}, {"--dport", 2},
                                         {"--syn", 3, 0},           {"--tcp-flags", 4, 2}};
constexpr IptOptionSpec port_options[] = {
    {"--source-port", 1}, {"--sport", 1}, {"--destination-port", 2}, {"--dport", 2}};

Status print_icmp(const IptLoaded& loaded, IptRuleContext& context, std::string& out) {
  const bool v4 = loaded.extension->protocol == 1;
  const std::string_view option = v4 ? "--icmp-type" : "--icmpv6-type";
  const std::string_view kind = v4 ? "ICMP" : "ICMPv6";
  if (!context.is_protocol(loaded.extension->protocol)) context.out->tables = 0;
  if (loaded.options.empty()) {
    if (v4) return append_ipt_option(out, false, option, "any"), Status{};
    return invalid(fmt::format("icmpv6: option \"{}\" must be specified", option));
  }
  const std::string_view value = icmp_code_of(loaded.options[0].value, !v4);
  const size_t slash = value.find('/');
  const auto type = parse_number(value.substr(0, slash), 255);
  const auto code =
      slash == std::string_view::npos ? std::nullopt : parse_number(value.substr(slash + 1), 255);
  if (!type || (slash != std::string_view::npos && !code))
    return invalid(fmt::format("Unknown {} type `{}'", kind, value));
  append_ipt_option(out, loaded.options[0].invert, option);
  if (v4 && *type == 255) {
    out += " any";
    return {};
  }
  out += ' ';
  append_decimal(out, *type);
  if (code) {
    out += '/';
    append_decimal(out, *code);
  }
  return {};
}
constexpr IptOptionSpec icmp_options[] = {{"--icmp-type", 1}};
constexpr IptOptionSpec icmp6_options[] = {{"--icmpv6-type", 1}};

Status print_limit(const IptLoaded& loaded, IptRuleContext& context, std::string& out) {
  const auto *rate = loaded.find(1), *burst = loaded.find(2);
  auto period = parse_rate(rate ? rate->value : "3/hour");
  if (!period) return forward(period);
  append_ipt_option(out, false, "--limit", rate_text(*period));
  const auto count = burst ? parse_number(burst->value, 10000) : std::optional<uint64_t>(5);
  if (!count) return bad_value("limit", "--limit-burst");
  if (*count != 5) append_ipt_option(out, false, "--limit-burst", std::to_string(*count));
  // xt_limit refuses a product that overflows; the nft backend has its own expression.
  if (context.dialect.backend == IptBackend::legacy && *period * *count > ~uint32_t{0})
    context.out->tables = 0;
  return {};
}
constexpr IptOptionSpec limit_options[] = {{"--limit", 1, 1, false},
                                           {"--limit-burst", 2, 1, false}};

// Matches that are only flags, printed in the order of their options.
Status print_flags(const IptLoaded& loaded, IptRuleContext&, std::string& out) {
  for (const auto& spec : loaded.extension->options)
    if (const auto* option = loaded.find(spec.id)) {
      append_ipt_option(out, option->invert, spec.name);
      if (spec.arguments > 0) {
        out += ' ';
        out += option->value;
      }
    }
  return {};
}
constexpr IptOptionSpec rpfilter_options[] = {{"--loose", 1, 0, false},
                                              {"--validmark", 2, 0, false},
                                              {"--accept-local", 3, 0, false},
                                              {"--invert", 4, 0, false}};
constexpr IptOptionSpec physdev_options[] = {{"--physdev-is-in", 1, 0},
                                             {"--physdev-in", 2},
                                             {"--physdev-is-out", 3, 0, true, not_output},
                                             {"--physdev-out", 4, 1, true, not_output},
                                             {"--physdev-is-bridged", 5, 0}};
constexpr IptOptionSpec socket_options[] = {{"--transparent", 1, 0, false},
                                            {"--nowildcard", 2, 0, false},
                                            {"--restore-skmark", 3, 0, false}};
constexpr IptOptionSpec ipvs_options[] = {{"--ipvs", 1, 0}};

Status print_statistic(const IptLoaded& loaded, IptRuleContext&, std::string& out) {
  const auto *mode = loaded.find(1), *every = loaded.find(3), *packet = loaded.find(4);
  if (!mode) return invalid("statistic: option \"--mode\" must be specified");
  append_ipt_option(out, false, "--mode", mode->value);
  if (mode->value == "random") {
    const auto* share = loaded.find(2);
    const auto fixed = share ? parse_probability(share->value) : std::nullopt;
    if (!fixed) return bad_value("statistic", "--probability");
    append_ipt_option(out, share->invert, "--probability",
                      fmt::format("{:.11f}", static_cast<double>(*fixed) / 0x80000000));
    return {};
  }
  if (!packet && every) return invalid("statistic: option \"--every\" also requires \"--packet\".");
  const uint64_t n = every ? parse_number(every->value, ~uint32_t{0}).value_or(0) : 0;
  const uint64_t p = packet ? parse_number(packet->value, ~uint32_t{0}).value_or(n) : 0;
  if (mode->value != "nth" || p >= n) return bad_value("statistic", "--every");
  append_ipt_option(out, every->invert, "--every", std::to_string(n));
  append_ipt_option(out, false, "--packet", std::to_string(p));
  return {};
}
constexpr IptOptionSpec statistic_options[] = {
    {"--mode", 1, 1, false}, {"--probability", 2}, {"--every", 3}, {"--packet", 4, 1, false}};

Status print_connlimit(const IptLoaded& loaded, IptRuleContext& context, std::string& out) {
  const auto *upto = loaded.find(1), *above = loaded.find(2), *mask = loaded.find(3);
  const auto* limit = upto ? upto : above;
  const uint64_t longest = context.v4() ? 32 : 128;
  const auto number = limit ? parse_number(limit->value, ~uint32_t{0}) : std::nullopt;
  const auto length = mask ? parse_number(mask->value, longest) : std::optional<uint64_t>(longest);
  if (!number || (upto && above))
    return invalid("connlimit: one of --connlimit-upto and --connlimit-above is needed");
  if (!length) return bad_value("connlimit", "--connlimit-mask");
  append_ipt_option(out, false, upto ? "--connlimit-upto" : "--connlimit-above",
                    std::to_string(*number));
  append_ipt_option(out, false, "--connlimit-mask", std::to_string(*length));
  append_ipt_option(out, false, loaded.find(5) ? "--connlimit-daddr" : "--connlimit-saddr");
  return {};
}
constexpr IptOptionSpec connlimit_options[] = {{"--connlimit-upto", 1, 1, false},
                                               {"--connlimit-above", 2, 1, false},
                                               {"--connlimit-mask", 3, 1, false},
                                               {"--connlimit-saddr", 4, 0, false},
                                               {"--connlimit-daddr", 5, 0, false}};

Status print_dscp(const IptLoaded& loaded, IptRuleContext&, std::string& out) {
  if (loaded.options.size() != 1) return invalid("dscp: one of --dscp and --dscp-class is needed");
  const auto& option = loaded.options[0];
  const auto value = option.id == 1 ? parse_number(option.value, 63) : dscp_class(option.value);
  if (!value) return bad_value("dscp", "--dscp");
  append_ipt_option(out, option.invert, "--dscp", fmt::format("0x{:02x}", *value));
  return {};
}
constexpr IptOptionSpec dscp_options[] = {{"--dscp", 1}, {"--dscp-class", 2}};

constexpr uint8_t raw_and_mangle = 4 | 8;
constexpr uint8_t all_tables = 0x1f;

// The usual ones first: the look-up is a scan.
constexpr IptExtension matches[] = {
    {"comment", "comment", false, comment_options, print_comment},
    {"set", "set", false, set_options, print_set},
    {"mark", "mark", false, mark_options, print_mark},
    {"multiport", "multiport", false, multiport_options, print_multiport},
    {"conntrack", "conntrack", false, conntrack_options, print_conntrack},
    {"addrtype", "addrtype", false, addrtype_options, print_addrtype},
    {"tcp", "tcp", false, tcp_options, print_ports, all_tables, 6},
    {"udp", "udp", false, port_options, print_ports, all_tables, 17},
    {"sctp", "sctp", false, port_options, print_ports, all_tables, 132},
    {"dccp", "dccp", false, port_options, print_ports, all_tables, 33},
    {"udplite", "udplite", false, port_options, print_ports, all_tables, 136},
    {"icmp", "icmp", false, icmp_options, print_icmp, all_tables, 1},
    {"icmp6", "icmp6", false, icmp6_options, print_icmp, all_tables, 58},
    {"icmpv6", "icmp6", false, icmp6_options, print_icmp, all_tables, 58},
    {"ipv6-icmp", "icmp6", false, icmp6_options, print_icmp, all_tables, 58},
    {"limit", "limit", false, limit_options, print_limit},
    {"rpfilter", "rpfilter", false, rpfilter_options, print_flags, raw_and_mangle, 0, "",
     ipt_prerouting},
    {"connmark", "connmark", false, mark_options, print_mark},
    {"state", "state", false, state_options, print_state},
    {"physdev", "physdev", false, physdev_options, print_flags},
    {"statistic", "statistic", false, statistic_options, print_statistic},
    {"socket", "socket", false, socket_options, print_flags, all_tables, 0, "",
     ipt_prerouting | ipt_input},
    {"connlimit", "connlimit", false, connlimit_options, print_connlimit},
    {"dscp", "dscp", false, dscp_options, print_dscp},
    {"ipvs", "ipvs", false, ipvs_options, print_flags, all_tables, 0, "ip_vs"},
};

}  // namespace

void append_ipt_option(std::string& out, bool invert, std::string_view name) {
  out += invert ? " ! " : " ";
  out += name;
}
void append_ipt_option(std::string& out, bool invert, std::string_view name,
                       std::string_view value) {
  append_ipt_option(out, invert, name);
  out += ' ';
  out += value;
}

const IptExtension* find_ipt_match(std::string_view name, IpFamily family) {
  for (const auto list : {std::span<const IptExtension>(matches), other_ipt_matches()})
    for (const auto& match : list)
      if (match.name == name) {
        const bool other_family = (match.protocol == 1 && family == IpFamily::v6) ||
                                  (match.protocol == 58 && family == IpFamily::v4) ||
                                  (name == "ttl" && family == IpFamily::v6) ||
                                  (name == "hl" && family == IpFamily::v4);
        return other_family ? nullptr : &match;
      }
  return nullptr;
}

const IptExtension* find_ipt_protocol_match(int protocol) {
  if (protocol == 0) return nullptr;
  for (const auto& match : matches)
    if (match.protocol == protocol) return &match;
  return nullptr;
}

}  // namespace felixsim
