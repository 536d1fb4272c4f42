// SPDX-License-Identifier: Apache-2.0
#include "mock_dataplane.h"

#include "model/calc/message_json.h"

namespace felixsim::calc {
namespace {

std::string name_of(const PolicyKey& key) {
  return "policy " + key.kind.str() + "/" + key.ns.str() + "/" + key.name.str();
}
std::string name_of(const msg::WorkloadEndpointId& id) {
  return "workload " + id.workload.str() + "/" + id.endpoint.str();
}

template <class T>
bool used(const std::map<std::string, std::set<T>>& users, const T& thing) {
  for (const auto& [user, things] : users)
    if (things.contains(thing)) return true;
  return false;
}

}  // namespace

void MockDataplane::apply(const std::vector<msg::Message>& messages) {
  for (const auto& message : messages) {
    std::visit([this](const auto& m) { take(m); }, message);
    state_.apply(std::string(message_name(message)), nlohmann::json::parse(message_json(message)));
  }
}

void MockDataplane::expect(bool holds, const std::string& problem) {
  if (!holds) problems_.push_back(problem);
}

void MockDataplane::take(const msg::IpSetDeltaUpdate& m) {
  expect(ip_sets_.contains(m.id), "delta for unknown IP set " + m.id.str());
}

void MockDataplane::take(const msg::IpSetRemove& m) {
  expect(ip_sets_.erase(m.id) == 1, "removal of unknown IP set " + m.id.str());
  expect(!used(ip_sets_of_, m.id), "removal of IP set in use: " + m.id.str());
}

void MockDataplane::uses_ip_sets(const User& user, const std::vector<msg::Rule>& inbound,
                                 const std::vector<msg::Rule>& outbound) {
  auto& sets = ip_sets_of_[user] = {};
  for (const auto* rules : {&inbound, &outbound})
    for (const auto& rule : *rules) {
      sets.insert(rule.destination_ip_port_set_ids.begin(), rule.destination_ip_port_set_ids.end());
      for (const auto* side : {&rule.source, &rule.destination})
        for (const auto* ids : {&side->ip_set_ids, &side->not_ip_set_ids,
                                &side->named_port_ip_set_ids, &side->not_named_port_ip_set_ids})
          sets.insert(ids->begin(), ids->end());
    }
  for (const Symbol id : sets)
    expect(ip_sets_.contains(id), user + " needs unknown IP set " + id.str());
}

void MockDataplane::take(const msg::ActivePolicyUpdate& m) {
  policies_.insert(m.id);
  uses_ip_sets(name_of(m.id), m.policy->inbound, m.policy->outbound);
}

void MockDataplane::take(const msg::ActivePolicyRemove& m) {
  expect(policies_.erase(m.id) == 1, "removal of unknown " + name_of(m.id));
  expect(!used(policies_of_, m.id), "removal while in use: " + name_of(m.id));
  ip_sets_of_.erase(name_of(m.id));
}

void MockDataplane::take(const msg::ActiveProfileUpdate& m) {
  profiles_.insert(m.id);
  uses_ip_sets("profile " + m.id.str(), m.profile->inbound, m.profile->outbound);
}

void MockDataplane::take(const msg::ActiveProfileRemove& m) {
  expect(profiles_.erase(m.id) == 1, "removal of unknown profile " + m.id.str());
  expect(!used(profiles_of_, m.id), "removal of profile in use: " + m.id.str());
  ip_sets_of_.erase("profile " + m.id.str());
}

void MockDataplane::uses_policies(const User& user,
                                  const std::vector<std::vector<msg::TierInfo>>& tiers,
                                  const std::vector<Symbol>& profiles) {
  auto& policies = policies_of_[user] = {};
  for (const auto& list : tiers)
    for (const auto& tier : list) {
      policies.insert(tier.ingress.begin(), tier.ingress.end());
      policies.insert(tier.egress.begin(), tier.egress.end());
    }
  for (const auto& key : policies)
    expect(policies_.contains(key), user + " needs unknown " + name_of(key));
  profiles_of_[user] = {profiles.begin(), profiles.end()};
  for (const Symbol id : profiles)
    expect(profiles_.contains(id), user + " needs unknown profile " + id.str());
}

void MockDataplane::take(const msg::WorkloadEndpointUpdate& m) {
  uses_policies(name_of(m.id), {m.endpoint->tiers}, m.endpoint->profile_ids);
}
void MockDataplane::take(const msg::HostEndpointUpdate& m) {
  const auto& e = *m.endpoint;
  uses_policies("host " + m.id.str(),
                {e.tiers, e.untracked_tiers, e.pre_dnat_tiers, e.forward_tiers}, e.profile_ids);
}
void MockDataplane::take(const msg::WorkloadEndpointRemove& m) {
  expect(policies_of_.erase(name_of(m.id)) == 1, "removal of unknown " + name_of(m.id));
  profiles_of_.erase(name_of(m.id));
}
void MockDataplane::take(const msg::HostEndpointRemove& m) {
  expect(policies_of_.erase("host " + m.id.str()) == 1, "removal of unknown host " + m.id.str());
  profiles_of_.erase("host " + m.id.str());
}

}  // namespace felixsim::calc
