// SPDX-License-Identifier: Apache-2.0
// The targets of iptables 1.8.9 that are modelled, each with its options and the words in which
// libxt_NAME.c saves them.
#include "model/kernel/ipt_rule.h"
#include "model/kernel/ipt_values.h"

namespace felixsim {
namespace {

constexpr size_t max_log_prefix = 29;           // ipt_LOG prefix[30]
constexpr size_t max_legacy_nflog_prefix = 63;  // xt_nflog_info prefix[64]
constexpr uint8_t all_tables = 0x1f;

Status print_verdict(const IptLoaded&, IptRuleContext&, std::string&) { return {}; }

// Options 1 set-xmark, 2 set-mark, 3 and-mark, 4 or-mark, 5 xor-mark.
std::optional<MarkValue> mark_change(const IptOption& option) {
  auto mark = parse_mark(option.value);
  if (!mark) return std::nullopt;
  if (option.id > 2 && mark->mask != ~uint32_t{0}) return std::nullopt;
  switch (option.id) {
    case 1:
      return mark;
    case 2:
      return MarkValue{mark->value, mark->mask | mark->value};
    case 3:
      return MarkValue{0, ~mark->value};
    case 4:
      return MarkValue{mark->value, mark->value};
    default:
      return MarkValue{mark->value, 0};
  }
}

void append_xmark(std::string& out, const MarkValue& mark) {
  out += " --set-xmark ";
  append_hex(out, mark.value);
  out += '/';
  append_hex(out, mark.mask);
}

Status print_mark(const IptLoaded& loaded, IptRuleContext&, std::string& out) {
  if (loaded.options.size() != 1)
    return invalid("MARK: One of the --set-xmark, --{and,or,xor,set}-mark options is required");
  const auto mark = mark_change(loaded.options[0]);
  if (!mark) return bad_value("MARK", "--set-mark");
  append_xmark(out, *mark);
  return {};
}
constexpr IptOptionSpec mark_options[] = {{"--set-mark", 2, 1, false},
                                          {"--set-xmark", 1, 1, false},
                                          {"--and-mark", 3, 1, false},
                                          {"--or-mark", 4, 1, false},
                                          {"--xor-mark", 5, 1, false}};

Status print_connmark(const IptLoaded& loaded, IptRuleContext&, std::string& out) {
  const auto *save = loaded.find(6), *restore = loaded.find(7);
  if (!save && !restore) {
    if (loaded.options.size() != 1) return invalid("CONNMARK target: No operation specified");
    const auto mark = mark_change(loaded.options[0]);
    if (!mark) return bad_value("CONNMARK", "--set-mark");
    append_xmark(out, *mark);
    return {};
  }
  if (save && restore) return invalid("CONNMARK: only one operation may be given");
  const auto mask_of = [&](uint8_t id) -> std::optional<uint64_t> {
    const auto* both = loaded.find(8);
    const auto* one = both ? both : loaded.find(id);
    return one ? parse_number(one->value, ~uint32_t{0}) : std::optional<uint64_t>(~uint32_t{0});
  };
  const auto nf = mask_of(9), ct = mask_of(10);
  if (!nf || !ct) return bad_value("CONNMARK", "--mask");
  out += save ? " --save-mark --nfmask " : " --restore-mark --nfmask ";
  append_hex(out, *nf);
  out += " --ctmask ";
  append_hex(out, *ct);
  return {};
}
constexpr IptOptionSpec connmark_options[] = {
    {"--set-mark", 2, 1, false},     {"--set-xmark", 1, 1, false}, {"--and-mark", 3, 1, false},
    {"--or-mark", 4, 1, false},      {"--xor-mark", 5, 1, false},  {"--save-mark", 6, 0, false},
    {"--restore-mark", 7, 0, false}, {"--mask", 8, 1, false},      {"--nfmask", 9, 1, false},
    {"--ctmask", 10, 1, false}};

struct RejectType {
  std::string_view name, alias;
};
constexpr RejectType reject4[] = {{"icmp-net-unreachable", "net-unreach"},
                                  {"icmp-host-unreachable", "host-unreach"},
                                  {"icmp-proto-unreachable", "proto-unreach"},
                                  {"icmp-port-unreachable", "port-unreach"},
                                  {"icmp-net-prohibited", "net-prohib"},
                                  {"icmp-host-prohibited", "host-prohib"},
                                  {"tcp-reset", "tcp-rst"},
                                  {"icmp-admin-prohibited", "admin-prohib"}};
constexpr RejectType reject6[] = {{"icmp6-no-route", "no-route"},
                                  {"icmp6-adm-prohibited", "adm-prohibited"},
                                  {"icmp6-addr-unreachable", "addr-unreach"},
                                  {"icmp6-port-unreachable", "port-unreach"},
                                  {"tcp-reset", "tcp-reset"},
                                  {"icmp6-policy-fail", "policy-fail"},
                                  {"icmp6-reject-route", "reject-route"}};

Status print_reject(const IptLoaded& loaded, IptRuleContext& context, std::string& out) {
  const auto types = context.v4() ? std::span<const RejectType>(reject4) : reject6;
  std::string_view with = context.v4() ? "icmp-port-unreachable" : "icmp6-port-unreachable";
  if (const auto* option = loaded.find(1)) {
    const auto found = std::find_if(types.begin(), types.end(), [&](const RejectType& type) {
      return type.name == option->value || type.alias == option->value;
    });
    if (found == types.end())
      return invalid(fmt::format("unknown reject type \"{}\"", option->value));
    with = found->name;
  }
  if (with == "tcp-reset" && !context.is_protocol(6)) context.out->tables = 0;
  out += " --reject-with ";
  out += with;
  return {};
}
constexpr IptOptionSpec reject_options[] = {{"--reject-with", 1, 1, false}};

std::optional<uint64_t> log_level(std::string_view text) {
  static constexpr std::pair<std::string_view, uint64_t> names[] = {
      {"emerg", 0},   {"panic", 0},  {"alert", 1}, {"crit", 2}, {"error", 3},
      {"warning", 4}, {"notice", 5}, {"info", 6},  {"debug", 7}};
  if (const auto number = parse_number(text, 7)) return number;
  for (const auto& [name, level] : names)
    if (name == text) return level;
  return std::nullopt;
}

Status print_log(const IptLoaded& loaded, IptRuleContext&, std::string& out) {
  if (const auto* prefix = loaded.find(1)) {
    if (prefix->value.empty())
      return invalid("Argument must have a minimum length of 1 characters");
    if (prefix->value.find('\n') != std::string_view::npos)
      return invalid("Newlines not allowed in --log-prefix");
    out += " --log-prefix ";
    append_saved_string(out, prefix->value.substr(0, max_log_prefix));
  }
  if (const auto* level = loaded.find(2)) {
    const auto number = log_level(level->value);
    if (!number) return invalid(fmt::format("log level \"{}\" unknown", level->value));
    if (*number != 4) out += fmt::format(" --log-level {}", *number);
  }
  for (const auto& spec : loaded.extension->options)
    if (spec.arguments == 0 && loaded.find(spec.id)) {
      out += ' ';
      out += spec.name;
    }
  return {};
}
constexpr IptOptionSpec log_options[] = {
    {"--log-prefix", 1, 1, false},       {"--log-level", 2, 1, false},
    {"--log-tcp-sequence", 3, 0, false}, {"--log-tcp-options", 4, 0, false},
    {"--log-ip-options", 5, 0, false},   {"--log-uid", 6, 0, false},
    {"--log-macdecode", 7, 0, false}};

Status print_nflog(const IptLoaded& loaded, IptRuleContext& context, std::string& out) {
  const bool legacy = context.dialect.backend == IptBackend::legacy;
  if (const auto* prefix = loaded.find(1)) {
    if (prefix->value.empty())
      return invalid("Argument must have a minimum length of 1 characters");
    out += " --nflog-prefix ";
    append_saved_string(out, prefix->value.substr(0, legacy ? max_legacy_nflog_prefix : 127));
  }
  const auto number = [&](uint8_t id, std::string_view name, uint64_t limit,
                          uint64_t hidden) -> Status {
    const auto* option = loaded.find(id);
    if (!option) return {};
    const auto value = parse_number(option->value, limit);
    if (!value) return bad_value("NFLOG", name);
    if (*value != hidden) out += fmt::format(" {} {}", name, *value);
    return {};
  };
  if (auto ok = number(2, "--nflog-group", 65535, 0); !ok) return ok;
  // The nft backend has its own log expression, which knows no range.
  if (legacy)
    if (auto ok = number(3, "--nflog-range", ~uint32_t{0}, 0); !ok) return ok;
  if (auto ok = number(4, "--nflog-size", ~uint32_t{0}, ~uint64_t{0}); !ok) return ok;
  return number(5, "--nflog-threshold", 65535, 0);
}
constexpr IptOptionSpec nflog_options[] = {{"--nflog-prefix", 1, 1, false},
                                           {"--nflog-group", 2, 1, false},
                                           {"--nflog-range", 3, 1, false},
                                           {"--nflog-size", 4, 1, false},
                                           {"--nflog-threshold", 5, 1, false}};

bool has_ports(const IptRuleContext& context) {
  for (const int protocol : {6, 17, 132, 33})
    if (context.is_protocol(protocol)) return true;
  return context.v4() ? context.is_protocol(1) : context.is_protocol(58);
}
constexpr std::string_view needs_ports = "Need TCP, UDP, SCTP or DCCP with port specification";

// "80" or "80-90", into canonical text.
std::optional<std::string> nat_ports(std::string_view text) {
  const size_t dash = text.find('-');
  const auto low = parse_port_number(text.substr(0, dash));
  const auto high = dash == std::string_view::npos ? low : parse_port_number(text.substr(dash + 1));
  if (!low || !high || *low > *high || *low == 0) return std::nullopt;
  return *low == *high ? std::to_string(*low) : fmt::format("{}-{}", *low, *high);
}

std::optional<std::string> nat_addresses(std::string_view text, IpFamily family) {
  const size_t dash = text.find('-');
  const auto low = Ip::parse(text.substr(0, dash));
  const auto high = dash == std::string_view::npos ? low : Ip::parse(text.substr(dash + 1));
  if (!low || !high || low->family != family || high->family != family) return std::nullopt;
  return *low == *high ? low->str() : fmt::format("{}-{}", low->str(), high->str());
}

// "address", "address:ports", ":ports", "[address]:ports".
Status append_nat_range(std::string& out, std::string_view option, std::string_view value,
                        const IptRuleContext& context) {
  std::string_view addresses = value, ports;
  const size_t colon = value.rfind(':');
  const bool v4 = context.v4();
  if (!v4 && value.starts_with('[')) {
    const size_t close = value.find(']');
    if (close == std::string_view::npos) return invalid("Invalid address format");
    addresses = value.substr(1, close - 1);
    if (close + 1 < value.size()) ports = value.substr(close + 2);
  } else if (v4 && colon != std::string_view::npos) {
    addresses = value.substr(0, colon);
    ports = value.substr(colon + 1);
  }
  out += ' ';
  out += option;
  out += ' ';
  if (!addresses.empty()) {
    const auto text = nat_addresses(addresses, context.dialect.family);
    if (!text) return invalid(fmt::format("Bad IP address \"{}\"", addresses));
    out += !v4 && !ports.empty() ? "[" + *text + "]" : *text;
  }
  if (ports.empty()) return addresses.empty() ? Status(invalid("Bad IP address")) : Status{};
  if (!has_ports(context)) return invalid(std::string(needs_ports));
  const auto text = nat_ports(ports);
  if (!text) return invalid(fmt::format("Port `{}' not valid", ports));
  out += ':';
  out += *text;
  return {};
}

void append_nat_flags(const IptLoaded& loaded, std::string& out) {
  for (const auto& spec : loaded.extension->options)
    if (spec.arguments == 0 && loaded.find(spec.id)) {
      out += ' ';
      out += spec.name;
    }
}

Status print_nat(const IptLoaded& loaded, IptRuleContext& context, std::string& out) {
  const auto& spec = loaded.extension->options[0];
  const auto* to = loaded.find(spec.id);
  if (!to)
    return invalid(
        fmt::format("{}: option \"{}\" must be specified", loaded.extension->name, spec.name));
  if (auto ok = append_nat_range(out, spec.name, to->value, context); !ok) return ok;
  append_nat_flags(loaded, out);
  return {};
}
constexpr IptOptionSpec snat_options[] = {{"--to-source", 1, 1, false},
                                          {"--to", 1, 1, false},
                                          {"--random", 2, 0, false},
                                          {"--random-fully", 3, 0, false},
                                          {"--persistent", 4, 0, false}};
constexpr IptOptionSpec dnat_options[] = {{"--to-destination", 1, 1, false},
                                          {"--to", 1, 1, false},
                                          {"--random", 2, 0, false},
                                          {"--persistent", 3, 0, false}};

Status print_port_nat(const IptLoaded& loaded, IptRuleContext& context, std::string& out) {
  if (const auto* to = loaded.find(1)) {
    if (!has_ports(context)) return invalid(std::string(needs_ports));
    const auto ports = nat_ports(to->value);
    if (!ports) return invalid(fmt::format("Port `{}' not valid", to->value));
    out += " --to-ports ";
    out += *ports;
  }
  append_nat_flags(loaded, out);
  return {};
}
constexpr IptOptionSpec masquerade_options[] = {
    {"--to-ports", 1, 1, false}, {"--random", 2, 0, false}, {"--random-fully", 3, 0, false}};
constexpr IptOptionSpec redirect_options[] = {{"--to-ports", 1, 1, false},
                                              {"--random", 2, 0, false}};

Status print_ct(const IptLoaded& loaded, IptRuleContext&, std::string& out) {
  if (loaded.find(1)) out += " --notrack";
  if (const auto* zone = loaded.find(2)) {
    const auto number = parse_number(zone->value, 65535);
    if (!number) return bad_value("CT", "--zone");
    out += fmt::format(" --zone {}", *number);
  }
  return {};
}
constexpr IptOptionSpec ct_options[] = {{"--notrack", 1, 0, false}, {"--zone", 2, 1, false}};

Status print_tproxy(const IptLoaded& loaded, IptRuleContext& context, std::string& out) {
  const auto *port = loaded.find(1), *ip = loaded.find(2), *mark = loaded.find(3);
  const auto number = port ? parse_port_number(port->value) : std::nullopt;
  if (!number) return invalid("TPROXY: option \"--on-port\" must be specified");
  const auto address = Ip::parse(ip ? ip->value : context.v4() ? "0.0.0.0" : "::");
  if (!address || address->family != context.dialect.family) return bad_value("TPROXY", "--on-ip");
  const auto value = mark ? parse_mark(mark->value) : std::optional(MarkValue{0, 0});
  if (!value) return bad_value("TPROXY", "--tproxy-mark");
  if (!context.is_protocol(6) && !context.is_protocol(17)) context.out->tables = 0;
  out += fmt::format(" --on-port {} --on-ip {} --tproxy-mark {:#x}/{:#x}", *number, address->str(),
                     value->value, value->mask);
  return {};
}
constexpr IptOptionSpec tproxy_options[] = {
    {"--on-port", 1, 1, false}, {"--on-ip", 2, 1, false}, {"--tproxy-mark", 3, 1, false}};

Status print_dscp(const IptLoaded& loaded, IptRuleContext&, std::string& out) {
  if (loaded.options.size() != 1) return invalid("DSCP target: Parameter --set-dscp is required");
  const auto& option = loaded.options[0];
  const auto value = option.id == 1 ? parse_number(option.value, 63) : dscp_class(option.value);
  if (!value) return bad_value("DSCP", "--set-dscp");
  out += fmt::format(" --set-dscp 0x{:02x}", *value);
  return {};
}
constexpr IptOptionSpec dscp_options[] = {{"--set-dscp", 1, 1, false},
                                          {"--set-dscp-class", 2, 1, false}};

Status print_tcpmss(const IptLoaded& loaded, IptRuleContext& context, std::string& out) {
  if (!context.is_protocol(6)) return invalid("TCPMSS target: only usable with `-p tcp'");
  if (loaded.options.size() != 1)
    return invalid("TCPMSS target: At least one parameter is required");
  // xt_TCPMSS wants a match on SYN; the nft backend matches by its own expressions and is not
  // asked.
  if (context.dialect.backend == IptBackend::legacy && out.find(" SYN -j ") == std::string::npos)
    context.out->tables = 0;
  if (loaded.find(2)) {
    out += " --clamp-mss-to-pmtu";
    return {};
  }
  const auto mss = parse_number(loaded.options[0].value, 65535);
  if (!mss) return bad_value("TCPMSS", "--set-mss");
  out += fmt::format(" --set-mss {}", *mss);
  return {};
}
constexpr IptOptionSpec tcpmss_options[] = {
    {"--set-mss", 1, 1, false},
    {"--clamp-mss-to-pmtu", 2, 0, false, ipt_forward | ipt_output | ipt_postrouting}};

// The nft backend traces by a mark of its own and in any table.
Status print_trace(const IptLoaded&, IptRuleContext& context, std::string&) {
  if (context.dialect.backend == IptBackend::legacy) context.out->tables &= 8;
  return {};
}

constexpr uint8_t filter_only = 1, nat_only = 2, mangle_only = 4, raw_only = 8;

constexpr IptExtension targets[] = {
    {"MARK", "MARK", true, mark_options, print_mark},
    {"ACCEPT", "ACCEPT", true, {}, print_verdict},
    {"RETURN", "RETURN", true, {}, print_verdict},
    {"DROP", "DROP", true, {}, print_verdict},
    {"REJECT", "REJECT", true, reject_options, print_reject, filter_only},
    {"LOG", "LOG", true, log_options, print_log},
    {"NFLOG", "NFLOG", true, nflog_options, print_nflog},
    {"MASQUERADE", "MASQUERADE", true, masquerade_options, print_port_nat, nat_only, 0, "",
     ipt_postrouting},
    {"SNAT", "SNAT", true, snat_options, print_nat, nat_only, 0, "", ipt_input | ipt_postrouting},
    {"DNAT", "DNAT", true, dnat_options, print_nat, nat_only, 0, "", ipt_prerouting | ipt_output},
    {"REDIRECT", "REDIRECT", true, redirect_options, print_port_nat, nat_only, 0, "",
     ipt_prerouting | ipt_output},
    {"NOTRACK", "NOTRACK", true, {}, print_verdict, raw_only},
    {"CT", "CT", true, ct_options, print_ct, raw_only},
    {"CONNMARK", "CONNMARK", true, connmark_options, print_connmark},
    {"TPROXY", "TPROXY", true, tproxy_options, print_tproxy, mangle_only, 0, "", ipt_prerouting},
    {"DSCP", "DSCP", true, dscp_options, print_dscp, mangle_only},
    {"TCPMSS", "TCPMSS", true, tcpmss_options, print_tcpmss, all_tables},
    {"TRACE", "TRACE", true, {}, print_trace},
};

}  // namespace

const IptExtension* find_ipt_target(std::string_view name) {
  for (const auto list : {std::span<const IptExtension>(targets), other_ipt_targets()})
    for (const auto& target : list)
      if (target.name == name) return &target;
  return nullptr;
}

}  // namespace felixsim
