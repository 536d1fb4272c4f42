// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/grouping.h"

#include "sim/analysis/reach/host_policy.h"

namespace felixsim::reach {
namespace {

// It asks nothing, but keeps its memory.
void clear(Program& program) {
  program.tiers.clear();
  program.profiles.clear();
  program.profile_names.clear();
  program.host_sections.clear();
  program.denied_first.clear();
  program.asks_local = program.down = false;
}

// What tells programs apart: tiers and rules by address, and what the rules find at the endpoint
// itself.
void find_identity(const Program& program, size_t element, std::vector<uint64_t>& identity) {
  const auto add = [&](const auto* address) {
    identity.push_back(reinterpret_cast<uintptr_t>(address));
  };
  identity.assign({program.ingress ? 1u : 0u, program.down ? 1u : 0u, program.tiers.size()});
  for (const auto& tier : program.tiers) add(tier.get());
  for (const auto* profile : program.profiles) add(profile);
  for (const auto& section : program.host_sections) {
    identity.push_back((section.surely ? 5u : 4u) + (section.untold ? 2u : 0u));
    add(section.never.get());
    identity.push_back(section.tiers.size());
    for (const auto& tier : section.tiers) add(tier.get());
  }
  identity.push_back(program.denied_first.size());
  identity.insert(identity.end(), program.denied_first.begin(), program.denied_first.end());
  const auto answers = local_answers(program, element);
  identity.insert(identity.end(), answers.begin(), answers.end());
}

}  // namespace

Grouping::Grouping(const ClusterState& state, const std::vector<EndpointInfo>& endpoints,
                   const UnknownLabels& unknown, const CompiledRules& rules, ElementSets& sets,
                   FamilyMatrix& out)
    : state_(state),
      endpoints_(endpoints),
      unknown_(unknown),
      rules_(rules),
      sets_(sets),
      out_(out),
      tiers_(rules) {}

// felix/rules/endpoints.go: what would enter an overlay past all policy.
const std::vector<size_t>& Grouping::denied_first(Symbol host) {
  const auto [it, fresh] = denied_first_.try_emplace(host);
  if (!fresh) return it->second;
  const EncapsulationLimits limits = state_.limits(host);
  HeaderMatch vxlan, ipip;
  vxlan.protocol = 17;
  vxlan.destination_ports = {{limits.vxlan_port, limits.vxlan_port}};
  ipip.protocol = 4;
  if (!limits.allow_vxlan_from_workloads) it->second.push_back(out_.headers.add(vxlan));
  if (!limits.allow_ipip_from_workloads) it->second.push_back(out_.headers.add(ipip));
  return it->second;
}

bool Grouping::alike(const EndpointInfo& a, const EndpointInfo& b) {
  const WorkloadEndpoint &x = a.endpoint.workload(), &y = b.endpoint.workload();
  if (x.state != y.state || x.profile_ids != y.profile_ids) return false;
  if (a.name.host == b.name.host) return true;
  return !state_.host_endpoints(a.name.host) && !state_.host_endpoints(b.name.host) &&
         denied_first(a.name.host) == denied_first(b.name.host);
}

Grouping::Kind& Grouping::kind_of(const EndpointInfo& endpoint) {
  const auto& profiles = endpoint.endpoint.workload().profile_ids;
  auto& kinds =
      kinds_[{endpoint.endpoint.policy.get(), profiles.empty() ? Symbol() : profiles.front()}];
  for (Kind& kind : kinds)
    if (alike(*kind.one, endpoint)) return kind;
  kinds.push_back({&endpoint, {-1, -1}});
  return kinds.back();
}

void Grouping::regroup(const Bits& elements) {
  kinds_.clear();
  for (size_t i = elements.find_first(); i != Bits::npos; i = elements.find_next(i)) {
    const Element& what = out_.addresses.elements()[i];
    if (what.vacant || what.endpoint < 0) {
      for (const bool ingress : {true, false}) move(i, ingress, -1);
      continue;
    }
    Kind& kind = kind_of(endpoint_of(i));
    for (const bool ingress : {true, false})
      move(i, ingress, group_of(i, ingress, kind.groups[ingress]));
  }
  find_representatives();
  tiers_.forget_unused();
}

void Grouping::move(size_t element, bool ingress, int group) {
  int& place = ingress ? out_.ingress[element] : out_.egress[element];
  if (group == place) return;
  const int before = std::exchange(place, group);
  if (group >= 0) {
    Group& to = groups_[static_cast<size_t>(group)];
    if (to.members++ == 0) out_.representatives[static_cast<size_t>(group)] = element;
    if (to.fresh && to.from < 0 && before >= 0 && before != untold_) {
      to.from = before;
      ++groups_[static_cast<size_t>(before)].heirs;
    }
  }
  if (before < 0) return;
  const auto b = static_cast<size_t>(before);
  if (--groups_[b].members == 0) {
    empty_.push_back(b);
  } else if (out_.representatives[b] == element) {
    unrepresented_.resize(groups_.size(), 0);
    unrepresented_[b] = 1;
  }
}

void Grouping::find_representatives() {
  if (unrepresented_.empty()) return;
  unrepresented_.resize(groups_.size(), 0);
  for (const size_t element : out_.addresses.endpoints())
    for (const int group : {out_.ingress[element], out_.egress[element]}) {
      if (group < 0 || unrepresented_[static_cast<size_t>(group)] == 0) continue;
      unrepresented_[static_cast<size_t>(group)] = 0;
      out_.representatives[static_cast<size_t>(group)] = element;
    }
  unrepresented_.clear();
}

// Fills `program_`; of its memory nothing is lost.
void Grouping::find_program(const EndpointInfo& endpoint, bool ingress) {
  const WorkloadEndpoint& workload = endpoint.endpoint.workload();
  Program& program = program_;
  clear(program);
  program.ingress = ingress;
  program.down = workload.state.view() != "active";
  if (!ingress) program.denied_first = denied_first(endpoint.name.host);
  for (const auto& tier : endpoint.endpoint.tiers())
    if (auto one = tiers_.of(tier, ingress)) program.tiers.push_back(std::move(one));
  for (const Symbol profile : workload.profile_ids)
    if (const auto* compiled = rules_.profile(profile)) {
      program.profiles.push_back(&compiled->of(ingress));
      program.profile_names.push_back(profile);
    }
  program.host_sections = host_sections(state_, endpoint.name.host, ingress, tiers_, sets_);
  // Rules of both directions are asked there, whose own side may be either.
  program.asks_local = !program.host_sections.empty();
  for_each_policy(program, [&](const RuleMatches& rules) {
    program.asks_local = program.asks_local || rules.asks_local;
  });
}

// `of_kind`: that of all endpoints of this kind, if the rules ask nothing about the endpoint.
int Grouping::group_of(size_t element, bool ingress, int& of_kind) {
  const auto& endpoint = endpoint_of(element);
  if (unknown_.concerns(endpoint.name) && unknown_.policy_unknown(endpoint.name))
    return untold_group();
  if (of_kind >= 0) return of_kind;
  find_program(endpoint, ingress);
  find_identity(program_, element, identity_);
  const auto known = numbers_.find(identity_);
  int group = known == numbers_.end() ? -1 : known->second;
  if (group < 0) {
    group = add_group(element);
    groups_[static_cast<size_t>(group)].identity = identity_;
    numbers_.emplace(identity_, group);
  }
  if (!program_.asks_local) of_kind = group;
  return group;
}

int Grouping::add_group(size_t element) {
  size_t number = groups_.size();
  if (vacant_.empty()) {
    groups_.emplace_back();
    out_.groups.emplace_back();
    out_.programs.emplace_back();
    out_.representatives.emplace_back();
  } else {
    number = vacant_.back();
    vacant_.pop_back();
  }
  groups_[number].fresh = true;
  out_.programs[number] = program_;
  out_.representatives[number] = element;
  return static_cast<int>(number);
}

// Nobody knows which policies apply.
int Grouping::untold_group() {
  if (untold_ < 0) {
    program_ = Program();
    untold_ = add_group(0);
    const auto group = static_cast<size_t>(untold_);
    groups_[group].fresh = false;
    AllowedPart part{Bits(out_.headers.size()),
                     {Bits(out_.addresses.size()), out_.addresses.live()}};
    part.headers.set();
    out_.groups[group] = {std::move(part)};
  }
  return untold_;
}

void Grouping::drop_empty() {
  for (const size_t g : std::exchange(empty_, {})) {
    Group& group = groups_[g];
    if (group.members > 0 || group.identity.empty()) continue;  // taken again; dropped already
    const auto known = numbers_.find(group.identity);
    if (known != numbers_.end() && known->second == static_cast<int>(g)) numbers_.erase(known);
    group = Group();
    out_.groups[g].clear();
    clear(out_.programs[g]);
    vacant_.push_back(g);
  }
}

}  // namespace felixsim::reach
