// SPDX-License-Identifier: Apache-2.0
// What a cluster's state holds of endpoints after events is what one holds that was given all at
// once, and what the events did not touch stays the same object.
#include "sim/analysis/reach/state.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <random>

using namespace felixsim;

namespace {

class RandomUpdates {
 public:
  explicit RandomUpdates(uint64_t seed) : random_(seed) {}

  // Endpoints go and come in the same batch, and take over each other's places.
  std::vector<Update> next() {
    std::vector<Update> out;
    for (size_t i = 1 + below(8); i > 0; --i) out.push_back(update());
    for (const auto& one : out) {
      if (one.value)
        datastore_[one.key] = one.value;
      else
        datastore_.erase(one.key);
    }
    return out;
  }
  std::vector<Update> all() const {
    std::vector<Update> out;
    for (const auto& [key, value] : datastore_) out.push_back({key, value});
    return out;
  }

 private:
  size_t below(size_t count) { return random_() % count; }
  Symbol one_of(std::initializer_list<const char*> texts) {
    return Symbol(*(texts.begin() + below(texts.size())));
  }

  Update update() {
    switch (below(8)) {
      case 0:
        // None is deleted: its default action would stay while it holds policies.
        return {TierKey{one_of({"front", "back", "default"})}, tier()};
      case 1:
      case 2:
        return {PolicyKey{Symbol("GlobalNetworkPolicy"), {}, Symbol(fmt::format("p{}", below(8)))},
                below(3) == 0 ? nullptr : policy()};
      default:
        return {WorkloadEndpointKey{one_of({"node-a", "node-b"}), Symbol("k8s"),
                                    Symbol(fmt::format("ns/pod{}", below(24))), Symbol("eth0")},
                below(3) == 0 ? nullptr : endpoint()};
    }
  }
  ValuePtr tier() {
    return std::make_shared<const Value>(
        Tier{static_cast<double>(below(3)), one_of({"Pass", "Deny"})});
  }
  ValuePtr policy() {
    Policy policy;
    policy.tier = one_of({"front", "back", "default", "ghost"});
    policy.order = static_cast<double>(below(3));
    policy.selector = one_of({"all()", "app == 'a'", "app == 'b'", "app != 'a'"});
    policy.types = {"ingress"};  // of all, so that another order shows
    if (below(2) == 0) policy.types.emplace_back("egress");
    return std::make_shared<const Value>(std::move(policy));
  }
  ValuePtr endpoint() {
    WorkloadEndpoint endpoint;
    endpoint.state = Symbol("active");
    endpoint.name = Symbol(fmt::format("cali{}", below(1000)));
    endpoint.ipv4_nets = {*Cidr::parse(fmt::format("10.0.0.{}/32", below(250)))};
    endpoint.labels =
        std::make_shared<const LabelMap>(LabelMap{{Symbol("app"), one_of({"a", "b", "c"})}});
    return std::make_shared<const Value>(std::move(endpoint));
  }

  std::mt19937_64 random_;
  std::map<Key, ValuePtr> datastore_;
};

struct Seen {
  ValuePtr value;
  calc::TierPtrs tiers;
};
using Endpoints = std::map<reach::EndpointName, Seen>;

Endpoints endpoints_of(const reach::ClusterState& state) {
  Endpoints out;
  for (const auto& [name, endpoint] : state.endpoints())
    out[name] = {endpoint.value, state.tiers_of(endpoint)};
  return out;
}

std::string text(const Endpoints& endpoints) {
  std::string out;
  for (const auto& [name, endpoint] : endpoints) {
    out += fmt::format("{} {} {}:", name.workload.view(), name.host.view(),
                       std::get<WorkloadEndpoint>(*endpoint.value).name.view());
    for (const auto& tier : endpoint.tiers) {
      out += fmt::format(" {}({})", tier->name.view(), tier->default_action.view());
      for (const auto* list : {&tier->ingress, &tier->egress})
        for (const auto& policy : *list) out += fmt::format(" {}", policy.name.view());
    }
    out += "\n";
  }
  return out;
}

// Endpoints with a tier that is equal to the one before, but not the same object.
std::string needlessly_new(const Endpoints& before, const Endpoints& after) {
  std::string out;
  for (const auto& [name, endpoint] : after) {
    const auto old = before.find(name);
    if (old == before.end()) continue;
    for (const auto& tier : endpoint.tiers)
      for (const auto& known : old->second.tiers)
        if (*known == *tier && known != tier) out += name.workload.str() + " ";
  }
  return out;
}

// Endpoints whose value is not as before.
std::vector<reach::EndpointName> changed(const Endpoints& before, const Endpoints& after) {
  std::vector<reach::EndpointName> out;
  for (const auto& [name, endpoint] : after) {
    const auto old = before.find(name);
    if (old == before.end() || old->second.value != endpoint.value) out.push_back(name);
  }
  for (const auto& [name, endpoint] : before)
    if (!after.contains(name)) out.push_back(name);
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

TEST_CASE("endpoints have the tiers that they have in a state made of the whole datastore") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    RandomUpdates updates(seed);
    reach::ClusterState state;
    for (int step = 0; step < 60; ++step) {
      INFO(fmt::format("seed {}, step {}", seed, step));
      const Endpoints before = endpoints_of(state);
      const auto names = state.update(updates.next()).endpoints;
      reach::ClusterState whole;
      whole.update(updates.all());
      const Endpoints after = endpoints_of(state);
      REQUIRE(text(after) == text(endpoints_of(whole)));
      REQUIRE(needlessly_new(before, after) == "");
      REQUIRE(std::is_sorted(names.begin(), names.end()));
      REQUIRE(std::adjacent_find(names.begin(), names.end()) == names.end());
      const auto seen = changed(before, after);
      REQUIRE(std::includes(names.begin(), names.end(), seen.begin(), seen.end()));
    }
  }
}
