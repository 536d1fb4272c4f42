// SPDX-License-Identifier: Apache-2.0
#include "sim/report/explanations.h"

#include <fmt/format.h>

#include <algorithm>

#include "felixsim/near_name.h"
#include "model/rules/match_blocks.h"
#include "model/rules/names.h"

namespace felixsim {
namespace {

using reach::Bits;
using reach::DecidedBy;
using reach::DecisionPlace;
using reach::FamilyMatrix;
using reach::policy_text;

bool is_named(const std::string& workload, const std::string& name) {
  return workload == name || workload == "default/" + name;
}

std::optional<size_t> find_pod(const reach::Matrix& matrix, const std::string& name) {
  for (size_t i = 0; i < matrix.endpoints.size(); ++i)
    if (is_named(matrix.endpoints[i].name.workload.str(), name)) return i;
  return std::nullopt;
}

ExplainedDirection direction_of(const ExplainContext& context, size_t endpoint, bool ingress) {
  ExplainedDirection out;
  for (const auto& tier : context.matrix.tiers[endpoint]) {
    const auto& policies = ingress ? tier->ingress : tier->egress;
    if (policies.empty()) continue;
    out.tiers.push_back({tier->name.str(), tier->default_action.view() == "Pass", {}});
    for (const auto& policy : policies) {
      const std::string text = policy_text(policy);
      out.tiers.back().policies.push_back({text, context.origin(text), rules::is_staged(policy)});
    }
  }
  for (const Symbol profile : context.matrix.endpoints[endpoint].endpoint.workload().profile_ids)
    out.profiles.push_back({profile.str(), context.origin("profile " + profile.str()), false});
  return out;
}

// Names of the elements in a set: pods in order, ranges of the world.
std::vector<std::string> names_of(const reach::Matrix& matrix, const FamilyMatrix& family,
                                  const Bits& elements) {
  std::vector<std::string> names;
  for (const size_t i : family.addresses.endpoints())
    if (elements.test(i))
      names.push_back(reach::endpoint_text(
          matrix, static_cast<size_t>(family.addresses.elements()[i].endpoint)));
  std::sort(names.begin(), names.end());
  std::vector<size_t> world;
  for (const size_t i : family.addresses.world())
    if (elements.test(i)) world.push_back(i);
  for (const auto& range : family.addresses.range_texts(world)) names.push_back("world " + range);
  return names;
}

// The rules of a policy, as compiled for one IP version; null where no endpoint has it.
const reach::RuleMatches* rules_of(const FamilyMatrix& family, const PolicyKey& policy,
                                   bool ingress) {
  for (const auto& program : family.programs) {
    if (program.ingress != ingress) continue;
    for (const auto& tier : program.tiers)
      for (size_t i = 0; i < tier->names.size(); ++i)
        if (tier->names[i] == policy) return tier->policies[i];
  }
  return nullptr;
}

// The ports that a rule asks for by name.
std::vector<std::string> port_names(const calc::ParsedRules& parsed, bool ingress, size_t index) {
  const auto& rules = ingress ? parsed.policy->inbound : parsed.policy->outbound;
  std::set<std::string> names;
  for (const auto* side : {&rules.at(index).source, &rules.at(index).destination})
    for (const Symbol id : side->named_port_ip_set_ids)
      for (const auto& set : parsed.ip_sets)
        if (set.id == id) names.insert(set.port_name.str());
  return {names.begin(), names.end()};
}

std::string nets_not_asked(const calc::ParsedRules& parsed, bool ingress, size_t index,
                           IpFamily family) {
  const auto& rules = ingress ? parsed.policy->inbound : parsed.policy->outbound;
  const auto asked = rules::asked_nets(rules.at(index), family);
  if (asked.source && asked.destination) return {};
  return asked.source ? "destination" : asked.destination ? "source" : "source and destination";
}

void append_rules(const ExplainContext& context, const PolicyKey& policy, bool ingress,
                  std::vector<ExplainedRule>& out) {
  const auto parsed = calc::parse_policy(policy, context.state.sources().policies.at(policy));
  for (const auto* family : reach::families_of(context.matrix)) {
    const auto* rules = rules_of(*family, policy, ingress);
    if (!rules) continue;
    for (const auto& rule : *rules) {
      const auto& peer = reach::peer_side(rule, ingress);
      ExplainedRule explained;
      explained.ingress = ingress;
      explained.index = rule.index;
      explained.family = family->addresses.family();
      explained.action = rule.action;
      explained.headers = family->headers.text(family->headers.of(rule.header));
      explained.port_names = port_names(*parsed, ingress, rule.index);
      explained.nets_not_asked = nets_not_asked(*parsed, ingress, rule.index, explained.family);
      explained.anybody =
          !peer.addresses || peer.addresses->members.may == family->addresses.live();
      if (!explained.anybody)
        explained.peers = names_of(context.matrix, *family, peer.addresses->members.may);
      out.push_back(std::move(explained));
    }
  }
}

bool has_policy(const calc::TierPtrs& tiers, const PolicyKey& policy) {
  return std::any_of(tiers.begin(), tiers.end(), [&](const auto& tier) {
    const auto in = [&](const auto& list) {
      return std::find(list.begin(), list.end(), policy) != list.end();
    };
    return in(tier->ingress) || in(tier->egress);
  });
}

struct PairEnds {
  const FamilyMatrix* family;
  size_t source, destination;
};

// The elements of two ends in each IP version that both have.
std::vector<PairEnds> ends_of(const reach::Matrix& matrix, const std::string& from,
                              const std::string& to) {
  std::vector<PairEnds> out;
  for (const auto* family : reach::families_of(matrix)) {
    const auto find = [&](const std::string& name) -> std::optional<size_t> {
      if (const auto ip = Ip::parse(name))
        return ip->family == family->addresses.family() ? family->addresses.element_of(*ip)
                                                        : std::nullopt;
      const auto pod = find_pod(matrix, name);
      if (!pod) return std::nullopt;
      for (const size_t i : family->addresses.endpoints())
        if (family->addresses.elements()[i].endpoint == static_cast<int>(*pod)) return i;
      return std::nullopt;
    };
    const auto source = find(from), destination = find(to);
    if (source && destination) out.push_back({family, *source, *destination});
  }
  return out;
}

std::string origin_of(const ExplainContext& context, const DecisionPlace& place) {
  if (place.by != DecidedBy::rule) return {};
  return context.origin(place.profile.empty() ? policy_text(place.policy)
                                              : "profile " + place.profile.str());
}

}  // namespace

Result<PodExplanation> explain_pod(const ExplainContext& context, const std::string& pod) {
  const auto index = find_pod(context.matrix, pod);
  if (!index) return reach::no_such_pod(context.matrix, pod, "write namespace/name");
  const auto& info = context.matrix.endpoints[*index];
  return PodExplanation{reach::endpoint_text(context.matrix, *index), info.address_unknown,
                        direction_of(context, *index, true), direction_of(context, *index, false)};
}

Result<std::vector<PolicyExplanation>> explain_policy(const ExplainContext& context,
                                                      const std::string& policy) {
  std::vector<PolicyExplanation> out;
  std::vector<std::string> names;
  for (const auto& [key, value] : context.state.sources().policies) {
    const std::string text = policy_text(key);
    const std::string name = text.substr(key.kind.str().size() + 1);
    names.push_back(name);
    if (text != policy && !is_named(name, policy)) continue;
    PolicyExplanation explained{text, context.origin(text), {}, {}};
    for (size_t i = 0; i < context.matrix.endpoints.size(); ++i)
      if (has_policy(context.matrix.tiers[i], key))
        explained.selects.push_back(reach::endpoint_text(context.matrix, i));
    append_rules(context, key, true, explained.rules);
    append_rules(context, key, false, explained.rules);
    out.push_back(std::move(explained));
  }
  if (!out.empty()) return out;
  return fail(ErrorCode::not_found, fmt::format("there is no policy '{}'", policy),
              did_you_mean(policy, names) +
                  "write its name, namespace/name, or kind and name as explain prints them");
}

Result<std::vector<PairExplanation>> explain_pair(const ExplainContext& context,
                                                  const std::string& from, const std::string& to) {
  std::vector<PairExplanation> out;
  for (const auto& end : ends_of(context.matrix, from, to)) {
    const auto& headers = end.family->headers;
    const auto allowed = end.family->allowed(end.source, end.destination);
    const Bits unknown = allowed.may - allowed.yes;
    PairExplanation pair;
    pair.family = end.family->addresses.family();
    pair.allowed = headers.text(allowed.yes);
    if (unknown.any()) pair.unknown = headers.text(unknown);
    for (const bool ingress : {false, true})
      for (const auto& part :
           reach::explain_pair(*end.family, end.source, end.destination, ingress))
        (ingress ? pair.ingress : pair.egress)
            .push_back({headers.text(part.headers), part.place, origin_of(context, part.place)});
    out.push_back(std::move(pair));
  }
  if (!out.empty()) return out;
  for (const auto& name : {from, to})
    if (!Ip::parse(name) && !find_pod(context.matrix, name))
      return reach::no_such_pod(context.matrix, name,
                                "write namespace/name, or an address (of the world, too)");
  return fail(ErrorCode::not_found,
              fmt::format("'{}' and '{}' have no addresses of one IP version", from, to));
}

std::vector<ExplainedDeadRule> explain_dead(const ExplainContext& context) {
  std::vector<ExplainedDeadRule> out;
  for (auto& rule : reach::dead_rules(context.state, context.matrix)) {
    const std::string name =
        rule.profile.empty() ? policy_text(rule.policy) : "profile " + rule.profile.str();
    out.push_back({name, context.origin(name), std::move(rule)});
  }
  return out;
}

}  // namespace felixsim
