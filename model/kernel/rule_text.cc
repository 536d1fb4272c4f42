// SPDX-License-Identifier: Apache-2.0
// Routing rules; see route_text.h. Mirrors iproute2 6.1 iprule.c print_rule and iprule_modify. Left
// out: selectors by tos, ports, users and tunnels, goto, nop and realms, which are refused.
#include "model/kernel/route_text.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

constexpr size_t max_interface_name = 15;
constexpr std::pair<RoutingRule::Action, std::string_view> action_names[] = {
    {RoutingRule::Action::lookup, "unicast"},
    {RoutingRule::Action::blackhole, "blackhole"},
    {RoutingRule::Action::unreachable, "unreachable"},
    {RoutingRule::Action::prohibit, "prohibit"}};

tl::unexpected<Error> wrong(std::string_view value, std::string_view why) {
  return invalid(fmt::format("argument \"{}\" is wrong: {}", value, why));
}

std::optional<uint32_t> number32(std::string_view text) {
  const auto number = parse_number(text, ~uint32_t{0});
  return number ? std::optional(static_cast<uint32_t>(*number)) : std::nullopt;
}

std::string net_text(const IpPrefix& net) {
  return net.length == net.address.max_prefix() ? net.address.str() : net.str();
}

// "%#x", which says 0 plainly.
std::string mark_text(uint32_t mark) { return mark == 0 ? "0" : fmt::format("{:#x}", mark); }

class RuleReader {
 public:
  RuleReader(std::string_view rest, IpFamily family) : rest_(rest), family_(family) {
    out_.rule.family = family;
  }

  Result<RuleWords> read() {
    RoutingRule& rule = out_.rule;
    for (auto word = take_word(rest_); !word.empty(); word = take_word(rest_)) {
      if (word == "not") {
        rule.invert = true;
      } else if (word == "[detached]") {
        continue;  // of an interface that is not there
      } else if (auto ok = is_key(word) ? take(word) : take_action(word); !ok) {
        return forward(ok);
      }
    }
    if (out_.names_action && !out_.names_table) rule.table = 0;
    return std::move(out_);
  }

 private:
  static bool is_priority(std::string_view word) {
    for (const std::string_view name : {"preference", "order", "priority"})
      if (name.starts_with(word)) return true;
    return false;
  }

  static bool is_key(std::string_view word) {
    for (const std::string_view key : {"from", "to", "fwmark", "lookup", "iif", "dev", "oif",
                                       "type", "suppress_prefixlength", "sup_pl"})
      if (word == key) return true;
    return is_priority(word) || std::string_view("table").starts_with(word);
  }

  Status take(std::string_view key) {
    RoutingRule& rule = out_.rule;
    const auto value = take_word(rest_);
    if (value.empty()) return invalid("Command line is not complete. Try option \"help\"");
    if (key == "from") return take_net(value, rule.from);
    if (key == "to") return take_net(value, rule.to);
    if (key == "fwmark") return take_mark(value);
    if (key == "iif" || key == "dev" || key == "oif") {
      if (value.size() > max_interface_name)
        return wrong(value, key == "oif" ? "\"oif\" not a valid ifname"
                                         : "\"iif\"/\"dev\" not a valid ifname");
      (key == "oif" ? rule.out_device : rule.in_device) = value;
      return {};
    }
    if (key == "type") return take_action(value);
    if (key.starts_with("sup")) {
      const auto length = parse_number(value, 0x7fffffff);
      if (!length) return wrong(value, "suppress_prefixlength value is invalid\n");
      rule.suppress_prefix_length = static_cast<int>(*length);
      return {};
    }
    if (is_priority(key)) {
      const auto priority = number32(value);
      if (!priority) return wrong(value, "preference value is invalid\n");
      rule.priority = *priority;
      out_.names_priority = true;
      return {};
    }
    const auto table = table_number(value);
    if (!table) return wrong(value, "invalid table ID\n");
    rule.table = *table;
    out_.names_table = *table != 0;
    return {};
  }

  Status take_action(std::string_view word) {
    for (const auto& [action, name] : action_names)
      if (name == word) {
        out_.rule.action = action;
        out_.names_action = true;
        return {};
      }
    for (const std::string_view other :
         {"tos", "dsfield", "realms", "protocol", "tun_id", "suppress_ifgroup", "sup_group",
          "l3mdev", "uidrange", "nat", "map-to", "ipproto", "sport", "dport", "goto", "nop"})
      if (word == other)
        return fail(ErrorCode::unsupported,
                    fmt::format("'{}' of a routing rule is not modelled", word));
    return wrong(word, "Failed to parse rule type");
  }

  Status take_net(std::string_view text, std::optional<IpPrefix>& out) const {
    out.reset();
    if (text == "all" || text == "any" || text == "default") return {};
    auto net = IpPrefix::parse(text);
    if (!net)
      if (const auto ip = Ip::parse(text))
        net = IpPrefix{*ip, static_cast<uint8_t>(ip->max_prefix())};
    if (!net || net->address.family != family_)
      return invalid(fmt::format("{} prefix is expected rather than \"{}\".",
                                 family_ == IpFamily::v4 ? "inet" : "inet6", text));
    if (net->length > 0) out = net;
    return {};
  }

  // A mark of 0 without a mask asks for nothing, and a mask of all bits is as none.
  Status take_mark(std::string_view text) {
    const size_t slash = text.find('/');
    const auto mark = number32(text.substr(0, slash));
    if (!mark) return wrong(text.substr(0, slash), "fwmark value is invalid\n");
    std::optional<uint32_t> mask;
    if (slash != std::string_view::npos) {
      mask = number32(text.substr(slash + 1));
      if (!mask) return wrong(text.substr(slash + 1), "fwmask value is invalid\n");
    }
    RoutingRule& rule = out_.rule;
    rule.mark.reset();
    rule.mask.reset();
    if (*mark == 0 && mask.value_or(0) == 0) return {};
    rule.mark = mark;
    if (mask != ~uint32_t{0}) rule.mask = mask;
    return {};
  }

  std::string_view rest_;
  IpFamily family_;
  RuleWords out_;
};

}  // namespace

std::string print_rule(const RoutingRule& rule) {
  std::string out = fmt::format("{}:\t", rule.priority);
  if (rule.invert) out += "not ";
  out += "from " + (rule.from ? net_text(*rule.from) : "all");
  if (rule.to) out += " to " + net_text(*rule.to);
  if (rule.mark) {
    out += " fwmark " + mark_text(*rule.mark);
    if (rule.mask) out += "/" + mark_text(*rule.mask);
  }
  if (!rule.in_device.empty()) out += " iif " + rule.in_device;
  if (!rule.out_device.empty()) out += " oif " + rule.out_device;
  if (rule.table != 0) out += " lookup " + table_name(rule.table);
  if (rule.table != 0 && rule.suppress_prefix_length)
    out += fmt::format(" suppress_prefixlength {}", *rule.suppress_prefix_length);
  if (rule.action != RoutingRule::Action::lookup)
    for (const auto& [action, name] : action_names)
      if (action == rule.action) out += fmt::format(" {}", name);
  return out;
}

Result<RuleWords> parse_rule_words(std::string_view words, IpFamily family) {
  return RuleReader(words, family).read();
}

Result<RoutingRule> parse_rule(std::string_view line, IpFamily family) {
  std::string_view rest = line;
  auto word = take_word(rest);
  std::optional<uint32_t> priority;
  if (word.ends_with(':')) {
    priority = number32(word.substr(0, word.size() - 1));
    if (!priority) return invalid(fmt::format("rule cannot be read: {}", line));
    line = rest;
  }
  auto words = parse_rule_words(line, family);
  if (!words) return forward(words);
  RoutingRule& rule = words->rule;
  if (rule.table == 0 && rule.action == RoutingRule::Action::lookup)
    return invalid(fmt::format("rule cannot be read: it looks into no table: {}", line));
  if (rule.table == 0) rule.suppress_prefix_length.reset();  // of a table only
  if (priority) rule.priority = *priority;
  return std::move(rule);
}

std::string print_rules(const std::set<RoutingRule>& rules, IpFamily family) {
  std::string out;
  for (const auto& rule : rules)
    if (rule.family == family) out += print_rule(rule) + "\n";
  return out;
}

Result<std::set<RoutingRule>> parse_rules(std::string_view text, IpFamily family) {
  std::set<RoutingRule> rules;
  std::map<uint32_t, int> ranks;
  while (!text.empty()) {
    const auto line = take_line(text);
    if (trim(line).empty()) continue;
    auto rule = parse_rule(line, family);
    if (!rule) return forward(rule);
    rule->rank = ranks[rule->priority]++;
    rules.insert(*rule);
  }
  return rules;
}

}  // namespace felixsim
