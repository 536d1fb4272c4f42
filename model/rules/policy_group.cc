// SPDX-License-Identifier: Apache-2.0
#include "model/rules/policy_group.h"

#include <algorithm>

#include "model/hash/hash.h"

namespace felixsim::rules {
namespace {

constexpr size_t uid_length = max_iptables_chain_name - prefix::group_in.size();

// Felix's String() of a policy's identity.
void append_identity(std::string& out, const msg::PolicyId& id) {
  out.append("{Name: ").append(id.name.view());
  out.append(", Namespace: ").append(id.ns.view());
  out.append(", Kind: ").append(id.kind.view()).append("}\n");
}

}  // namespace

// Felix v3.28 has the tier's name in the hash, and no kinds of policies.
std::string PolicyGroup::chain_name() const {
  const bool inbound = direction == Direction::inbound;
  const bool kinds = !policies.front().kind.empty();
  std::string content = fmt::format("{}{}\n{}\n{}\n", kinds ? "" : "default\n", selector,
                                    inbound ? "inbound" : "outbound", policies.size());
  for (const auto& policy : policies) {
    if (kinds)
      append_identity(content, policy);
    else
      content.append(policy.name.view()) += '\n';
  }
  std::string name(inbound ? prefix::group_in : prefix::group_out);
  return name.append(base64url(sha3_224({content})), 0, uid_length);
}

bool PolicyGroup::inlined() const {
  return std::count_if(policies.begin(), policies.end(),
                       [](const auto& id) { return !is_staged(id); }) <= 1;
}

bool PolicyGroup::has_unstaged() const {
  return std::any_of(policies.begin(), policies.end(),
                     [](const auto& id) { return !is_staged(id); });
}

PolicyGroup make_policy_group(Direction direction, std::string selector,
                              std::vector<msg::PolicyId> policies) {
  return {direction, std::move(policies), std::move(selector)};
}

std::vector<PolicyGroup> group_policies(const std::vector<msg::PolicyId>& policies,
                                        Direction direction, const SelectorOf& selector_of) {
  std::vector<PolicyGroup> groups;
  for (size_t first = 0, end = 0; first < policies.size(); first = end) {
    const std::string& selector = selector_of(policies[first]);
    for (end = first + 1; end < policies.size() && selector_of(policies[end]) == selector;) ++end;
    groups.push_back(make_policy_group(direction, selector,
                                       {policies.begin() + static_cast<ptrdiff_t>(first),
                                        policies.begin() + static_cast<ptrdiff_t>(end)}));
  }
  return groups;
}

std::vector<TierGroups> group_tiers(const std::vector<msg::TierInfo>& tiers,
                                    const SelectorOf& selector_of, bool with_ingress,
                                    bool with_egress) {
  std::vector<TierGroups> groups;
  groups.reserve(tiers.size());
  for (const auto& tier : tiers) {
    TierGroups group{tier.name, tier.default_action, {}, {}};
    if (with_ingress) group.ingress = group_policies(tier.ingress, Direction::inbound, selector_of);
    if (with_egress) group.egress = group_policies(tier.egress, Direction::outbound, selector_of);
    groups.push_back(std::move(group));
  }
  return groups;
}

Chain policy_group_chain(const Renderer& r, const PolicyGroup& group) {
  // A return only every few jumps keeps the number of rules low; the jumps between look at the
  // mark.
  constexpr size_t return_stride = 5;
  const uint32_t decided = r.marks().pass | r.marks().accept;
  const auto chain_prefix =
      group.direction == Direction::inbound ? prefix::policy_in : prefix::policy_out;
  Chain result{group.chain_name(), {}};
  size_t count = 0;  // staged policies do not count: they set no mark
  for (const auto& policy : group.policies) {
    if (is_staged(policy)) continue;
    const bool starts_block = count % return_stride == 0;
    if (starts_block && count > 0)
      result.rules.push_back(
          r.rule().mark_not_clear(decided).comment("Return on verdict").return_());
    RuleBuilder rule = r.rule();
    if (!starts_block) rule.mark_clear(decided);
    result.rules.push_back(rule.jump(policy_chain_name(chain_prefix, policy, r.dialect())));
    ++count;
  }
  return result;
}

}  // namespace felixsim::rules
