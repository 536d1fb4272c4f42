// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/stacks.h"

#include "sim/analysis/reach/host_policy.h"

namespace felixsim::reach {
namespace {

Program part_of(bool ingress) {
  Program part;
  part.ingress = ingress;
  part.asks_profiles = false;
  return part;
}

Program part_of(const RuleMatches& policy) {
  Program part = part_of(policy.ingress);
  part.policy = &policy;
  part.asks_local = policy.asks_local;
  return part;
}

// Rules of both directions are asked there, whose own side may be either.
Program part_of(const HostSection& section, bool ingress) {
  Program part = part_of(ingress);
  part.host_sections = {section};
  part.asks_local = true;
  return part;
}

}  // namespace

Stacks::Stacks(const ClusterState& state, const std::vector<EndpointInfo>& endpoints,
               const UnknownLabels& unknown, const CompiledRules& rules,
               const AddressSpace& addresses, HeaderSpace& headers, ElementSets& sets,
               Layers& layers)
    : state_(state),
      endpoints_(endpoints),
      unknown_(unknown),
      rules_(rules),
      addresses_(addresses),
      headers_(headers),
      sets_(sets),
      layers_(layers),
      tiers_(rules) {}

// felix/rules/endpoints.go: what would enter an overlay past all policy.
const std::vector<size_t>& Stacks::limits_of(Symbol host) {
  const auto [it, fresh] = limits_.try_emplace(host);
  if (!fresh) return it->second;
  const EncapsulationLimits limits = state_.limits(host);
  HeaderMatch vxlan, ipip;
  vxlan.protocol = 17;
  vxlan.destination_ports = {{limits.vxlan_port, limits.vxlan_port}};
  ipip.protocol = 4;
  if (!limits.allow_vxlan_from_workloads) it->second.push_back(headers_.add(vxlan));
  if (!limits.allow_ipip_from_workloads) it->second.push_back(headers_.add(ipip));
  return it->second;
}

Stacks::TierParts& Stacks::parts_of(const calc::TierPtr& tier) {
  const auto [it, fresh] = parts_.try_emplace(tier);
  if (!fresh) return it->second;
  TierParts& parts = it->second;
  for (const bool ingress : {false, true}) {
    parts.tiers[ingress] = tiers_.of(*tier, ingress);
    if (parts.tiers[ingress]) parts.policies[ingress].resize(parts.tiers[ingress]->policies.size());
  }
  return parts;
}

void Stacks::push_tier(const ProgramTier& tier, std::vector<LayerPtr>& known, size_t element,
                       Stack& stack) {
  auto& out = stack.tiers.emplace_back();
  out.denies_rest = tier.denies_rest;
  for (size_t i = 0; i < known.size(); ++i) {
    const RuleMatches& policy = *tier.policies[i];
    if (known[i] && known[i]->dropped) known[i].reset();
    if (!known[i] && !policy.asks_local) known[i] = layers_.get(part_of(policy), element);
    out.policies.push_back(known[i] ? known[i].get() : unshared(part_of(policy), element));
  }
}

const Stacks::Sections& Stacks::sections_of(Symbol host) {
  const auto [it, fresh] = hosts_.try_emplace(host);
  if (fresh)
    for (const bool ingress : {false, true})
      it->second[ingress] = host_sections(state_, host, ingress, tiers_, sets_);
  return it->second;
}

void Stacks::add_profiles(const WorkloadEndpoint& workload, bool ingress, Program& part) const {
  for (const Symbol profile : workload.profile_ids)
    if (const auto* compiled = rules_.profile(profile)) {
      part.profiles.push_back(&compiled->of(ingress));
      part.profile_names.push_back(profile);
    }
}

Stack::Kind Stacks::kind_of(const EndpointInfo& endpoint) const {
  if (unknown_.concerns(endpoint.name) && unknown_.policy_unknown(endpoint.name))
    return Stack::Kind::untold;
  return endpoint.endpoint.workload().state.view() == "active" ? Stack::Kind::asked
                                                               : Stack::Kind::down;
}

Stack Stacks::of(size_t element, bool ingress) {
  const EndpointInfo& endpoint = endpoint_of(element);
  Stack out;
  out.kind = kind_of(endpoint);
  if (out.kind != Stack::Kind::asked) return out;
  if (!ingress) out.denied_first = &limits_of(endpoint.name.host);
  ProgramTierPtr last;
  for (const auto& tier : state_.tiers_of(endpoint.endpoint)) {
    TierParts& parts = parts_of(tier);
    if (!parts.tiers[ingress]) continue;
    last = parts.tiers[ingress];
    push_tier(*last, parts.policies[ingress], element, out);
  }
  push_profiles(element, ingress, std::move(last), out);
  if (state_.host_endpoints(endpoint.name.host))
    for (const auto& section : sections_of(endpoint.name.host)[ingress])
      out.others.push_back(unshared(part_of(section, ingress), element));
  return out;
}

// Where profiles ask what the last tier passed, they are one layer with it.
void Stacks::push_profiles(size_t element, bool ingress, ProgramTierPtr last, Stack& stack) {
  const WorkloadEndpoint& workload = endpoint_of(element).endpoint.workload();
  LayerPtr& shared = profiles_[workload.profile_ids][ingress];
  if (shared && !shared->dropped) return stack.others.push_back(shared.get());
  shared.reset();
  Program part = part_of(ingress);
  part.asks_profiles = true;
  add_profiles(workload, ingress, part);
  bool passes = false;
  for (const RuleMatches* rules : part.profiles) {
    passes = passes || rules->passes;
    part.asks_local = part.asks_local || rules->asks_local;
  }
  if (passes && last) {
    stack.tiers.pop_back();
    for (const RuleMatches* rules : last->policies)
      part.asks_local = part.asks_local || rules->asks_local;
    part.tiers = {std::move(last)};
  }
  if (!passes && !part.asks_local) shared = layers_.get(part, element);
  stack.others.push_back(shared ? shared.get() : unshared(part, element));
}

const Layer* Stacks::unshared(const Program& part, size_t element) {
  any_unshared_ = true;
  return layers_.get(part, element).get();
}

void Stacks::prepare(size_t element) {
  for (const bool ingress : {false, true}) of(element, ingress);
}

void Stacks::prepare(const RuleMatches& policy) {
  if (!policy.asks_local && !policy.rules.empty()) layers_.get(part_of(policy), 0);
}

Program Stacks::program_of(size_t element, bool ingress) {
  const EndpointInfo& endpoint = endpoint_of(element);
  Program out;
  const Stack::Kind kind = kind_of(endpoint);
  if (kind == Stack::Kind::untold) return out;
  out.ingress = ingress;
  out.down = kind == Stack::Kind::down;
  if (!ingress) out.denied_first = limits_of(endpoint.name.host);
  for (const auto& tier : state_.tiers_of(endpoint.endpoint))
    if (const auto& one = parts_of(tier).tiers[ingress]) out.tiers.push_back(one);
  add_profiles(endpoint.endpoint.workload(), ingress, out);
  if (state_.host_endpoints(endpoint.name.host))
    out.host_sections = sections_of(endpoint.name.host)[ingress];
  return out;
}

// Lists that name one of them.
void Stacks::forget_profiles(const std::set<Symbol>& changed) {
  absl::erase_if(profiles_, [&](const auto& entry) {
    return std::any_of(entry.first.begin(), entry.first.end(),
                       [&](Symbol profile) { return changed.contains(profile); });
  });
}

void Stacks::sweep() {
  if (layers_.size() + parts_.size() <= 2 * kept_ + 64) return;
  absl::erase_if(parts_, [](const auto& entry) { return entry.first.use_count() == 1; });
  std::vector<const Layer*> used;
  for (const auto& [tier, parts] : parts_)
    for (const auto& policies : parts.policies)
      for (const LayerPtr& layer : policies) used.push_back(layer.get());
  for (const auto& [profiles, pair] : profiles_)
    for (const LayerPtr& layer : pair) used.push_back(layer.get());
  if (any_unshared_) {
    for (const size_t element : addresses_.endpoints())
      for (const bool ingress : {false, true}) {
        const Stack stack = of(element, ingress);
        for (const auto& tier : stack.tiers)
          used.insert(used.end(), tier.policies.begin(), tier.policies.end());
        used.insert(used.end(), stack.others.begin(), stack.others.end());
      }
  }
  std::sort(used.begin(), used.end());
  layers_.drop_others(used);
  tiers_.forget_unused();
  kept_ = layers_.size() + parts_.size();
}

}  // namespace felixsim::reach
