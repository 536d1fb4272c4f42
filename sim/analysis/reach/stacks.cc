// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/stacks.h"

#include "sim/analysis/reach/host_policy.h"

namespace felixsim::reach {
namespace {

bool asks_local(const ProgramTier& tier) {
  return std::any_of(tier.policies.begin(), tier.policies.end(),
                     [](const RuleMatches* rules) { return rules->asks_local; });
}

Program part_of(bool ingress) {
  Program part;
  part.ingress = ingress;
  part.asks_profiles = false;
  return part;
}

Program part_of(const ProgramTierPtr& tier, bool ingress) {
  Program part = part_of(ingress);
  part.tiers = {tier};
  part.asks_local = asks_local(*tier);
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

const Stacks::TierParts& Stacks::parts_of(const calc::TierPtr& tier) {
  const auto [it, fresh] = parts_.try_emplace(tier);
  if (!fresh) return it->second;
  TierParts& parts = it->second;
  for (const bool ingress : {false, true}) {
    parts.tiers[ingress] = tiers_.of(*tier, ingress);
    if (parts.tiers[ingress] && !asks_local(*parts.tiers[ingress]))
      parts.layers[ingress] = layers_.get(part_of(parts.tiers[ingress], ingress), 0);
  }
  return parts;
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
  for (const auto& tier : endpoint.endpoint.tiers()) {
    const TierParts& parts = parts_of(tier);
    if (!parts.tiers[ingress]) continue;
    last = parts.tiers[ingress];
    const Layer* layer = parts.layers[ingress];
    out.layers.push_back(layer ? layer : unshared(part_of(last, ingress), element));
  }
  push_profiles(element, ingress, std::move(last), out);
  if (state_.host_endpoints(endpoint.name.host))
    for (const auto& section : sections_of(endpoint.name.host)[ingress])
      out.layers.push_back(unshared(part_of(section, ingress), element));
  return out;
}

// Where profiles ask what the last tier passed, they are one layer with it.
void Stacks::push_profiles(size_t element, bool ingress, ProgramTierPtr last, Stack& stack) {
  const WorkloadEndpoint& workload = endpoint_of(element).endpoint.workload();
  const Layer*& shared = profiles_[workload.profile_ids][ingress];
  if (shared) return stack.layers.push_back(shared);
  Program part = part_of(ingress);
  part.asks_profiles = true;
  add_profiles(workload, ingress, part);
  bool passes = false;
  for (const RuleMatches* rules : part.profiles) {
    passes = passes || rules->passes;
    part.asks_local = part.asks_local || rules->asks_local;
  }
  any_profile_passes_ = any_profile_passes_ || passes;
  if (passes && last) {
    stack.layers.pop_back();
    part.asks_local = part.asks_local || asks_local(*last);
    part.tiers = {std::move(last)};
  }
  if (!passes && !part.asks_local) shared = layers_.get(part, element);
  stack.layers.push_back(shared ? shared : unshared(part, element));
}

const Layer* Stacks::unshared(const Program& part, size_t element) {
  any_unshared_ = true;
  return layers_.get(part, element);
}

void Stacks::prepare(size_t element, bool tiers_only) {
  // Only layers that are shared are made beside those of tiers.
  bool others = !tiers_only || any_profile_passes_;
  for (const auto& tier : endpoint_of(element).endpoint.tiers()) {
    const TierParts& parts = parts_of(tier);
    for (const bool ingress : {false, true})
      others = others || (parts.tiers[ingress] && !parts.layers[ingress]);
  }
  if (!others) return;
  for (const bool ingress : {false, true}) of(element, ingress);
}

Program Stacks::program_of(size_t element, bool ingress) {
  const EndpointInfo& endpoint = endpoint_of(element);
  Program out;
  const Stack::Kind kind = kind_of(endpoint);
  if (kind == Stack::Kind::untold) return out;
  out.ingress = ingress;
  out.down = kind == Stack::Kind::down;
  if (!ingress) out.denied_first = limits_of(endpoint.name.host);
  for (const auto& tier : endpoint.endpoint.tiers())
    if (const auto& one = parts_of(tier).tiers[ingress]) out.tiers.push_back(one);
  add_profiles(endpoint.endpoint.workload(), ingress, out);
  if (state_.host_endpoints(endpoint.name.host))
    out.host_sections = sections_of(endpoint.name.host)[ingress];
  return out;
}

void Stacks::forget(const PolicyKey& policy) {
  tiers_.forget(policy);
  absl::erase_if(parts_, [&](const auto& entry) {
    const auto has = [&](const std::vector<PolicyKey>& list) {
      return std::find(list.begin(), list.end(), policy) != list.end();
    };
    return has(entry.first->ingress) || has(entry.first->egress);
  });
}

void Stacks::forget(const std::vector<const Layer*>& dropped) {
  if (dropped.empty()) return;
  const auto any_dropped = [&](const LayerPair& pair) {
    return std::any_of(pair.begin(), pair.end(), [&](const Layer* layer) {
      return std::binary_search(dropped.begin(), dropped.end(), layer);
    });
  };
  absl::erase_if(parts_, [&](const auto& entry) { return any_dropped(entry.second.layers); });
  absl::erase_if(profiles_, [&](const auto& entry) { return any_dropped(entry.second); });
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
    used.insert(used.end(), parts.layers.begin(), parts.layers.end());
  for (const auto& [profiles, pair] : profiles_) used.insert(used.end(), pair.begin(), pair.end());
  if (any_unshared_) {
    for (const size_t element : addresses_.endpoints())
      for (const bool ingress : {false, true}) {
        const Stack stack = of(element, ingress);
        used.insert(used.end(), stack.layers.begin(), stack.layers.end());
      }
  }
  std::sort(used.begin(), used.end());
  layers_.drop_others(used);
  tiers_.forget_unused();
  kept_ = layers_.size() + parts_.size();
}

}  // namespace felixsim::reach
