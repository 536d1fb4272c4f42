// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/family_updater.h"

#include "sim/analysis/reach/host_policy.h"

namespace felixsim::reach {
namespace {

// What tells programs apart: lists of rules by address, each tier with its end, and what the rules
// find at the endpoint itself.
std::vector<uint64_t> identity_of(const Program& program, size_t element) {
  std::vector<uint64_t> identity{program.ingress ? 1u : 0u, program.down ? 1u : 0u};
  const auto add = [&](const RuleMatches* rules) {
    identity.push_back(reinterpret_cast<uintptr_t>(rules));
  };
  const auto add_tiers = [&](const std::vector<ProgramTier>& tiers) {
    for (const auto& tier : tiers) {
      for (const auto* policy : tier.policies) add(policy);
      identity.push_back(tier.denies_rest ? 1 : 0);
    }
  };
  add_tiers(program.tiers);
  for (const auto* profile : program.profiles) add(profile);
  for (const auto& section : program.host_sections) {
    identity.push_back((section.surely ? 5u : 4u) + (section.untold ? 2u : 0u));
    identity.push_back(reinterpret_cast<uintptr_t>(section.never.get()));
    add_tiers(section.tiers);
  }
  identity.push_back(program.denied_first.size());
  identity.insert(identity.end(), program.denied_first.begin(), program.denied_first.end());
  const auto answers = local_answers(program, element);
  identity.insert(identity.end(), answers.begin(), answers.end());
  return identity;
}

std::vector<size_t> listed(const Bits& bits) {
  std::vector<size_t> out;
  for (size_t i = bits.find_first(); i != Bits::npos; i = bits.find_next(i)) out.push_back(i);
  return out;
}

}  // namespace

FamilyUpdater::FamilyUpdater(const ClusterState& state, const MatrixOptions& options,
                             const std::vector<EndpointInfo>& endpoints,
                             const UnknownLabels& unknown, FamilyMatrix& out)
    : state_(state),
      options_(options),
      endpoints_(endpoints),
      unknown_(unknown),
      out_(out),
      sets_(state, unknown, endpoints, out.addresses, out.headers),
      rules_(std::make_shared<CompiledRules>()) {
  out_.rules = rules_;
  const bool v4 = out_.addresses.family() == IpFamily::v4;
  for (const Number cut : v4 ? options_.cuts_v4 : options_.cuts_v6) out_.addresses.add_cut(cut);
}

void FamilyUpdater::update(const Changes& changes, const EndpointsMoved& moved) {
  ++update_;
  move_endpoints(moved);
  update_nets(changes);
  const std::vector<size_t> renewed = out_.addresses.build();
  grow();
  Bits dirty(out_.addresses.size());
  sets_.update({update_, changes, renewed}, dirty);
  const auto came = rules_->compile(state_, changes, update_, sets_, out_.headers);
  if (update_ == 1)
    for (const auto& match : options_.told_apart) out_.headers.add(match);
  if (changes.limits) encapsulation_.clear();
  if (encapsulation_.empty()) {
    for (const auto& endpoint : endpoints_) encapsulation_of(endpoint.name.host);
  } else {
    for (const size_t endpoint : moved.renewed) encapsulation_of(endpoints_[endpoint].name.host);
  }
  follow_headers(out_.headers.build());
  if (update_ == 1) first_conditions_ = out_.headers.conditions().size();
  for (const size_t element : renewed) regroup_.set(element);
  if (changes.limits) regroup_ |= out_.addresses.live();
  if (!changes.hosts.empty())
    for (const size_t element : out_.addresses.endpoints())
      if (changes.hosts.contains(endpoint_of(element).name.host)) regroup_.set(element);
  find_changed_policies(came, dirty);
  regroup();
  evaluate_groups(renewed, dirty);
  rules_->drop_gone(state_, changes);
}

bool FamilyUpdater::worn_out() const {
  return out_.headers.conditions().size() > 2 * first_conditions_ + 64;
}

// Elements of endpoints that are gone go; those of others get their numbers.
void FamilyUpdater::move_endpoints(const EndpointsMoved& moved) {
  std::map<size_t, std::vector<size_t>> elements;
  for (const size_t endpoint : moved.renewed) elements[endpoint];
  const std::vector<size_t> all = out_.addresses.endpoints();
  for (const size_t element : all) {
    const int to = moved.to[static_cast<size_t>(out_.addresses.elements()[element].endpoint)];
    if (to < 0) {
      out_.addresses.remove_endpoint(element);
      continue;
    }
    out_.addresses.renumber_endpoint(element, to);
    if (const auto it = elements.find(static_cast<size_t>(to)); it != elements.end())
      it->second.push_back(element);
  }
  for (auto& [endpoint, list] : elements) renew_addresses(endpoint, std::move(list));
}

void FamilyUpdater::renew_addresses(size_t endpoint, std::vector<size_t> elements) {
  const EndpointInfo& info = endpoints_[endpoint];
  const bool v4 = out_.addresses.family() == IpFamily::v4;
  for (const Cidr& net : v4 ? info.endpoint.workload().ipv4_nets
                            : info.endpoint.workload().ipv6_nets) {
    const auto same = std::find_if(elements.begin(), elements.end(), [&](size_t element) {
      return out_.addresses.elements()[element].first == number_of(net.address);
    });
    if (same == elements.end()) {
      out_.addresses.add_endpoint(static_cast<int>(endpoint), net.address, info.address_unknown);
    } else {
      regroup_.set(*same);
      elements.erase(same);
    }
  }
  for (const size_t element : elements) out_.addresses.remove_endpoint(element);
}

void FamilyUpdater::update_nets(const Changes& changes) {
  const IpFamily family = out_.addresses.family();
  rules_->update_nets(state_, changes, out_.addresses);
  for (const auto& [id, change] : changes.ip_sets)
    for (const auto& moved : change) {
      for (const auto& member : moved.came)
        if (member.cidr.address.family == family) out_.addresses.add_net(member.cidr);
      for (const auto& member : moved.went)
        if (member.cidr.address.family == family) out_.addresses.remove_net(member.cidr);
    }
}

// Everything has room for all elements.
void FamilyUpdater::grow() {
  const size_t size = out_.addresses.size();
  if (regroup_.size() == size) return;
  regroup_.resize(size);
  out_.ingress.resize(size, -1);
  out_.egress.resize(size, -1);
  for (auto& group : out_.groups)
    for (auto& part : group) part.peers.resize(size);
}

void FamilyUpdater::follow_headers(const std::vector<size_t>& cut_off_of) {
  if (cut_off_of.empty()) return;
  const size_t before = out_.headers.size() - cut_off_of.size();
  const auto follow = [&](Bits& headers) {
    headers.resize(out_.headers.size());
    for (size_t i = 0; i < cut_off_of.size(); ++i)
      if (headers.test(cut_off_of[i])) headers.set(before + i);
  };
  for (auto& group : out_.groups)
    for (auto& part : group) follow(part.headers);
  for (auto& group : groups_)
    for (auto& cell : group.cells) follow(cell.headers);
}

// felix/rules/endpoints.go: what would enter an overlay past all policy.
std::vector<size_t> FamilyUpdater::encapsulation_of(Symbol host) {
  const auto [it, fresh] = encapsulation_.try_emplace(host);
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

// Whose endpoints may now be alike others: the groups that ask what changed, where rules ask about
// the endpoint itself or went; and endpoints with a profile that came.
void FamilyUpdater::find_changed_policies(const std::vector<Symbol>& profiles_that_came,
                                          const Bits& dirty) {
  std::vector<char> all(groups_.size(), 0), dirty_ones(groups_.size(), 0);
  bool any = false;
  for (size_t g = 0; g < groups_.size(); ++g) {
    Program& program = out_.programs[g];
    bool asks = program.asks_local;
    for_each_policy(program, [&](const RuleMatches& rules) {
      if (rules.changed != update_) return;
      asks = asks || rules.asks_local;
      all[g] = all[g] || rules.gone || rules.asks_local || rules.asked_local ||
               !program.host_sections.empty();
    });
    program.asks_local = asks;
    dirty_ones[g] = asks;
    any = any || all[g] || asks;
    if (all[g]) numbers_.erase(groups_[g].identity);  // its endpoints may no longer be alike
  }
  for (const size_t element : out_.addresses.endpoints()) {
    for (const int group : {out_.ingress[element], out_.egress[element]}) {
      if (!any || group < 0) continue;
      const auto g = static_cast<size_t>(group);
      if (all[g] || (dirty_ones[g] && dirty.test(element))) regroup_.set(element);
    }
    if (profiles_that_came.empty()) continue;
    const auto& endpoint = endpoint_of(element);
    for (const Symbol profile : endpoint.endpoint.workload().profile_ids)
      if (std::find(profiles_that_came.begin(), profiles_that_came.end(), profile) !=
          profiles_that_came.end())
        regroup_.set(element);
  }
}

void FamilyUpdater::regroup() {
  for (const size_t element : listed(regroup_)) {
    const Element& what = out_.addresses.elements()[element];
    const bool has_policy = !what.vacant && what.endpoint >= 0;
    for (const bool ingress : {true, false}) {
      int& place = ingress ? out_.ingress[element] : out_.egress[element];
      const int group = has_policy ? group_of(element, ingress) : -1;
      if (group == place) continue;
      const int before = std::exchange(place, group);
      if (group >= 0) ++groups_[static_cast<size_t>(group)].members;
      if (before >= 0) leave(before, element, ingress);
    }
  }
  regroup_.reset();
}

Program FamilyUpdater::program_of(const EndpointInfo& endpoint, bool ingress) {
  const WorkloadEndpoint& workload = endpoint.endpoint.workload();
  Program program;
  program.ingress = ingress;
  program.down = workload.state.view() != "active";
  if (!ingress) program.denied_first = encapsulation_of(endpoint.name.host);
  program.tiers = workload_tiers(endpoint.endpoint.tiers(), ingress, *rules_);
  for (const Symbol profile : workload.profile_ids)
    if (const auto* compiled = rules_->profile(profile)) {
      program.profiles.push_back(&compiled->of(ingress));
      program.profile_names.push_back(profile);
    }
  for_each_policy(program, [&](const RuleMatches& rules) {
    program.asks_local = program.asks_local || rules.asks_local;
  });
  program.host_sections = host_sections(state_, endpoint.name.host, ingress, *rules_, sets_);
  // Rules of both directions are asked there, whose own side may be either.
  program.asks_local = program.asks_local || !program.host_sections.empty();
  return program;
}

int FamilyUpdater::group_of(size_t element, bool ingress) {
  const auto& endpoint = endpoint_of(element);
  if (unknown_.concerns(endpoint.name) && unknown_.policy_unknown(endpoint.name))
    return untold_group();
  Program program = program_of(endpoint, ingress);
  auto identity = identity_of(program, element);
  if (const auto known = numbers_.find(identity); known != numbers_.end()) return known->second;
  const int group = add_group(std::move(program), element);
  groups_[static_cast<size_t>(group)].identity = identity;
  numbers_.emplace(std::move(identity), group);
  return group;
}

int FamilyUpdater::add_group(Program program, size_t element) {
  size_t number = groups_.size();
  if (vacant_groups_.empty()) {
    groups_.emplace_back();
    out_.groups.emplace_back();
    out_.programs.emplace_back();
    out_.representatives.emplace_back();
  } else {
    number = vacant_groups_.back();
    vacant_groups_.pop_back();
  }
  groups_[number] = Group{{}, 0, {}, true};
  out_.programs[number] = std::move(program);
  out_.representatives[number] = element;
  return static_cast<int>(number);
}

// Nobody knows which policies apply.
int FamilyUpdater::untold_group() {
  if (untold_ < 0) {
    untold_ = add_group({}, 0);
    const auto group = static_cast<size_t>(untold_);
    groups_[group].fresh = false;
    AllowedPart part{Bits(out_.headers.size()),
                     {Bits(out_.addresses.size()), out_.addresses.live()}};
    part.headers.set();
    out_.groups[group] = {std::move(part)};
  }
  return untold_;
}

void FamilyUpdater::leave(int number, size_t element, bool ingress) {
  const auto g = static_cast<size_t>(number);
  Group& group = groups_[g];
  if (--group.members > 0) {
    if (out_.representatives[g] != element) return;
    const auto& places = ingress ? out_.ingress : out_.egress;
    const auto other = std::find(places.begin(), places.end(), number);
    out_.representatives[g] = static_cast<size_t>(other - places.begin());
    return;
  }
  if (const auto known = numbers_.find(group.identity);
      known != numbers_.end() && known->second == number)
    numbers_.erase(known);
  group = Group{};
  out_.groups[g].clear();
  out_.programs[g] = Program{};
  vacant_groups_.push_back(g);
}

void FamilyUpdater::evaluate_whole(size_t g) {
  Group& group = groups_[g];
  group.fresh = false;
  group.cells = cells_of(out_.programs[g], out_.representatives[g], out_.headers);
  out_.groups[g] = evaluate(group.cells, out_.programs[g], out_.headers, out_.addresses.live());
}

// Of the elements that changed, those that are now like one that did not; `others`: the rest.
std::vector<AlikeElement> FamilyUpdater::find_alike(const Bits& dirty,
                                                    std::vector<size_t>& others) const {
  const Bits& live = out_.addresses.live();
  const auto& signatures = sets_.signatures();
  std::vector<AlikeElement> out;
  absl::flat_hash_map<Signature, size_t> wanted;  // where in the elements that did not change
  for (const size_t element : listed(dirty))
    if (live.test(element)) wanted.emplace(signatures[element], Bits::npos);
  if (!wanted.empty())
    for (const size_t element : listed(live - dirty))
      if (const auto it = wanted.find(signatures[element]); it != wanted.end())
        it->second = element;
  for (const size_t element : listed(dirty)) {
    const size_t like = live.test(element) ? wanted.at(signatures[element]) : Bits::npos;
    if (like == Bits::npos && live.test(element))
      others.push_back(element);
    else
      out.push_back({element, like});
  }
  return out;
}

void FamilyUpdater::ask_columns(const std::vector<size_t>& groups,
                                const std::vector<size_t>& elements) {
  for (size_t begin = 0; begin < elements.size() && !groups.empty(); begin += Bits::word_bits) {
    const auto first = elements.begin() + static_cast<std::ptrdiff_t>(begin);
    const size_t count = std::min(Bits::word_bits, elements.size() - begin);
    const std::vector<size_t> some(first, first + static_cast<std::ptrdiff_t>(count));
    sets_.look_at(some);
    for (const size_t g : groups)
      columns_.evaluate(groups_[g].cells, out_.programs[g], out_.headers, out_.addresses.live(),
                        some, out_.groups[g]);
  }
}

void FamilyUpdater::evaluate_groups(const std::vector<size_t>& renewed, const Bits& dirty) {
  constexpr size_t too_many = 8 * Bits::word_bits;  // columns cost more than the whole
  const size_t count = dirty.count();
  std::vector<size_t> by_column;
  for (size_t g = 0; g < groups_.size(); ++g) {
    if (groups_[g].members == 0 || static_cast<int>(g) == untold_) continue;
    bool changed = groups_[g].fresh, touched = !renewed.empty();
    for_each_policy(out_.programs[g], [&](const RuleMatches& rules) {
      changed = changed || rules.changed == update_;
      touched = touched || rules.touched == update_;
    });
    if (changed || (touched && count > too_many))
      evaluate_whole(g);
    else if (touched)
      by_column.push_back(g);
  }
  if (by_column.empty()) return;
  std::vector<size_t> others;
  const std::vector<AlikeElement> alike = find_alike(dirty, others);
  for (const size_t g : by_column) copy_columns(alike, groups_[g].cells, out_.groups[g]);
  ask_columns(by_column, others);
}

}  // namespace felixsim::reach
