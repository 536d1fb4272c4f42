// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/family_updater.h"

#include "sim/analysis/reach/allowed_by.h"

namespace felixsim::reach {

FamilyUpdater::FamilyUpdater(IpFamily family, const ClusterState& state,
                             const MatrixOptions& options,
                             const std::vector<EndpointInfo>& endpoints,
                             const UnknownLabels& unknown)
    : state_(state),
      options_(options),
      endpoints_(endpoints),
      addresses_(family),
      headers_(family),
      sets_(state, unknown, endpoints, addresses_, headers_),
      rules_(std::make_shared<CompiledRules>()),
      layers_(headers_, addresses_, sets_),
      stacks_(state, endpoints, unknown, *rules_, addresses_, headers_, sets_, layers_) {
  addresses_.set_pools(options_.pools);
  for (const Number cut : family == IpFamily::v4 ? options_.cuts_v4 : options_.cuts_v6)
    addresses_.add_cut(cut);
}

void FamilyUpdater::update(const Changes& changes, const EndpointsMoved& moved) {
  ++update_;
  const bool came_or_went =
      std::any_of(changes.policies.begin(), changes.policies.end(), [&](const PolicyKey& policy) {
        return (rules_->policy(policy) != nullptr) != state_.policies().contains(policy);
      });
  if (came_or_went || !changes.hosts.empty()) stacks_.forget_hosts();
  if (!changes.profiles.empty()) stacks_.forget_profiles(changes.profiles);
  move_endpoints(moved);
  update_nets(changes);
  const Renewed renewed(addresses_.build(), addresses_);
  Bits dirty(addresses_.size());
  sets_.update({update_, changes, renewed}, dirty);
  const RulesUpdate rules = rules_->compile(state_, changes, update_, sets_, headers_);
  update_headers(changes, moved);
  layers_.update(rules, dirty);
  prepare(changes, dirty);
  rules_->drop_old(state_, changes);
}

// Makes the layers that endpoints may now ask for the first time.
void FamilyUpdater::prepare(const Changes& changes, const Bits& dirty) {
  for (const PolicyKey& policy : changes.policies)
    if (const auto* compiled = rules_->policy(policy))
      for (const bool ingress : {false, true}) stacks_.prepare(compiled->of(ingress));
  const auto concerned = [&](const EndpointInfo& endpoint) {
    const auto& ids = endpoint.endpoint.workload().profile_ids;
    return changes.hosts.contains(endpoint.name.host) ||
           std::any_of(ids.begin(), ids.end(),
                       [&](Symbol profile) { return changes.profiles.contains(profile); });
  };
  if (!changes.hosts.empty() || !changes.profiles.empty())
    for (const size_t element : addresses_.endpoints())
      if (concerned(endpoint_of(element))) stacks_.prepare(element);
  // What rules find at the endpoint itself may be other than before.
  for (const size_t element : listed(dirty))
    if (addresses_.live().test(element) && addresses_.elements()[element].endpoint >= 0)
      stacks_.prepare(element);
  for (const size_t element : other_profiles_) stacks_.prepare(element);
  other_profiles_.clear();
  stacks_.sweep();
}

Tri FamilyUpdater::allowed(size_t source, size_t destination) {
  Tri out = Tri::all(headers_.size());
  const auto restrict_to = [&](size_t own, size_t peer, bool ingress) {
    if (addresses_.elements()[own].endpoint >= 0)
      out &= allowed_by(stacks_.of(own, ingress), headers_, peer);
  };
  restrict_to(source, destination, false);
  restrict_to(destination, source, true);
  return out;
}

FamilyMatrix FamilyUpdater::written_out() {
  FamilyMatrix out(addresses_, headers_);
  find_groups(stacks_, out);
  out.rules = rules_;
  return out;
}

void FamilyUpdater::update_headers(const Changes& changes, const EndpointsMoved& moved) {
  if (update_ == 1)
    for (const auto& match : options_.told_apart) headers_.add(match);
  if (changes.limits) stacks_.forget_limits();
  if (!stacks_.knows_limits()) {
    for (const auto& endpoint : endpoints_) stacks_.add_limits(endpoint.name.host);
  } else {
    for (const size_t endpoint : moved.renewed) stacks_.add_limits(endpoints_[endpoint].name.host);
  }
  const auto cut_off_of = headers_.build();
  if (!cut_off_of.empty()) layers_.follow_headers(cut_off_of);
  if (update_ == 1) first_conditions_ = headers_.conditions().size();
}

bool FamilyUpdater::worn_out() const {
  return headers_.conditions().size() > 2 * first_conditions_ + 64;
}

// Elements of endpoints that are gone go; those of others get their numbers.
void FamilyUpdater::move_endpoints(const EndpointsMoved& moved) {
  if (moved.to.empty() && moved.renewed.empty()) return;
  std::map<size_t, std::vector<size_t>> elements;
  for (const size_t endpoint : moved.renewed) elements[endpoint];
  std::vector<char> other_profiles(endpoints_.size(), 0);
  for (const size_t endpoint : moved.other_profiles) other_profiles[endpoint] = 1;
  const std::vector<size_t> all = addresses_.endpoints();
  for (const size_t element : all) {
    const int to = moved.to[static_cast<size_t>(addresses_.elements()[element].endpoint)];
    if (to < 0) {
      addresses_.remove_endpoint(element);
      continue;
    }
    addresses_.renumber_endpoint(element, to);
    const auto endpoint = static_cast<size_t>(to);
    if (other_profiles[endpoint] != 0) other_profiles_.push_back(element);
    if (elements.empty()) continue;
    if (const auto it = elements.find(endpoint); it != elements.end())
      it->second.push_back(element);
  }
  for (auto& [endpoint, list] : elements) renew_addresses(endpoint, std::move(list));
}

void FamilyUpdater::renew_addresses(size_t endpoint, std::vector<size_t> elements) {
  const EndpointInfo& info = endpoints_[endpoint];
  const bool v4 = addresses_.family() == IpFamily::v4;
  for (const Cidr& net :
       v4 ? info.endpoint.workload().ipv4_nets : info.endpoint.workload().ipv6_nets) {
    const auto same = std::find_if(elements.begin(), elements.end(), [&](size_t element) {
      return addresses_.elements()[element].first == number_of(net.address);
    });
    if (same == elements.end()) {
      addresses_.add_endpoint(static_cast<int>(endpoint), net.address, info.address_unknown);
    } else {
      other_profiles_.push_back(*same);
      elements.erase(same);
    }
  }
  for (const size_t element : elements) addresses_.remove_endpoint(element);
}

void FamilyUpdater::update_nets(const Changes& changes) {
  const IpFamily family = addresses_.family();
  rules_->update_nets(state_, changes, addresses_);
  for (const auto& [id, change] : changes.ip_sets)
    for (const auto& moved : change) {
      for (const auto& member : moved.came)
        if (member.cidr.address.family == family) addresses_.add_net(member.cidr);
      for (const auto& member : moved.went)
        if (member.cidr.address.family == family) addresses_.remove_net(member.cidr);
    }
}

}  // namespace felixsim::reach
