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

void CompiledRules::compile_one(const std::vector<msg::Rule>& rules, bool ingress,
                                ElementSets& sets, HeaderSpace& headers, RuleMatches& out) {
  RuleMatches fresh = compile_rules(rules, ingress, sets, headers);
  fresh.id = out.id == 0 ? ++last_id_ : out.id;
  fresh.asked_local = out.asks_local;
  count_users(out, false);
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

RulesUpdate CompiledRules::compile(const ClusterState& state, const Changes& changes, size_t update,
                                   ElementSets& sets, HeaderSpace& headers) {
  RulesUpdate out;
  const auto compile = [&](const auto& key, const auto* value, auto& rules) {
    const auto it = rules.find(key);
    if (it == rules.end()) return;
    static const std::vector<msg::Rule> none;
    auto& entry = *it->second;
    for (const bool ingress : {true, false}) {
      RuleMatches& one = ingress ? entry.inbound : entry.outbound;
      compile_one(value ? (ingress ? value->inbound : value->outbound) : none, ingress, sets,
                  headers, one);
      one.gone = !value;
      out.changed.push_back(&one);
    }
  };
  for_each_changed(changes.policies, state.policies(), policies_, compile);
  for_each_changed(changes.profiles, state.profiles(), profiles_, compile);
  std::vector<const RuleMatches*> touched;
  for (const void* set : sets.touched())
    if (const auto it = users_.find(set); it != users_.end())
      touched.insert(touched.end(), it->second.begin(), it->second.end());
  std::sort(touched.begin(), touched.end());
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
  for (const auto* one : touched)
    (one->says_ports && ports_touched(*one, update) ? out.changed : out.touched).push_back(one);
  return out;
}

void CompiledRules::drop_old(const ClusterState& state, const Changes& changes) {
  const auto drop = [this](const auto& key, const auto* value, auto& rules) {
    const auto it = rules.find(key);
    if (it == rules.end()) return;
    if (value) return;
    for (auto* one : {&it->second->inbound, &it->second->outbound}) count_users(*one, false);
    rules.erase(it);
  };
  for_each_changed(changes.policies, state.policies(), policies_, drop);
  for_each_changed(changes.profiles, state.profiles(), profiles_, drop);
}

}  // namespace felixsim::reach
