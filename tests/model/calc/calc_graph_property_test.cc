// SPDX-License-Identifier: Apache-2.0
// The one law: what the dataplane ends up with depends on the datastore's state, not on how it came
// about. Generated histories are fed forward, reversed, flushed after every update, doubled, and
// through an empty datastore, before and after in-sync; the folded messages must agree, and every
// message must be applicable when it comes.
// Left out, because Felix itself depends on the path there: deleting a Tier that still holds
// policies, deleting the BGPConfiguration (it is told as an empty one), moving an EndpointSlice to
// another service, overlapping live migrations, whether a configuration is news, a block that comes
// after the workloads in it (their routes do not learn that they are borrowed), members inside each
// other while overlaps are suppressed (of three, removing the middle one tells the innermost; a
// covered member that goes and comes back within one flush is lost).
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
  options.istio_ambient = below(2) == 0;
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

// What the dataplane ends up with, and the datastore's configuration as Felix would merge it:
// whether that is a change, and told, depends on what it was before.
struct End {
  conform::FoldedState dataplane;
  StringMap global, selector, host;
};

End feed(GraphOptions options, const std::vector<Update>& updates, Feeding how) {
  End end;
  options.merge_config = [&](const DatastoreConfig& config) {
    std::tie(end.global, end.selector, end.host) =
        std::tie(config.global, config.selector, config.host);
    return ConfigMerge{};
  };
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
  end.dataplane = dataplane.state();
  return end;
}

void same(const End& want, const End& got) {
  if (const auto difference = want.dataplane.difference(got.dataplane)) RC_FAIL(*difference);
  RC_ASSERT(want.global == got.global);
  RC_ASSERT(want.selector == got.selector);
  RC_ASSERT(want.host == got.host);
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

struct Pair {
  GraphOptions options;
  std::unique_ptr<CalcGraphs::Member> among_others;
  CalcGraph alone;

  // A Felix that starts on what the datastore holds.
  Pair(const GraphOptions& of, CalcGraphs& graphs, const std::vector<Update>& datastore)
      : options(of), among_others(graphs.add(of, datastore)), alone(of) {
    alone.on_updates(datastore);
    for (CalcGraph* graph : {&among_others->graph(), &alone}) graph->on_status(SyncStatus::in_sync);
  }
};

// But for the members: a set that starts late is told them as they are then, not on their way.
std::vector<uint64_t> traffic(const CalcGraph& graph) {
  std::vector<uint64_t> passed;
  for (const auto& edge : graph.describe().edges)
    if (edge.from != "IP set member index") passed.push_back(edge.passed);
  return passed;
}

}  // namespace

TEST_CASE("a node among others is sent what a graph of its own would be sent, whenever it starts") {
  REQUIRE(rc::check([] {
    const std::vector<Update> updates = generated_history(true);
    log(updates);
    CalcGraphs graphs;
    std::vector<std::unique_ptr<Pair>> nodes;
    const auto start = [&](size_t i, const std::vector<Update>& datastore) {
      GraphOptions options = random_options();
      options.hostname = Symbol(i == 0 ? "local" : i == 1 ? "other" : "third");
      nodes[i] = nullptr;
      nodes[i] = std::make_unique<Pair>(options, graphs, datastore);
    };
    nodes.resize(3);
    start(0, {});
    for (size_t i = 0; i < updates.size(); ++i) {
      graphs.on_updates({&updates[i], 1});
      for (auto& node : nodes)
        if (node) node->alone.on_updates({&updates[i], 1});
      if (below(3) > 0) continue;
      if (below(3) == 0)
        start(below(3), final_state({updates.begin(), updates.begin() + static_cast<long>(i) + 1}));
      for (auto& node : nodes) {
        if (!node) continue;
        RC_ASSERT(texts(node->among_others->graph().flush()) == texts(node->alone.flush()));
        RC_ASSERT(node->among_others->graph().panic() == node->alone.panic());
      }
      graphs.end_epoch();
    }
    for (auto& node : nodes)
      if (node) RC_ASSERT(traffic(node->among_others->graph()) == traffic(node->alone));
  }));
}
