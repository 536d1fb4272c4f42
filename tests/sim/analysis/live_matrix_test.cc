// SPDX-License-Identifier: Apache-2.0
// A matrix that followed events says the same as one computed afresh.
#include <fmt/format.h>

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
    const auto events = import_kubectl_text(manifests, "random", nullptr);
    REQUIRE(events);
    for (const auto& event : *events)
      if (const auto* change = std::get_if<DatastoreEvent>(&event.body)) {
        pool_.push_back(*change);
        if (first) first_.push_back(*change);
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

}  // namespace

TEST_CASE("after each of a random sequence of events the matrix is that computed from scratch") {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    RandomEvents events(seed);
    Follower follower;
    follower.take(events.first());
    for (int step = 0; step < 60; ++step) {
      const auto changes = events.next();
      follower.take(changes);
      INFO(fmt::format("seed {}, step {}: {} {}", seed, step, changes[0].value ? "put" : "delete",
                       changes[0].key));
      REQUIRE(told(follower.state, follower.live->matrix()) ==
              told(follower.state, reach::compute_matrix(follower.state)));
    }
  }
}

TEST_CASE(
    "a matrix that followed a cluster away to nothing and back is that computed from scratch") {
  RandomEvents events(99);
  Follower follower;
  follower.take(events.first());
  std::vector<DatastoreEvent> gone = events.first();
  for (auto& event : gone) event.value.reset();
  follower.take(gone);
  CHECK(follower.live->matrix().endpoints.empty());
  follower.take(events.first());
  CHECK(told(follower.state, follower.live->matrix()) ==
        told(follower.state, reach::compute_matrix(follower.state)));
}
