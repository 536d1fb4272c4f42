// SPDX-License-Identifier: Apache-2.0
#include "model/calc/parsed_rules.h"

#include "felixsim/check.h"
#include "model/calc/rule_wire.h"
#include "model/selector/ip_set_ids.h"

namespace felixsim::calc {
namespace {

using Definitions = std::vector<IpSetDefinition>;

constexpr uint8_t tcp = 6, udp = 17, sctp = 132;

// ipsetmember.ProtocolFrom: what is neither UDP nor SCTP counts as TCP.
uint8_t named_port_protocol(const std::optional<Protocol>& protocol) {
  if (!protocol) return named_port_protocol_any;
  if (protocol->name.empty())
    return protocol->number == udp || protocol->number == sctp ? protocol->number : tcp;
  std::string name = protocol->name.str();
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name == "udp" ? udp : name == "sctp" ? sctp : tcp;
}

SelectorPtr parse_valid(const std::string& text) {
  auto selector = parse_selector(text);
  FELIXSIM_CHECK(selector.has_value());  // the validation filter lets no other selector through
  return *selector;
}

IpSetDefinition selector_set(SelectorPtr selector) {
  IpSetDefinition set;
  set.id = selector->id();
  set.selector = std::move(selector);
  return set;
}

IpSetDefinition service_set(const RuleSide& side, bool with_ports) {
  IpSetDefinition set;
  set.service = Symbol(fmt::format("{}/{}", side.service_namespace.str(), side.service.str()));
  set.id = service_set_id(set.service.view(), with_ports);
  set.type = with_ports ? msg::IpSetType::ip_and_port : msg::IpSetType::net;
  return set;
}

// Appends the set's id to the rule and its definition to what the rules need.
void use(std::vector<Symbol>& ids, Definitions& sets, IpSetDefinition set) {
  ids.push_back(set.id);
  sets.push_back(std::move(set));
}

// Numeric ports stay ports; named ones become sets of addresses and ports, cut down to what the
// positive selector matches: the rule as a whole needs that selector to match anyway.
void convert_ports(const std::vector<Port>& ports, const SelectorPtr& positive, uint8_t protocol,
                   std::vector<msg::PortRange>& ranges, std::vector<Symbol>& ids,
                   Definitions& sets) {
  for (const Port& port : ports) {
    if (port.name.empty()) {
      ranges.push_back({port.first, port.last});
      continue;
    }
    IpSetDefinition set;
    set.selector = positive ? positive : all_selector();
    set.id = named_port_set_id(*set.selector, protocol, port.name.view());
    set.type = msg::IpSetType::ip_and_port;
    set.protocol = protocol;
    set.port_name = port.name;
    use(ids, sets, std::move(set));
  }
}

bool has_named_port(const std::vector<Port>& ports) {
  return std::any_of(ports.begin(), ports.end(), [](const Port& p) { return !p.name.empty(); });
}
bool has_numeric_port(const std::vector<Port>& ports) {
  return std::any_of(ports.begin(), ports.end(), [](const Port& p) { return p.name.empty(); });
}

// A positive selector swallows the negated one; alone, the negated one must also match what is no
// endpoint, so it stays a set of its own (combineMatchesIfPossible).
struct SideSelectors {
  SelectorPtr positive, negated;
};
SideSelectors side_selectors(const RuleSide& side) {
  SideSelectors selectors;
  if (side.selector.empty()) {
    if (!side.not_selector.empty()) selectors.negated = parse_valid(side.not_selector.str());
  } else if (side.not_selector.empty()) {
    selectors.positive = parse_valid(side.selector.str());
  } else {
    selectors.positive =
        parse_valid(fmt::format("({}) && (!({}))", side.selector.str(), side.not_selector.str()));
  }
  return selectors;
}

msg::RuleMatchSide convert_side(const RuleSide& side, uint8_t protocol, Definitions& sets) {
  const SideSelectors selectors = side_selectors(side);
  msg::RuleMatchSide out;
  out.net = side.nets;
  out.not_net = side.not_nets;
  convert_ports(side.ports, selectors.positive, protocol, out.ports, out.named_port_ip_set_ids,
                sets);
  convert_ports(side.not_ports, selectors.positive, protocol, out.not_ports,
                out.not_named_port_ip_set_ids, sets);
  // With named ports only, their sets are cut down to the selector already.
  if (selectors.positive && (has_numeric_port(side.ports) || !has_named_port(side.ports)))
    use(out.ip_set_ids, sets, selector_set(selectors.positive));
  if (selectors.negated) use(out.not_ip_set_ids, sets, selector_set(selectors.negated));
  out.original_selector = side.original_selector.str();
  out.original_namespace_selector = side.original_namespace_selector.str();
  out.original_not_selector = side.original_not_selector.str();
  out.original_service = side.service.str();
  out.original_service_namespace = side.service_namespace.str();
  if (!side.original_service_account_names.empty() ||
      !side.original_service_account_selector.empty()) {
    out.service_account.emplace();
    out.service_account->selector = side.original_service_account_selector.str();
    for (const Symbol name : side.original_service_account_names)
      out.service_account->names.push_back(name.str());
  }
  return out;
}

uint8_t ip_version(const Rule& rule) {
  if (rule.ip_version)
    return *rule.ip_version == 4 || *rule.ip_version == 6 ? static_cast<uint8_t>(*rule.ip_version)
                                                          : 0;
  if (!rule.protocol) return 0;
  const std::string_view name = rule.protocol->name.view();
  return name == "icmp" ? 4 : name == "icmpv6" ? 6 : 0;
}

std::optional<msg::IcmpMatch> icmp(const std::optional<int64_t>& type,
                                   const std::optional<int64_t>& code) {
  if (!type) return std::nullopt;
  msg::IcmpMatch match{static_cast<int>(*type), std::nullopt};
  if (code) match.code = static_cast<int>(*code);
  return match;
}

std::optional<HttpMatch> http(const std::optional<HttpMatch>& match) {
  if (!match) return std::nullopt;
  HttpMatch out = *match;
  std::erase_if(out.paths,
                [](const HttpPath& path) { return path.exact.empty() && path.prefix.empty(); });
  return out;
}

msg::Rule convert_rule(const Rule& rule, Definitions& sets) {
  const uint8_t protocol = named_port_protocol(rule.protocol);
  msg::Rule out;
  out.action = rule.action.str();
  out.ip_version = ip_version(rule);
  out.protocol = rule.protocol;
  out.not_protocol = rule.not_protocol;
  out.icmp = icmp(rule.icmp_type, rule.icmp_code);
  out.not_icmp = icmp(rule.not_icmp_type, rule.not_icmp_code);
  out.source = convert_side(rule.source, protocol, sets);
  out.destination = convert_side(rule.destination, protocol, sets);
  if (!rule.destination.service.empty())
    use(out.destination_ip_port_set_ids, sets, service_set(rule.destination, true));
  if (!rule.source.service.empty())
    use(out.source.ip_set_ids, sets, service_set(rule.source, false));
  out.http = http(rule.http);
  out.annotations = rule.annotations;
  return out;
}

std::vector<msg::Rule> convert_rules(const std::vector<Rule>& rules, const std::string& seed,
                                     Definitions& sets) {
  std::vector<msg::Rule> out;
  out.reserve(rules.size());
  for (const Rule& rule : rules) out.push_back(convert_rule(rule, sets));
  fill_rule_ids(out, seed);
  return out;
}

void sort_by_id(Definitions& sets) {
  std::sort(sets.begin(), sets.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  sets.erase(std::unique(sets.begin(), sets.end(),
                         [](const auto& a, const auto& b) { return a.id == b.id; }),
             sets.end());
  sets.shrink_to_fit();
}

}  // namespace

ParsedRulesPtr parse_policy(const PolicyKey& key, const ValuePtr& value) {
  const auto& policy = std::get<Policy>(*value);
  auto parsed = std::make_shared<ParsedRules>();
  auto message = std::make_shared<msg::Policy>();
  message->ns = policy.ns;
  message->tier = policy.tier;
  // Rule ids are seeded with the name only, and with the default tier whatever the tier is.
  message->inbound =
      convert_rules(policy.inbound, "pol-in-default/" + key.name.str(), parsed->ip_sets);
  message->outbound =
      convert_rules(policy.outbound, "pol-out-default/" + key.name.str(), parsed->ip_sets);
  message->untracked = policy.do_not_track;
  message->pre_dnat = policy.pre_dnat;
  message->original_selector = normalise_selector(policy.selector.view());
  message->perf_hints = policy.performance_hints;
  sort_by_id(parsed->ip_sets);
  parsed->source = value;
  parsed->policy = std::move(message);
  return parsed;
}

ParsedRulesPtr parse_profile(Symbol name, const ValuePtr& value) {
  const auto& rules = std::get<ProfileRules>(*value);
  auto parsed = std::make_shared<ParsedRules>();
  auto message = std::make_shared<msg::Profile>();
  message->inbound = convert_rules(rules.inbound, "prof-in-" + name.str(), parsed->ip_sets);
  message->outbound = convert_rules(rules.outbound, "prof-out-" + name.str(), parsed->ip_sets);
  sort_by_id(parsed->ip_sets);
  parsed->source = value;
  parsed->profile = std::move(message);
  return parsed;
}

const ValuePtr& drop_rules() {
  static const ValuePtr value = [] {
    Rule deny;
    deny.action = Symbol("deny");
    return std::make_shared<const Value>(ProfileRules{{deny}, {deny}});
  }();
  return value;
}

template <class Parse>
ParsedRulesPtr SharedRules::find_or(const Entry& entry, Parse parse) {
  const std::lock_guard lock(mutex_);
  auto& slot = parsed_[entry];
  if (auto known = slot.lock()) return known;
  ParsedRulesPtr parsed = parse();
  slot = parsed;
  if (parsed_.size() > sweep_at_) {
    absl::erase_if(parsed_, [](const auto& item) { return item.second.expired(); });
    sweep_at_ = std::max<size_t>(1024, 2 * parsed_.size());
  }
  return parsed;
}

ParsedRulesPtr SharedRules::policy(const PolicyKey& key, const ValuePtr& value) {
  return find_or({key, value.get()}, [&] { return parse_policy(key, value); });
}

ParsedRulesPtr SharedRules::profile(Symbol name, const ValuePtr& value) {
  return find_or({PolicyKey{{}, {}, name}, value.get()},
                 [&] { return parse_profile(name, value); });
}

}  // namespace felixsim::calc
