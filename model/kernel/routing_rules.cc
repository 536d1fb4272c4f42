// SPDX-License-Identifier: Apache-2.0
// See routing_rules.h. Mirrors Linux net/core/fib_rules.c (fib_newrule, fib_delrule,
// fib_default_rule_pref), net/ipv4/fib_rules.c and net/ipv6/fib6_rules.c.
#include "model/kernel/routing_rules.h"

#include "model/kernel/kernel_error.h"

namespace felixsim {
namespace {

std::vector<RoutingRule> rules_of(const KernelCore& core, IpFamily family) {
  std::vector<RoutingRule> rules;
  for (const auto& rule : core.state.rules)
    if (rule.family == family) rules.push_back(rule);
  return rules;
}

// Sets the rules of a family, in this order.
void set_rules(KernelCore& core, IpFamily family, std::vector<RoutingRule> rules) {
  std::erase_if(core.state.rules, [&](const RoutingRule& rule) { return rule.family == family; });
  std::map<uint32_t, int> ranks;
  for (auto& rule : rules) {
    rule.rank = ranks[rule.priority]++;
    core.state.rules.insert(std::move(rule));
  }
}

// One less than the second rule's; 0 if there is none or it has 0.
uint32_t default_priority(const std::vector<RoutingRule>& rules) {
  return rules.size() < 2 || rules[1].priority == 0 ? 0 : rules[1].priority - 1;
}

// The first table that nothing is in and nothing looks into (fib_empty_table).
int first_empty_table(const KernelCore& core) {
  std::set<int> used;
  for (const auto& route : core.state.routes)
    if (route.dst.address.is_v4()) used.insert(route.table);
  for (const auto& rule : core.state.rules)
    if (rule.family == IpFamily::v4) used.insert(rule.table);
  int table = 1;
  while (used.contains(table)) ++table;
  return table;
}

// Those that every namespace begins with are the kernel's own: nobody's rule is one with them.
bool is_kernels(const RoutingRule& rule) {
  for (const auto& [priority, table] : {std::pair{0u, 255}, {32766u, 254}, {32767u, 253}}) {
    RoutingRule own;
    own.family = rule.family;
    own.priority = priority;
    own.table = table;
    if (rule == own) return true;
  }
  return false;
}

// Whether the kernel takes a new rule for one that is there: what the new one does not select by
// does not count, and not whether it is inverted (rule_exists).
bool is_there(const RoutingRule& rule, const RoutingRule& added) {
  return !is_kernels(rule) && rule.priority == added.priority && rule.action == added.action &&
         rule.table == added.table && rule.in_device == added.in_device &&
         rule.out_device == added.out_device && rule.mark == added.mark &&
         rule.mask == added.mask && rule.suppress_prefix_length == added.suppress_prefix_length &&
         (!added.from || rule.from == added.from) && (!added.to || rule.to == added.to);
}

// An absent mask is one of all bits; what looks nothing up has no prefixes to suppress.
RoutingRule normal_rule(RoutingRule rule) {
  if (rule.mask == ~uint32_t{0}) rule.mask.reset();
  if (rule.mark == 0u && rule.mask.value_or(0) == 0) {
    rule.mark.reset();
    rule.mask.reset();
  }
  if (rule.table == 0 && rule.action != RoutingRule::Action::lookup)
    rule.suppress_prefix_length.reset();
  return rule;
}

bool fits(const RoutingRule& rule, const RuleWords& named) {
  const RoutingRule& asked = named.rule;
  const auto mask_of = [](const RoutingRule& r) {
    return r.mark ? r.mask.value_or(~uint32_t{0}) : 0;
  };
  return (!named.names_action || asked.action == rule.action) &&
         (!named.names_table || asked.table == rule.table) &&
         (!named.names_priority || asked.priority == rule.priority) &&
         (asked.in_device.empty() || asked.in_device == rule.in_device) &&
         (asked.out_device.empty() || asked.out_device == rule.out_device) &&
         (asked.mark.value_or(0) == 0 || asked.mark == rule.mark) &&
         (mask_of(asked) == 0 || mask_of(asked) == mask_of(rule)) &&
         (!asked.suppress_prefix_length ||
          asked.suppress_prefix_length == rule.suppress_prefix_length) &&
         (!asked.from || asked.from == rule.from) && (!asked.to || asked.to == rule.to);
}

}  // namespace

KernelAnswer add_rule(KernelCore& core, const RuleWords& named) {
  RoutingRule rule = normal_rule(named.rule);
  auto rules = rules_of(core, rule.family);
  if (!named.names_priority) rule.priority = default_priority(rules);
  if (rule.action == RoutingRule::Action::lookup && rule.table == 0) {
    if (rule.family == IpFamily::v6) return kernel_error(EINVAL, "Invalid table");
    rule.table = first_empty_table(core);
  }
  for (const auto& other : rules)
    if (is_there(other, rule)) return kernel_error(EEXIST);
  const auto behind = std::find_if(rules.begin(), rules.end(), [&](const RoutingRule& other) {
    return other.priority > rule.priority;
  });
  rules.insert(behind, rule);
  set_rules(core, rule.family, std::move(rules));
  return {};
}

KernelAnswer delete_rule(KernelCore& core, const RuleWords& named) {
  auto rules = rules_of(core, named.rule.family);
  const auto found = std::find_if(rules.begin(), rules.end(),
                                  [&](const RoutingRule& rule) { return fits(rule, named); });
  if (found == rules.end()) return kernel_error(ENOENT);
  rules.erase(found);
  set_rules(core, named.rule.family, std::move(rules));
  return {};
}

void flush_rules(KernelCore& core, IpFamily family) {
  auto rules = rules_of(core, family);
  std::erase_if(rules, [](const RoutingRule& rule) { return rule.priority != 0; });
  set_rules(core, family, std::move(rules));
}

KernelAnswer apply_rule(KernelCore& core, const RuleOp& op) {
  RuleWords named{normal_rule(op.rule), true, true, true};
  return op.remove ? delete_rule(core, named) : add_rule(core, named);
}

}  // namespace felixsim
