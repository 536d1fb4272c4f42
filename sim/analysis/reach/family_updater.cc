// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/family_updater.h"

namespace felixsim::reach {

FamilyUpdater::FamilyUpdater(const ClusterState& state, const MatrixOptions& options,
                             const std::vector<EndpointInfo>& endpoints,
                             const UnknownLabels& unknown, FamilyMatrix& out)
    : state_(state),
      options_(options),
      endpoints_(endpoints),
      out_(out),
      sets_(state, unknown, endpoints, out.addresses, out.headers),
      rules_(std::make_shared<CompiledRules>()),
      grouping_(state, endpoints, unknown, *rules_, sets_, out),
      evaluation_(grouping_, sets_, out) {
  out_.rules = rules_;
  const bool v4 = out_.addresses.family() == IpFamily::v4;
  for (const Number cut : v4 ? options_.cuts_v4 : options_.cuts_v6) out_.addresses.add_cut(cut);
}

void FamilyUpdater::update(const Changes& changes, const EndpointsMoved& moved) {
  ++update_;
  for (const auto& policy : changes.policies)
    if ((rules_->policy(policy) != nullptr) != state_.policies().contains(policy))
      grouping_.policy_came_or_went(policy);
  move_endpoints(moved);
  update_nets(changes);
  const std::vector<size_t> renewed = out_.addresses.build();
  grow();
  Bits dirty(out_.addresses.size());
  sets_.update({update_, changes, renewed}, dirty);
  const auto came = rules_->compile(state_, changes, update_, sets_, out_.headers);
  update_headers(changes, moved);
  for (const size_t element : renewed) regroup_.set(element);
  if (changes.limits) regroup_ |= out_.addresses.live();
  if (!changes.hosts.empty())
    for (const size_t element : out_.addresses.endpoints())
      if (changes.hosts.contains(endpoint_of(element).name.host)) regroup_.set(element);
  if (!changes.policies.empty() || !changes.profiles.empty() || !changes.ip_sets.empty() ||
      dirty.any())
    find_changed_policies(came, dirty);
  grouping_.regroup(regroup_);
  regroup_.reset();
  evaluation_.update({update_, !renewed.empty(), dirty, changes.tiers});
  grouping_.drop_empty();
  rules_->drop_old(state_, changes);
}

void FamilyUpdater::update_headers(const Changes& changes, const EndpointsMoved& moved) {
  if (update_ == 1)
    for (const auto& match : options_.told_apart) out_.headers.add(match);
  if (changes.limits) grouping_.forget_limits();
  if (!grouping_.knows_limits()) {
    for (const auto& endpoint : endpoints_) grouping_.denied_first(endpoint.name.host);
  } else {
    for (const size_t endpoint : moved.renewed)
      grouping_.denied_first(endpoints_[endpoint].name.host);
  }
  const auto cut_off_of = out_.headers.build();
  if (!cut_off_of.empty()) evaluation_.follow_headers(cut_off_of);
  if (update_ == 1) first_conditions_ = out_.headers.conditions().size();
}

bool FamilyUpdater::worn_out() const {
  return out_.headers.conditions().size() > 2 * first_conditions_ + 64;
}

// Elements of endpoints that are gone go; those of others get their numbers.
void FamilyUpdater::move_endpoints(const EndpointsMoved& moved) {
  std::map<size_t, std::vector<size_t>> elements;
  for (const size_t endpoint : moved.renewed) elements[endpoint];
  std::vector<char> other_policy(endpoints_.size(), 0);
  for (const size_t endpoint : moved.other_policy) other_policy[endpoint] = 1;
  const std::vector<size_t> all = out_.addresses.endpoints();
  for (const size_t element : all) {
    const int to = moved.to[static_cast<size_t>(out_.addresses.elements()[element].endpoint)];
    if (to < 0) {
      out_.addresses.remove_endpoint(element);
      continue;
    }
    out_.addresses.renumber_endpoint(element, to);
    const auto endpoint = static_cast<size_t>(to);
    if (other_policy[endpoint] != 0) regroup_.set(element);
    if (elements.empty()) continue;
    if (const auto it = elements.find(endpoint); it != elements.end())
      it->second.push_back(element);
  }
  for (auto& [endpoint, list] : elements) renew_addresses(endpoint, std::move(list));
}

void FamilyUpdater::renew_addresses(size_t endpoint, std::vector<size_t> elements) {
  const EndpointInfo& info = endpoints_[endpoint];
  const bool v4 = out_.addresses.family() == IpFamily::v4;
  for (const Cidr& net :
       v4 ? info.endpoint.workload().ipv4_nets : info.endpoint.workload().ipv6_nets) {
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

// Whose endpoints may now be alike others: the groups that ask what changed, where rules ask about
// the endpoint itself or went; and endpoints with a profile that came.
void FamilyUpdater::find_changed_policies(const std::vector<Symbol>& profiles_that_came,
                                          const Bits& dirty) {
  const size_t groups = out_.programs.size();
  std::vector<char> all(groups, 0), dirty_ones(groups, 0);
  bool any = false;
  for (size_t g = 0; g < groups; ++g) {
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
    if (all[g]) grouping_.forget_identity(g);  // its endpoints may no longer be alike
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

}  // namespace felixsim::reach
