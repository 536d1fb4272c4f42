// SPDX-License-Identifier: Apache-2.0
// The one law: what the dataplane ends up with depends on the datastore's state, not on how it came
// about. Generated histories are fed forward, reversed, flushed after every update, doubled, and
// through an empty datastore, before and after in-sync; the folded messages must agree, and every
// message must be applicable when it comes.
// Left out, because Felix itself depends on the path there: deleting a Tier that still holds
// policies, deleting the BGPConfiguration (it is told as an empty one), moving an EndpointSlice to
// another service, overlapping live migrations, ConfigUpdate, a block that comes after the
// workloads in it (their routes do not learn that they are borrowed), members inside each other
// while overlaps are suppressed (of three, removing the middle one tells the innermost; a covered
// member that goes and comes back within one flush is lost).
#include <rapidcheck.h>

#include "generated_history.h"
#include "mock_dataplane.h"
#include "model/calc/calc_graph.h"
#include "model/calc/calc_graphs.h"
#include "model/calc/message_json.h"
#include "model/datastore/key_text.h"
#include "model/datastore/value_json.h"
#include "model/datastore/value_text.h"

using namespace felixsim;
using namespace felixsim::calc;

namespace {

GraphOptions random_options() {
  GraphOptions options;
  options.hostname = Symbol("local");
  options.overlap_suppression = below(2) == 0;
  options.encapsulation.vxlan_enabled = below(2) == 0;
  options.route_source = below(2) == 0 ? RouteSource::calico_ipam : RouteSource::workload_ips;
  return options;
}

// The state that the updates leave, as updates, in order of first appearance.
std::vector<Update> final_state(const std::vector<Update>& updates) {
  std::vector<Update> state;
  for (const Update& update : updates) {
    const auto it = std::find_if(state.begin(), state.end(),
                                 [&](const Update& u) { return u.key == update.key; });
    if (it == state.end())
      state.push_back(update);
    else
      it->value = update.value;
  }
  std::erase_if(state, [](const Update& u) { return !u.value; });
  return state;
}

// A failure shows what was fed.
void log(const std::vector<Update>& updates) {
  for (const Update& update : updates)
    RC_LOG() << key_text(update.key) << " = " << (update.value ? value_text(*update.value) : "-")
             << "\n";
}

struct Feeding {
  bool in_sync_first = false, flush_each = false, twice = false;
};

conform::FoldedState feed(const GraphOptions& options, const std::vector<Update>& updates,
                          Feeding how) {
  CalcGraph graph(options);
  MockDataplane dataplane;
  if (how.in_sync_first) graph.on_status(SyncStatus::in_sync);
  for (const Update& update : updates) {
    for (int i = 0; i < (how.twice ? 2 : 1); ++i) graph.on_updates({&update, 1});
    if (how.flush_each) dataplane.apply(graph.flush());
  }
  graph.on_status(SyncStatus::in_sync);
  dataplane.apply(graph.flush());
  RC_ASSERT(!graph.panic().has_value());
  RC_ASSERT(dataplane.problems() == std::vector<std::string>());
  return dataplane.state();
}

void same(const conform::FoldedState& want, const conform::FoldedState& got) {
  if (const auto difference = want.difference(got)) RC_FAIL(*difference);
}

std::vector<Update> through_empty(const std::vector<Update>& state) {
  std::vector<Update> updates = state;
  // Policies go before tiers: a tier's default action outlives it while it holds policies.
  for (const bool tiers : {false, true})
    for (const Update& update : state)
      if (std::holds_alternative<TierKey>(update.key) == tiers)
        updates.push_back({update.key, nullptr});
  updates.insert(updates.end(), state.begin(), state.end());
  return updates;
}

}  // namespace

TEST_CASE("the end does not depend on the path, and every message can be applied") {
  REQUIRE(rc::check([] {
    const GraphOptions options = random_options();
    const std::vector<Update> updates = generated_history(!options.overlap_suppression);
    log(updates);
    const std::vector<Update> state = final_state(updates);
    const auto want = feed(options, state, {});
    same(want, feed(options, updates, {}));
    same(want, feed(options, updates, {.in_sync_first = true, .flush_each = true}));
    same(want, feed(options, updates, {.in_sync_first = false, .flush_each = true}));
    same(want, feed(options, updates, {.in_sync_first = true, .flush_each = true, .twice = true}));
    const std::vector<Update> reversed(state.rbegin(), state.rend());
    same(want, feed(options, reversed, {}));
    same(want, feed(options, reversed, {.in_sync_first = true, .flush_each = true}));
    same(want, feed(options, through_empty(state), {.in_sync_first = true}));
    same(want, feed(options, through_empty(state), {.in_sync_first = true, .flush_each = true}));
  }));
}

namespace {

std::vector<std::string> texts(const std::vector<msg::Message>& messages) {
  std::vector<std::string> out;
  for (const auto& message : messages) out.push_back(tagged_message_json(message));
  return out;
}

}  // namespace

TEST_CASE("a node among others is sent what a graph of its own would be sent") {
  REQUIRE(rc::check([] {
    std::vector<GraphOptions> options{random_options(), random_options(), random_options()};
    options[1].hostname = Symbol("other");
    options[2].hostname = Symbol("third");
    // Members inside each other: what a late user of a set is told of them depends on who had it.
    const std::vector<Update> updates = generated_history(false);
    log(updates);
    CalcGraphs together;
    std::vector<CalcGraph> apart;
    for (const auto& each : options) {
      together.add(each);
      apart.emplace_back(each);
    }
    for (size_t i = 0; i <= updates.size(); ++i) {
      if (i == updates.size() / 2) {
        together.on_status(SyncStatus::in_sync);
        for (auto& graph : apart) graph.on_status(SyncStatus::in_sync);
      }
      if (i < updates.size()) {
        together.on_updates({&updates[i], 1});
        for (auto& graph : apart) graph.on_updates({&updates[i], 1});
      }
      if (below(3) > 0 && i < updates.size()) continue;
      size_t node = 0;
      together.flush([&](Symbol name, const std::vector<msg::Message>& messages) {
        RC_ASSERT(name == options[node].hostname);
        RC_ASSERT(texts(messages) == texts(apart[node++].flush()));
      });
    }
  }));
}
