// SPDX-License-Identifier: Apache-2.0
// The one law: what the dataplane ends up with depends on the datastore's state, not on how it came
// about. Generated histories are fed forward, reversed, flushed after every update, doubled, and
// through an empty datastore, before and after in-sync; the folded messages must agree, and every
// message must be applicable when it comes.
// Left out, because Felix itself depends on the path there: deleting a Tier that still holds
// policies, moving an EndpointSlice to another service, overlapping live migrations, ConfigUpdate,
// a block that comes after the workloads in it (their routes do not learn that they are borrowed),
// members inside each other while overlaps are suppressed (of three, removing the middle one tells
// the innermost; a covered member that goes and comes back within one flush is lost).
#include <rapidcheck.h>

#include "mock_dataplane.h"
#include "model/calc/calc_graph.h"
#include "model/datastore/key_text.h"
#include "model/datastore/value_json.h"
#include "model/datastore/value_text.h"

using namespace felixsim;
using namespace felixsim::calc;

namespace {

size_t below(size_t limit) { return *rc::gen::inRange<size_t>(0, limit); }

std::string one_of(const std::vector<std::string>& from) { return from[below(from.size())]; }

using Entry = std::pair<std::string, std::optional<std::string>>;  // key, value or deletion

const std::vector<std::string> selectors{
    "all()",    "app == 'a'", "app == 'b'", "has(role)", "app != 'a' && pcns.team == 'x'",
    "!has(app)"};

std::string labels() {
  return fmt::format(R"({{"app":"{}"{}}})", one_of({"a", "b", "c"}),
                     one_of({"", R"(,"role":"r")"}));
}

Entry workload() {
  const std::string host = one_of({"local", "local", "other"});
  const size_t i = below(4);
  return {fmt::format("/calico/v1/host/{}/workload/k8s/ns%2f{}{}/endpoint/eth0", host, host[0], i),
          fmt::format(R"({{"state":"active","name":"cali{}","profile_ids":["{}"],)"
                      R"("ipv4_nets":["10.0.{}.{}/32"],"labels":{},)"
                      R"("ports":[{{"name":"{}","protocol":"tcp","port":{}}}]}})",
                      i, one_of({"kns.x", "kns.y", "gone"}), below(2), below(4), labels(),
                      one_of({"http", "dns"}), 80 + below(2))};
}

Entry host_endpoint() {
  const std::string host = one_of({"local", "other"});
  return {fmt::format("/calico/v1/host/{}/endpoint/h{}", host, below(2)),
          fmt::format(R"({{"name":"eth{}","expected_ipv4_addrs":["192.168.0.{}"],"labels":{}}})",
                      below(2), below(4), labels())};
}

std::string rule() {
  return one_of({
      fmt::format(R"({{"action":"allow","src_selector":"{}"}})", one_of(selectors)),
      fmt::format(R"({{"action":"deny","!dst_selector":"{}"}})", one_of(selectors)),
      fmt::format(R"({{"action":"allow","protocol":"tcp","dst_ports":["{}",443],)"
                  R"("dst_selector":"{}"}})",
                  one_of({"http", "dns"}), one_of(selectors)),
      R"({"action":"allow","dst_service":"svc","dst_service_ns":"ns"})",
      R"({"action":"allow","src_service":"svc","src_service_ns":"ns"})",
      R"({"action":"log"})",
  });
}

Entry policy() {
  return {fmt::format("/calico/v1/policy/{}/p{}",
                      one_of({"GlobalNetworkPolicy/", "NetworkPolicy/ns"}), below(4)),
          fmt::format(
              R"({{"tier":"{}",{}"selector":"{}","inbound_rules":[{}],"outbound_rules":[{}]{}}})",
              one_of({"default", "t1", "ghost"}), one_of({"", R"("order":1,)", R"("order":2,)"}),
              one_of(selectors), rule(), rule(),
              one_of({"", R"(,"types":["ingress"])", R"(,"untracked":true)",
                      R"(,"performance_hints":["AssumeNeededOnEveryNode"])"}))};
}

Entry tier() {
  return {
      fmt::format("/calico/v1/policy/tier/{}/metadata", one_of({"default", "t1"})),
      fmt::format(R"({{"order":{},"defaultAction":"{}"}})", below(3), one_of({"Deny", "Pass"}))};
}

Entry profile() {
  const std::string name = one_of({"kns.x", "kns.y", "ksa.x.sa"});
  if (below(2) == 0)
    return {"/calico/v1/policy/profile/" + name + "/rules",
            fmt::format(R"({{"inbound_rules":[{}]}})", rule())};
  return {"/calico/resources/v3/projectcalico.org/profiles/" + name,
          fmt::format(R"({{"kind":"Profile","metadata":{{"name":"{}"}},)"
                      R"("spec":{{"labelsToApply":{{"pcns.team":"{}"}}}}}})",
                      name, one_of({"x", "y"}))};
}

Entry network_set(bool overlapping) {
  const std::string wide = overlapping ? fmt::format("10.0.0.0/{}", 16 + 8 * below(2))
                                       : fmt::format("10.9.{}.0/24", below(2));
  return {fmt::format("/calico/v1/netset/s{}", below(2)),
          fmt::format(R"({{"nets":["{}","10.0.1.{}/32"],"labels":{}}})", wide, below(3), labels())};
}

Entry pool_or_block() {
  if (below(2) == 0)
    return {"/calico/v1/ipam/v4/pool/10.0.0.0-16",
            fmt::format(R"({{"cidr":"10.0.0.0/16","vxlan_mode":"{}","masquerade":{}}})",
                        one_of({"always", "cross-subnet", ""}), one_of({"true", "false"}))};
  const size_t block = 8 + below(2);  // apart from the workloads
  return {fmt::format("/calico/ipam/v2/assignment/ipv4/block/10.0.{}.0-30", block),
          fmt::format(R"({{"cidr":"10.0.{}.0/30","affinity":"host:{}","strictAffinity":false,)"
                      R"("allocations":[0,null,1,null],"unallocated":[1,3],"attributes":[)"
                      R"({{"handle_id":"a","secondary":{{"node":"local"}}}},)"
                      R"({{"handle_id":"b","secondary":{{"node":"other"}}}}]}})",
                      block, one_of({"local", "other"}))};
}

Entry node() {
  const std::string name = one_of({"local", "other"});
  switch (below(3)) {
    case 0:
      return {"/calico/v1/host/" + name + "/bird_ip", fmt::format("172.16.0.{}", 1 + below(3))};
    case 1:
      return {"/calico/v1/host/" + name + "/config/IPv4VXLANTunnelAddr",
              fmt::format("10.0.0.{}", below(4))};
    default:
      return {"/calico/resources/v3/projectcalico.org/nodes/" + name,
              fmt::format(R"({{"kind":"Node","metadata":{{"name":"{}"}},)"
                          R"("spec":{{"bgp":{{"ipv4Address":"172.16.{}.{}/24"}}}}}})",
                          name, below(2), 1 + below(3))};
  }
}

Entry slice() {
  const size_t i = below(2);
  return {fmt::format("/calico/resources/v3/projectcalico.org/kubernetesendpointslices/ns/s{}", i),
          fmt::format(R"({{"kind":"KubernetesEndpointSlice","metadata":{{"name":"s{}",)"
                      R"("namespace":"ns","labels":{{"kubernetes.io/service-name":"svc"}}}},)"
                      R"("addressType":"IPv4","endpoints":[{{"addresses":["10.0.0.{}"]}}],)"
                      R"("ports":[{{"port":{},"protocol":"TCP"}}]}})",
                      i, below(3), 80 + below(2))};
}

Entry entry(bool overlapping) {
  switch (below(12)) {
    case 0:
    case 1:
    case 2:
      return workload();
    case 3:
      return host_endpoint();
    case 4:
    case 5:
      return policy();
    case 6:
      return tier();
    case 7:
      return profile();
    case 8:
      return network_set(overlapping);
    case 9:
      return pool_or_block();
    case 10:
      return node();
    default:
      return slice();
  }
}

std::vector<Update> history(bool overlapping) {
  std::vector<Update> updates;
  const size_t length = 5 + below(40);
  for (size_t i = 0; i < length; ++i) {
    Entry e = entry(overlapping);
    const ParsedKey key = parse_key(e.first);
    RC_ASSERT(key.kind == ParsedKey::Kind::felix);
    const bool may_delete = !std::holds_alternative<TierKey>(key.key);
    Update update{key.key, nullptr};
    if (!may_delete || below(4) > 0) {
      auto value = parse_value(key, *e.second);
      RC_ASSERT(value.has_value());
      update.value = *value;
    }
    updates.push_back(std::move(update));
  }
  return updates;
}

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
    const std::vector<Update> updates = history(!options.overlap_suppression);
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
