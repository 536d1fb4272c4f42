// SPDX-License-Identifier: Apache-2.0
// A matrix that followed events says the same as one computed afresh.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <random>

#include "replay/capture/capture.h"
#include "sim/analysis/reach/live_matrix.h"
#include "sim/engine/datastore_view.h"
#include "sim/report/all_pairs.h"
#include "sim/report/explain_text.h"
#include "sim/report/reach_json.h"
#include "tests/sim/analysis/random_cluster.h"

using namespace felixsim;

namespace {

std::vector<DatastoreEvent> events_of(const std::string& manifests) {
  const auto events = import_kubectl_text(manifests, "test", nullptr);
  INFO((events ? std::string() : events.error().message) << manifests);
  REQUIRE(events);
  std::vector<DatastoreEvent> out;
  for (const auto& event : *events)
    if (const auto* change = std::get_if<DatastoreEvent>(&event.body)) out.push_back(*change);
  return out;
}

// Resources of several random clusters: of one name there are several contents, so that putting
// one after the other relabels pods, moves them, replaces policies and sets, reorders tiers.
class RandomEvents {
 public:
  explicit RandomEvents(uint64_t seed) : random_(seed) {
    for (uint64_t cluster = 0; cluster < 4; ++cluster)
      add(testing::RandomCluster(4 * seed + cluster).manifests(), cluster == 0);
    for (const auto& [key, value] :
         {std::pair("/calico/v1/config/VXLANPort", "8472"),
          {"/calico/v1/config/AllowIPIPPacketsFromWorkloads", "true"},
          {"/calico/v1/host/node-a/config/AllowVXLANPacketsFromWorkloads", "true"},
          {"/calico/v1/host/node-b/config/VXLANPort", "8080"}})
      pool_.push_back({0, key, value});
  }

  const std::vector<DatastoreEvent>& first() const { return first_; }
  std::vector<DatastoreEvent> next() {
    std::vector<DatastoreEvent> out;
    for (size_t i = random_() % 8 == 0 ? 6 : 1; i > 0; --i) {
      DatastoreEvent event = pool_[random_() % pool_.size()];
      if (random_() % 3 == 0) event.value.reset();
      out.push_back(std::move(event));
    }
    return out;
  }

 private:
  void add(const std::string& manifests, bool first) {
    for (const auto& change : events_of(manifests)) {
      pool_.push_back(change);
      if (first) first_.push_back(change);
    }
  }

  std::mt19937_64 random_;
  std::vector<DatastoreEvent> first_, pool_;
};

struct Follower {
  DatastoreView datastore;
  reach::ClusterState state;
  std::optional<reach::LiveMatrix> live;

  void take(const std::vector<DatastoreEvent>& events) {
    for (const auto& event : events) datastore.put(event);
    const auto changes = state.update(datastore.flush());
    if (live)
      live->update(changes);
    else
      live.emplace(state);
  }
};

std::string told(const reach::ClusterState& state, const reach::Matrix& matrix) {
  const ExplainContext context{state, matrix, [](const std::string&) { return ""; }};
  std::string out = reach_json({matrix, {}, {}}, 1) + explanation_text(explain_dead(context));
  all_pairs_text(matrix, [&](std::string_view piece) { out += piece; });
  return out;
}

// Whether each pair's answer is that of the matrix written out.
bool answers_like(reach::LiveMatrix& live, const reach::Matrix& matrix) {
  for (const auto* family : {&matrix.v4, &matrix.v6}) {
    const auto elements = reach::listed(family->addresses.live());
    for (const size_t source : elements)
      for (const size_t destination : elements)
        if (live.allowed(family->addresses.family(), source, destination) !=
            family->allowed(source, destination))
          return false;
  }
  return true;
}

// Many groups of endpoints, each with a policy of its own, and tiers and policies that all or half
// of them share: of these the order, default action, selector, rules and tier change.
class SharedTierEvents {
 public:
  explicit SharedTierEvents(uint64_t seed) : random_(seed) {
    std::string all;
    for (const char* team : {"red", "blue"})
      all += fmt::format(
          "---\n{{apiVersion: v1, kind: Namespace, metadata: {{name: {0}, labels: {{team: "
          "{0}}}}}}}\n",
          team);
    for (size_t i = 0; i < pods; ++i) all += pod(i) + own_policy(i);
    for (const char* name : tier_names) all += tier(name);
    for (size_t i = 0; i < shared_policies; ++i) all += shared_policy(i);
    first_ = events_of(all + network_set());
  }

  const std::vector<DatastoreEvent>& first() const { return first_; }
  std::vector<DatastoreEvent> next() {
    std::string text;
    for (size_t i = one_in(5) ? 3 : 1; i > 0; --i) text += event();
    std::vector<DatastoreEvent> out;
    for (auto& event : events_of(text))  // what every datastore holds comes with each manifest
      if (std::find(first_.begin(), first_.end(), event) == first_.end()) out.push_back(event);
    if (one_in(12)) {
      DatastoreEvent gone = first_[below(first_.size())];
      gone.value.reset();
      out.push_back(std::move(gone));
    }
    return out;
  }

 private:
  static constexpr size_t pods = 44, shared_policies = 6;
  static constexpr std::array tier_names{"front", "middle", "back"};

  size_t below(size_t count) { return random_() % count; }
  bool one_in(size_t count) { return below(count) == 0; }
  const char* team() { return one_in(2) ? "red" : "blue"; }

  std::string pod(size_t i) {
    return fmt::format(
        "---\n{{apiVersion: v1, kind: Pod, metadata: {{name: p{0}, namespace: {1}, labels: {{own: "
        "p{0}, app: a{2}}}}}, spec: {{nodeName: node1, containers: [{{name: c, ports: [{{name: "
        "http, "
        "containerPort: {3}}}]}}]}}, status: {{phase: Running, podIP: 10.0.0.{0}}}}}\n",
        i + 1, i % 2 ? "red" : "blue", below(3), one_in(2) ? 80 : 81);
  }
  std::string own_policy(size_t i) {
    return fmt::format(
        "---\n{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: own{0}, "
        "namespace: {1}}}, spec: {{podSelector: {{matchLabels: {{own: p{0}}}}}, policyTypes: "
        "[Ingress, Egress], ingress: [{{from: [{{podSelector: {{matchLabels: {{app: a{2}}}}}}}], "
        "ports: [{{port: {3}}}]}}], egress: [{{to: [{{ipBlock: {{cidr: 10.0.0.{4}/28}}}}]}}]}}}}\n",
        i + 1, i % 2 ? "red" : "blue", below(3), 80 + below(3), 16 * below(4));
  }
  std::string tier(const std::string& name) {
    return fmt::format(
        "---\n{{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {{name: {}}}, spec: "
        "{{order: "
        "{}, defaultAction: {}}}}}\n",
        name, one_in(3) ? 2000000 + below(3) : below(4), one_in(2) ? "Pass" : "Deny");
  }
  std::string rule() {
    const char* const actions[] = {"Allow", "Deny", "Pass", "Log"};
    const std::string matches[] = {
        "",
        ", source: {selector: feed == 'bad'}",
        fmt::format(", source: {{selector: app == 'a{}'}}", below(3)),
        fmt::format(", destination: {{nets: [10.0.0.{}/29]}}", 8 * below(6)),
        fmt::format(", protocol: TCP, destination: {{ports: [{}]}}", 80 + below(5)),
        fmt::format(", source: {{namespaceSelector: team == '{}'}}", team()),
        fmt::format(", protocol: UDP, source: {{notNets: [192.0.2.{}/26]}}", 64 * below(4)),
        one_in(4) ? ", protocol: TCP, destination: {ports: [http]}" : ""};
    return fmt::format("{{action: {}{}}}", actions[below(4)], matches[below(8)]);
  }
  std::string shared_policy(size_t i) {
    const std::string selectors[] = {"all()",
                                     fmt::format("projectcalico.org/namespace == '{}'", team()),
                                     fmt::format("app == 'a{}'", below(3)), "all()"};
    const char* const types[] = {"[Ingress]", "[Egress]", "[Ingress, Egress]"};
    return fmt::format(
        "---\n{{apiVersion: projectcalico.org/v3, kind: {}GlobalNetworkPolicy, metadata: {{name: "
        "shared{}}}, spec: {{tier: {}, order: {}, selector: \"{}\", types: {}, ingress: [{}, {}], "
        "egress: [{}, {}]}}}}\n",
        one_in(10) ? "Staged" : "", i, tier_names[below(3)], below(3), selectors[below(4)],
        types[below(3)], rule(), rule(), rule(), rule());
  }
  std::string network_set() {
    return fmt::format(
        "---\n{{apiVersion: projectcalico.org/v3, kind: GlobalNetworkSet, metadata: {{name: feed, "
        "labels: {{feed: bad}}}}, spec: {{nets: [192.0.2.{}/28, 198.51.100.{}/32]}}}}\n",
        16 * below(8), below(200));
  }
  std::string event() {
    switch (below(8)) {
      case 0:
        return pod(below(pods));
      case 1:
        return own_policy(below(pods));
      case 2:
        return network_set();
      case 3:
      case 4:
        return tier(tier_names[below(3)]);
      default:
        return shared_policy(below(shared_policies));
    }
  }
  std::mt19937_64 random_;
  std::vector<DatastoreEvent> first_;
};

}  // namespace

TEST_CASE("after each of a random sequence of events the matrix is that computed from scratch") {
  // 53: an endpoint joins a group that another one just left. 102: one comes to a host with a host
  // endpoint.
  for (const uint64_t seed : {1, 2, 3, 4, 53, 102}) {
    RandomEvents events(seed);
    Follower follower;
    follower.take(events.first());
    for (int step = 0; step < 60; ++step) {
      const auto changes = events.next();
      follower.take(changes);
      INFO(fmt::format("seed {}, step {}: {} {}", seed, step, changes[0].value ? "put" : "delete",
                       changes[0].key));
      if (step % 5 < 2) continue;  // what nobody asks about is not made, and must not be missed
      const reach::Matrix matrix = follower.live->matrix();
      REQUIRE(told(follower.state, matrix) ==
              told(follower.state, reach::compute_matrix(follower.state)));
      if (step % 5 == 4) REQUIRE(answers_like(*follower.live, matrix));
    }
  }
}

TEST_CASE("the same where tiers change that many endpoints share") {
  // 20: a policy gets another order and other endpoints in one step.
  for (const uint64_t seed : {1, 2, 20}) {
    SharedTierEvents events(seed);
    Follower follower;
    follower.take(events.first());
    for (int step = 0; step < 80; ++step) {
      const auto changes = events.next();
      follower.take(changes);
      INFO(fmt::format("seed {}, step {}", seed, step));
      for (const auto& change : changes)
        UNSCOPED_INFO(change.key + " " + change.value.value_or("gone"));
      if (step % 5 < 2) continue;  // what nobody asks about is not made, and must not be missed
      const reach::Matrix matrix = follower.live->matrix();
      REQUIRE(told(follower.state, matrix) ==
              told(follower.state, reach::compute_matrix(follower.state)));
      if (step % 5 == 4) REQUIRE(answers_like(*follower.live, matrix));
    }
    CHECK(follower.live->matrix().v4.groups.size() > 60);  // or nothing is shared by many
  }
}

TEST_CASE("the same where a cluster grows by hundreds of pods, and all of them change at once") {
  const auto pods = [](size_t begin, size_t end) {
    std::string out;
    for (size_t i = begin; i < end; ++i)
      out += fmt::format(
          "---\n{{apiVersion: v1, kind: Pod, metadata: {{name: p{0}, namespace: red, labels: "
          "{{app: "
          "a{1}}}}}, spec: {{nodeName: node1, containers: [{{name: c, ports: [{{name: http, "
          "containerPort: {2}}}]}}]}}, status: {{phase: Running, podIP: 10.0.{3}.{4}}}}}\n",
          i, i % 3, 80 + i % 2, i / 250, i % 250 + 1);
    return out;
  };
  const auto name_space = [](const std::string& team) {
    return fmt::format(
        "---\n{{apiVersion: v1, kind: Namespace, metadata: {{name: red, labels: {{team: {}}}}}}}\n",
        team);
  };
  const std::string policies = R"(---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: team, namespace: red}, spec: {podSelector: {matchLabels: {app: a0}}, policyTypes: [Ingress, Egress], ingress: [{from: [{namespaceSelector: {matchLabels: {team: red}}}], ports: [{port: http}]}], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.1.0/25]}}]}]}}
---
{apiVersion: projectcalico.org/v3, kind: GlobalNetworkPolicy, metadata: {name: not-blue}, spec: {selector: app == 'a1', types: [Ingress, Egress], ingress: [{action: Deny, source: {notSelector: team == 'red', namespaceSelector: all()}}, {action: Allow, protocol: TCP, destination: {selector: app == 'a1', ports: [http]}}], egress: [{action: Allow, destination: {notNets: [10.0.0.0/26]}}]}}
)";
  Follower follower;
  follower.take(events_of(name_space("red") + pods(0, 20) + policies));
  const auto check = [&](const std::string& manifests) {
    follower.take(events_of(manifests));
    const reach::Matrix matrix = follower.live->matrix();
    const std::string now = reach_json({matrix, {}, {}}, 1);
    REQUIRE(now == reach_json({reach::compute_matrix(follower.state), {}, {}}, 1));
    return now;
  };
  for (const size_t count : {20, 30, 200, 310, 311, 700}) check(pods(20, count));
  const std::string red = check(name_space("red")), blue = check(name_space("blue"));
  CHECK(red != blue);
  CHECK(red == check(name_space("red")));
}

TEST_CASE(
    "a matrix that followed a cluster away to nothing and back is that computed from scratch") {
  RandomEvents events(99);
  Follower follower;
  follower.take(events.first());
  std::vector<DatastoreEvent> gone = events.first();
  for (auto& event : gone) event.value.reset();
  follower.take(gone);
  CHECK(follower.live->endpoints().empty());
  follower.take(events.first());
  CHECK(told(follower.state, follower.live->matrix()) ==
        told(follower.state, reach::compute_matrix(follower.state)));
}
