// SPDX-License-Identifier: Apache-2.0
// Targets that neither Felix nor kube-proxy writes, but administrators and their tools, in the
// words in which libxt_NAME.c of iptables 1.8.9 saves them.
#include "felixsim/ip.h"
#include "model/kernel/ipt_rule.h"
#include "model/kernel/ipt_values.h"

namespace felixsim {
namespace {

constexpr uint8_t all_tables = 0x1f, mangle_only = 4, nat_only = 2;

Status print_set(const IptLoaded& loaded, IptRuleContext& context, std::string& out) {
  const auto *add = loaded.find(1), *remove = loaded.find(2), *timeout = loaded.find(4);
  if (!add && !remove) return invalid("You must specify either `--add-set' or `--del-set'");
  if (loaded.find(3) && !add) return invalid("Flag `--exist' can be used with `--add-set' only");
  if (timeout && !add) return invalid("Option `--timeout' can be used with `--add-set' only");
  for (const auto* option : {add, remove}) {
    if (!option) continue;
    append_ipt_option(out, false, option == add ? "--add-set" : "--del-set", option->value);
    out += ' ';
    out += option->second;
    context.out->sets.emplace_back(option->value);
    for (std::string_view rest = option->second; !rest.empty();) {
      const size_t comma = rest.find(',');
      const auto one = rest.substr(0, comma);
      if (one != "src" && one != "dst")
        return invalid("You must spefify (the comma separated list of) 'src' or 'dst'.");
      rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    }
    if (option == add && loaded.find(3)) out += " --exist";
  }
  if (!timeout) return {};
  const auto seconds = parse_number(timeout->value, ~uint32_t{0} - 1);
  if (!seconds) return bad_value("SET", "--timeout");
  out += fmt::format(" --timeout {}", *seconds);
  return {};
}
constexpr IptOptionSpec set_options[] = {{"--add-set", 1, 2, false},
                                         {"--del-set", 2, 2, false},
                                         {"--exist", 3, 0, false},
                                         {"--timeout", 4, 1, false}};

Status print_nfqueue(const IptLoaded& loaded, IptRuleContext&, std::string& out) {
  const auto *number = loaded.find(1), *balance = loaded.find(2);
  if (number && balance) return invalid("NFQUEUE: --queue-num and --queue-balance exclude another");
  if (balance) {
    const size_t colon = balance->value.find(':');
    const auto low = parse_number(balance->value.substr(0, colon), 65535);
    const auto high = colon == std::string_view::npos
                          ? std::nullopt
                          : parse_number(balance->value.substr(colon + 1), 65535);
    if (!low || !high || *low >= *high) return bad_value("NFQUEUE", "--queue-balance");
    out += fmt::format(" --queue-balance {}:{}", *low, *high);
  } else {
    const auto queue = parse_number(number ? number->value : "0", 65535);
    if (!queue) return bad_value("NFQUEUE", "--queue-num");
    out += fmt::format(" --queue-num {}", *queue);
  }
  if (loaded.find(3)) out += " --queue-bypass";
  if (loaded.find(4)) out += " --queue-cpu-fanout";
  return {};
}
constexpr IptOptionSpec nfqueue_options[] = {{"--queue-num", 1, 1, false},
                                             {"--queue-balance", 2, 1, false},
                                             {"--queue-bypass", 3, 0, false},
                                             {"--queue-cpu-fanout", 4, 0, false}};

Status print_tos(const IptLoaded& loaded, IptRuleContext&, std::string& out) {
  if (loaded.options.size() != 1) return invalid("TOS: An action is required");
  const auto tos = parse_tos(loaded.options[0].value);
  if (!tos) return bad_value("TOS", "--set-tos");
  out += fmt::format(" --set-tos 0x{:02x}/0x{:02x}", tos->value, tos->mask);
  return {};
}
constexpr IptOptionSpec tos_options[] = {{"--set-tos", 1, 1, false}};

Status print_ttl(const IptLoaded& loaded, IptRuleContext&, std::string& out) {
  if (loaded.options.size() != 1)
    return invalid(fmt::format("{}: You must specify an action", loaded.extension->name));
  const auto& option = loaded.options[0];
  const auto& spec = loaded.extension->options[option.id - 1u];
  const auto number = parse_number(option.value, 255);
  if (!number || (option.id != 1 && *number == 0))
    return bad_value(loaded.extension->name, spec.name);
  append_ipt_option(out, false, spec.name, std::to_string(*number));
  return {};
}
constexpr IptOptionSpec ttl_options[] = {
    {"--ttl-set", 1, 1, false}, {"--ttl-dec", 2, 1, false}, {"--ttl-inc", 3, 1, false}};
constexpr IptOptionSpec hl_options[] = {
    {"--hl-set", 1, 1, false}, {"--hl-dec", 2, 1, false}, {"--hl-inc", 3, 1, false}};

Status print_checksum(const IptLoaded& loaded, IptRuleContext&, std::string& out) {
  if (loaded.options.empty())
    return invalid("CHECKSUM: option \"--checksum-fill\" must be specified");
  out += " --checksum-fill";
  return {};
}
constexpr IptOptionSpec checksum_options[] = {{"--checksum-fill", 1, 0, false}};

Status print_classify(const IptLoaded& loaded, IptRuleContext&, std::string& out) {
  if (loaded.options.empty()) return invalid("CLASSIFY: option \"--set-class\" must be specified");
  const auto value = loaded.options[0].value;
  const size_t colon = value.find(':');
  if (colon == std::string_view::npos) return bad_value("CLASSIFY", "--set-class");
  const auto major = parse_number("0x" + std::string(value.substr(0, colon)), 65535);
  const auto minor = parse_number("0x" + std::string(value.substr(colon + 1)), 65535);
  if (!major || !minor) return bad_value("CLASSIFY", "--set-class");
  out += fmt::format(" --set-class {:04x}:{:04x}", *major, *minor);
  return {};
}
constexpr IptOptionSpec classify_options[] = {{"--set-class", 1, 1, false}};

Status print_netmap(const IptLoaded& loaded, IptRuleContext& context, std::string& out) {
  const auto net =
      loaded.options.empty() ? std::nullopt : Cidr::parse_cidr_or_ip(loaded.options[0].value);
  if (!net || net->address.family != context.dialect.family)
    return invalid("NETMAP: option \"--to\" must be specified, with a network");
  append_ipt_option(out, false, "--to", net->str());
  return {};
}
constexpr IptOptionSpec netmap_options[] = {{"--to", 1, 1, false}};

constexpr IptExtension targets[] = {
    {"SET", "SET", true, set_options, print_set},
    {"NFQUEUE", "NFQUEUE", true, nfqueue_options, print_nfqueue},
    {"TOS", "TOS", true, tos_options, print_tos, mangle_only},
    {"TTL", "TTL", true, ttl_options, print_ttl, mangle_only},
    {"HL", "HL", true, hl_options, print_ttl, mangle_only},
    {"CHECKSUM", "CHECKSUM", true, checksum_options, print_checksum, mangle_only},
    {"CLASSIFY", "CLASSIFY", true, classify_options, print_classify, all_tables, 0, "",
     ipt_forward | ipt_output | ipt_postrouting},
    {"NETMAP", "NETMAP", true, netmap_options, print_netmap, nat_only},
};

}  // namespace

std::span<const IptExtension> other_ipt_targets() { return targets; }

}  // namespace felixsim
