// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/compiled_rules.h"

namespace felixsim::reach {
namespace {

// Calls each(key, value in force or null, place among the compiled) for all that changed.
template <class Keys, class InForce, class Rules, class Each>
void for_each_changed(const Keys& changed, const InForce& in_force, Rules& rules, Each each) {
  for (const auto& key : changed) {
    const auto it = in_force.find(key);
    each(key, it == in_force.end() ? nullptr : it->second.get(), rules);
  }
}

}  // namespace

void CompiledRules::count_users(RuleMatches& rules, bool in) {
  for (const void* set : sets_of(rules)) {
    auto& users = users_[set];
    if (in)
      users.push_back(&rules);
    else
      std::erase(users, &rules);
    if (users.empty()) users_.erase(set);
  }
}

void CompiledRules::compile_one(const std::vector<msg::Rule>& rules, bool ingress, size_t update,
                                ElementSets& sets, HeaderSpace& headers, RuleMatches& out) {
  RuleMatches fresh = compile_rules(rules, ingress, sets, headers);
  fresh.changed = update;
  fresh.touched = out.touched;
  fresh.asked_local = out.asks_local;
  count_users(out, false);
  fresh.before = std::make_shared<const RuleMatches>(std::move(out));
  out = std::move(fresh);
  count_users(out, true);
}

void CompiledRules::update_nets(const ClusterState& state, const Changes& changes,
                                AddressSpace& addresses) {
  const auto update = [&](const auto& key, const auto* value, auto& rules) {
    const auto it = rules.find(key);
    if (it == rules.end() && !value) return;
    std::vector<Cidr> nets;
    if (value) {
      nets = nets_of(value->inbound, addresses.family());
      const auto out = nets_of(value->outbound, addresses.family());
      nets.insert(nets.end(), out.begin(), out.end());
    }
    for (const Cidr& net : nets) addresses.add_net(net);
    auto& entry = it == rules.end() ? rules[key] : it->second;
    if (!entry) entry = std::make_unique<CompiledPolicy>();
    for (const Cidr& net : entry->nets) addresses.remove_net(net);
    entry->nets = std::move(nets);
  };
  for_each_changed(changes.policies, state.policies(), policies_, update);
  for_each_changed(changes.profiles, state.profiles(), profiles_, update);
}

std::vector<Symbol> CompiledRules::compile(const ClusterState& state, const Changes& changes,
                                           size_t update, ElementSets& sets, HeaderSpace& headers) {
  const auto compile = [&](const auto& key, const auto* value, auto& rules) {
    const auto it = rules.find(key);
    if (it == rules.end()) return;
    static const std::vector<msg::Rule> none;
    auto& entry = *it->second;
    compile_one(value ? value->inbound : none, true, update, sets, headers, entry.inbound);
    compile_one(value ? value->outbound : none, false, update, sets, headers, entry.outbound);
    entry.inbound.gone = entry.outbound.gone = !value;
  };
  std::vector<Symbol> came;
  for (const Symbol profile : changes.profiles)
    if (const auto* known = this->profile(profile); known && known->inbound.changed == 0)
      came.push_back(profile);
  for_each_changed(changes.policies, state.policies(), policies_, compile);
  for_each_changed(changes.profiles, state.profiles(), profiles_, compile);
  for (const void* set : sets.touched())
    if (const auto it = users_.find(set); it != users_.end())
      for (RuleMatches* one : it->second) touch_rules(*one, update);
  return came;
}

void CompiledRules::drop_old(const ClusterState& state, const Changes& changes) {
  const auto drop = [this](const auto& key, const auto* value, auto& rules) {
    const auto it = rules.find(key);
    if (it == rules.end()) return;
    it->second->inbound.before = it->second->outbound.before = nullptr;
    if (value) return;
    for (auto* one : {&it->second->inbound, &it->second->outbound}) count_users(*one, false);
    rules.erase(it);
  };
  for_each_changed(changes.policies, state.policies(), policies_, drop);
  for_each_changed(changes.profiles, state.profiles(), profiles_, drop);
}

}  // namespace felixsim::reach
