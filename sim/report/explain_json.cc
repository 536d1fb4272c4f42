// SPDX-License-Identifier: Apache-2.0
#include "sim/report/explain_json.h"

#include <nlohmann/json.hpp>

namespace felixsim {
namespace {

using json = nlohmann::ordered_json;

const char* family_word(IpFamily family) { return family == IpFamily::v4 ? "ipv4" : "ipv6"; }
const char* direction_name(bool ingress) { return ingress ? "ingress" : "egress"; }

void add_origin(json& out, const std::string& origin) {
  if (!origin.empty()) out["origin"] = origin;
}

json direction_json(const ExplainedDirection& direction) {
  json tiers = json::array(), profiles = json::array();
  for (const auto& tier : direction.tiers) {
    json policies = json::array();
    for (const auto& policy : tier.policies) {
      json one{{"policy", policy.name}, {"staged", policy.staged}};
      add_origin(one, policy.origin);
      policies.push_back(std::move(one));
    }
    json one{{"tier", tier.name}, {"at_end", tier.passes_rest ? "pass" : "deny"}};
    one["policies"] = std::move(policies);
    tiers.push_back(std::move(one));
  }
  for (const auto& profile : direction.profiles) {
    json one = json::object();
    one["profile"] = profile.name;
    add_origin(one, profile.origin);
    profiles.push_back(std::move(one));
  }
  json out = json::object();
  out["tiers"] = std::move(tiers);
  out["profiles"] = std::move(profiles);
  return out;
}

const char* decided_by(reach::DecidedBy by) {
  switch (by) {
    case reach::DecidedBy::rule:
      return "rule";
    case reach::DecidedBy::end_of_tier:
      return "end of tier";
    case reach::DecidedBy::no_profile:
      return "no profile";
    case reach::DecidedBy::encapsulation:
      return "encapsulation";
    case reach::DecidedBy::host_endpoint:
      return "untold host endpoint";
    case reach::DecidedBy::nobody:
      return "nobody";
    case reach::DecidedBy::down:
      return "endpoint not active";
  }
  return "";
}

json decisions_json(const std::vector<ExplainedDecision>& decisions) {
  json out = json::array();
  for (const auto& decision : decisions) {
    const auto& place = decision.place;
    const bool rule = place.by == reach::DecidedBy::rule;
    json one{{"headers", decision.headers},
             {"action", rule ? reach::action_text(place.action) : "deny"},
             {"by", decided_by(place.by)}};
    if (rule && place.profile.empty()) one["policy"] = reach::policy_text(place.policy);
    if (rule && !place.profile.empty()) one["profile"] = place.profile.str();
    if (rule) one["rule"] = place.index;
    if (!place.tier.empty()) one["tier"] = place.tier.str();
    add_origin(one, decision.origin);
    out.push_back(std::move(one));
  }
  return out;
}

json rules_json(const std::vector<ExplainedRule>& rules) {
  json out = json::array();
  for (const auto& rule : rules) {
    json one{{"direction", direction_name(rule.ingress)},
             {"rule", rule.index},
             {"family", family_word(rule.family)},
             {"action", reach::action_text(rule.action)},
             {"headers", rule.headers},
             {"named_ports", !rule.port_names.empty()},
             {"port_names", rule.port_names},
             {"nets_not_asked", rule.nets_not_asked},
             {"anybody", rule.anybody}};
    if (!rule.anybody) one["peers"] = rule.peers;
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace

json explanation_json(const PodExplanation& pod) {
  json out{{"pod", pod.pod}, {"address_known", !pod.address_unknown}};
  out["ingress"] = direction_json(pod.ingress);
  out["egress"] = direction_json(pod.egress);
  return out;
}

json explanation_json(const std::vector<PolicyExplanation>& policies) {
  json out = json::array();
  for (const auto& policy : policies) {
    json one = json::object();
    one["policy"] = policy.policy;
    add_origin(one, policy.origin);
    one["selects"] = policy.selects;
    one["rules"] = rules_json(policy.rules);
    out.push_back(std::move(one));
  }
  return out;
}

json explanation_json(const std::vector<PairExplanation>& pair) {
  json out = json::array();
  for (const auto& family : pair) {
    json one{{"family", family_word(family.family)}, {"allowed", family.allowed}};
    if (!family.unknown.empty()) one["unknown"] = family.unknown;
    one["egress"] = decisions_json(family.egress);
    one["ingress"] = decisions_json(family.ingress);
    out.push_back(std::move(one));
  }
  return out;
}

json explanation_json(const std::vector<ExplainedDeadRule>& dead) {
  json out = json::array();
  for (const auto& [name, origin, rule] : dead) {
    using Why = reach::DeadRule::Why;
    json one = json::object();
    one[rule.profile.empty() ? "policy" : "profile"] =
        rule.profile.empty() ? name : rule.profile.str();
    one["why"] = rule.why == Why::selects_nothing   ? "selects no endpoint"
                 : rule.why == Why::matches_nothing ? "matches nothing"
                                                    : "decided before";
    if (rule.why != Why::selects_nothing) {
      one["direction"] = direction_name(rule.ingress);
      one["rule"] = rule.index;
    }
    if (rule.why == Why::decided_before) one["decided_by"] = rule.by;
    add_origin(one, origin);
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace felixsim
