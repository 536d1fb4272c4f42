// SPDX-License-Identifier: Apache-2.0
// Matches that neither Felix nor a CNI plugin writes, but kube-proxy (recent) and administrators,
// in the words in which libxt_NAME.c of iptables 1.8.9 saves them.
#include "felixsim/ip.h"
#include "model/kernel/ipt_rule.h"
#include "model/kernel/ipt_values.h"

namespace felixsim {
namespace {

constexpr uint8_t all_tables = 0x1f;
constexpr uint8_t not_when_sent = ipt_prerouting | ipt_input | ipt_forward;
constexpr size_t max_recent_name = 199;  // XT_RECENT_NAME_LEN - 1

// Appends " --name number" if the option is there.
Status append_number(std::string& out, const IptLoaded& loaded, uint8_t id, std::string_view name,
                     uint64_t limit) {
  const auto* option = loaded.find(id);
  if (!option) return {};
  const auto number = parse_number(option->value, limit);
  if (!number) return bad_value(loaded.extension->name, name);
  append_ipt_option(out, option->invert, name, std::to_string(*number));
  return {};
}

Status print_recent(const IptLoaded& loaded, IptRuleContext& context, std::string& out) {
  const IptOption* verb = nullptr;
  for (uint8_t id = 1; id <= 4; ++id)
    if (const auto* option = loaded.find(id)) {
      if (verb) return invalid("recent: only one of --set, --rcheck, --update, --remove");
      verb = option;
    }
  if (!verb)
    return invalid("recent: you must specify one of `--set', `--rcheck' `--update' or `--remove'");
  const bool looks = verb->id == 2 || verb->id == 3;
  if (!looks && (loaded.find(5) || loaded.find(6) || loaded.find(7) || loaded.find(8)))
    return invalid("recent: only valid with --rcheck or --update");
  if (loaded.find(7) && !loaded.find(5)) return invalid("recent: --reap needs --seconds");
  static constexpr std::string_view verbs[] = {"--set", "--rcheck", "--update", "--remove"};
  append_ipt_option(out, verb->invert, verbs[verb->id - 1]);
  if (auto ok = append_number(out, loaded, 5, "--seconds", ~uint32_t{0}); !ok) return ok;
  if (loaded.find(7)) out += " --reap";
  if (auto ok = append_number(out, loaded, 6, "--hitcount", ~uint32_t{0}); !ok) return ok;
  if (loaded.find(8)) out += " --rttl";
  const auto* name = loaded.find(9);
  const std::string_view text = name ? name->value : "DEFAULT";
  if (text.empty() || text.size() > max_recent_name) return bad_value("recent", "--name");
  append_ipt_option(out, false, "--name", text);
  const auto* mask = loaded.find(10);
  const auto ip = Ip::parse(mask           ? mask->value
                            : context.v4() ? "255.255.255.255"
                                           : "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  if (!ip || ip->family != context.dialect.family) return bad_value("recent", "--mask");
  append_ipt_option(out, false, "--mask", ip->str());
  out += loaded.find(12) ? " --rdest" : " --rsource";
  return {};
}
constexpr IptOptionSpec recent_options[] = {
    {"--set", 1, 0},          {"--rcheck", 2, 0},          {"--update", 3, 0},
    {"--remove", 4, 0},       {"--seconds", 5, 1, false},  {"--hitcount", 6, 1, false},
    {"--reap", 7, 0, false},  {"--rttl", 8, 0, false},     {"--name", 9, 1, false},
    {"--mask", 10, 1, false}, {"--rsource", 11, 0, false}, {"--rdest", 12, 0, false}};

// A number, or "low-high".
Status append_owner(std::string& out, const IptLoaded& loaded, uint8_t id, std::string_view name) {
  const auto* option = loaded.find(id);
  if (!option) return {};
  std::string_view text = option->value;
  if (text == "root") text = "0";
  const size_t dash = text.find('-');
  const auto low = parse_number(text.substr(0, dash), ~uint32_t{0} - 1);
  const auto high =
      dash == std::string_view::npos ? low : parse_number(text.substr(dash + 1), ~uint32_t{0} - 1);
  if (!low || !high) return bad_value("owner", name);
  append_ipt_option(out, option->invert, name,
                    *low == *high ? std::to_string(*low) : fmt::format("{}-{}", *low, *high));
  return {};
}

Status print_owner(const IptLoaded& loaded, IptRuleContext&, std::string& out) {
  if (loaded.options.empty())
    return invalid(
        "owner: At least one of --uid-owner, --gid-owner or --socket-exists is required");
  if (const auto* exists = loaded.find(3))
    append_ipt_option(out, exists->invert, "--socket-exists");
  if (auto ok = append_owner(out, loaded, 1, "--uid-owner"); !ok) return ok;
  return append_owner(out, loaded, 2, "--gid-owner");
}
constexpr IptOptionSpec owner_options[] = {
    {"--uid-owner", 1}, {"--gid-owner", 2}, {"--socket-exists", 3, 0}};

Status print_mac(const IptLoaded& loaded, IptRuleContext&, std::string& out) {
  if (loaded.options.empty()) return invalid("mac: option \"--mac-source\" must be specified");
  const auto mac = Mac::parse(loaded.options[0].value);
  if (!mac) return bad_value("mac", "--mac-source");
  append_ipt_option(out, loaded.options[0].invert, "--mac-source", mac->str());
  return {};
}
constexpr IptOptionSpec mac_options[] = {{"--mac-source", 1}};

Status print_iprange(const IptLoaded& loaded, IptRuleContext& context, std::string& out) {
  if (loaded.options.empty())
    return invalid("iprange match: You must specify `--src-range' or `--dst-range'");
  for (uint8_t id = 1; id <= 2; ++id) {
    const auto* option = loaded.find(id);
    if (!option) continue;
    const size_t dash = option->value.find('-');
    const auto low = Ip::parse(option->value.substr(0, dash));
    const auto high =
        dash == std::string_view::npos ? low : Ip::parse(option->value.substr(dash + 1));
    const auto family = context.dialect.family;
    if (!low || !high || low->family != family || high->family != family)
      return bad_value("iprange", "--src-range");
    append_ipt_option(out, option->invert, id == 1 ? "--src-range" : "--dst-range",
                      low->str() + "-" + high->str());
  }
  return {};
}
constexpr IptOptionSpec iprange_options[] = {{"--src-range", 1}, {"--dst-range", 2}};

Status print_pkttype(const IptLoaded& loaded, IptRuleContext&, std::string& out) {
  static constexpr std::pair<std::string_view, std::string_view> names[] = {
      {"unicast", "unicast"},    {"broadcast", "broadcast"}, {"multicast", "multicast"},
      {"bcast", "broadcast"},    {"mcast", "multicast"},     {"host", "unicast"},
      {"otherhost", "otherhost"}};
  if (loaded.options.empty()) return invalid("pkttype: option \"--pkt-type\" must be specified");
  for (const auto& [name, printed] : names)
    if (name == loaded.options[0].value) {
      append_ipt_option(out, loaded.options[0].invert, "--pkt-type", printed);
      return {};
    }
  return invalid("Bad packet type '" + std::string(loaded.options[0].value) + "'");
}
constexpr IptOptionSpec pkttype_options[] = {{"--pkt-type", 1}};

// "5", "5:10", ":10", "5:".
Status print_length(const IptLoaded& loaded, IptRuleContext&, std::string& out) {
  if (loaded.options.empty()) return invalid("length: option \"--length\" must be specified");
  const auto& option = loaded.options[0];
  const size_t colon = option.value.find(':');
  const auto low_text = option.value.substr(0, colon);
  const auto high_text =
      colon == std::string_view::npos ? low_text : option.value.substr(colon + 1);
  const bool range = colon != std::string_view::npos;
  const auto low = parse_number(range && low_text.empty() ? "0" : low_text, 65535);
  const auto high = parse_number(range && high_text.empty() ? "65535" : high_text, 65535);
  if (!low || !high) return bad_value("length", "--length");
  append_ipt_option(out, option.invert, "--length",
                    *low == *high ? std::to_string(*low) : fmt::format("{}:{}", *low, *high));
  return {};
}
constexpr IptOptionSpec length_options[] = {{"--length", 1}};

Status print_ttl(const IptLoaded& loaded, IptRuleContext&, std::string& out) {
  const bool v4 = loaded.extension->name == "ttl";
  if (loaded.options.size() != 1)
    return invalid(fmt::format("{}: you must specify one of --{}-eq, -lt, -gt",
                               loaded.extension->name, v4 ? "ttl" : "hl"));
  const auto& spec = loaded.extension->options[loaded.options[0].id - 1];
  return append_number(out, loaded, spec.id, spec.name, 255);
}
constexpr IptOptionSpec ttl_options[] = {
    {"--ttl-eq", 1}, {"--ttl-lt", 2, 1, false}, {"--ttl-gt", 3, 1, false}};
constexpr IptOptionSpec hl_options[] = {
    {"--hl-eq", 1}, {"--hl-lt", 2, 1, false}, {"--hl-gt", 3, 1, false}};

Status print_helper(const IptLoaded& loaded, IptRuleContext&, std::string& out) {
  if (loaded.options.empty()) return invalid("helper: option \"--helper\" must be specified");
  append_ipt_option(out, loaded.options[0].invert, "--helper ");
  append_saved_string(out, loaded.options[0].value);
  return {};
}
constexpr IptOptionSpec helper_options[] = {{"--helper", 1}};

Status print_tos(const IptLoaded& loaded, IptRuleContext&, std::string& out) {
  if (loaded.options.empty()) return invalid("tos: option \"--tos\" must be specified");
  const auto tos = parse_tos(loaded.options[0].value);
  if (!tos) return bad_value("tos", "--tos");
  append_ipt_option(out, loaded.options[0].invert, "--tos",
                    fmt::format("0x{:02x}/0x{:02x}", tos->value, tos->mask));
  return {};
}
constexpr IptOptionSpec tos_options[] = {{"--tos", 1}};

constexpr IptExtension matches[] = {
    {"recent", "recent", false, recent_options, print_recent},
    {"owner", "owner", false, owner_options, print_owner, all_tables, 0, "",
     ipt_output | ipt_postrouting},
    {"mac", "mac", false, mac_options, print_mac, all_tables, 0, "", not_when_sent},
    {"iprange", "iprange", false, iprange_options, print_iprange},
    {"pkttype", "pkttype", false, pkttype_options, print_pkttype},
    {"length", "length", false, length_options, print_length},
    {"ttl", "ttl", false, ttl_options, print_ttl},
    {"hl", "hl", false, hl_options, print_ttl},
    {"helper", "helper", false, helper_options, print_helper},
    {"tos", "tos", false, tos_options, print_tos},
};

}  // namespace

std::span<const IptExtension> other_ipt_matches() { return matches; }

}  // namespace felixsim
