// SPDX-License-Identifier: Apache-2.0
// Nodes that are computed together share what is equal (model/calc/calc_graphs.h), and a flight
// that asks only for messages puts programming off. Neither may be seen in the messages: each node
// of a cluster must be sent what it is sent in a cluster of its own.
#include "sim/engine/cluster.h"

#include <rapidcheck.h>

#include "model/calc/message_json.h"

using namespace felixsim;

namespace {

size_t below(size_t limit) { return *rc::gen::inRange<size_t>(0, limit); }
std::string one_of(const std::vector<std::string>& from) { return from[below(from.size())]; }

const std::vector<std::string> nodes{"node-a", "node-b", "node-c"};

Event put(const std::string& key, std::optional<std::string> value) {
  return {0, {}, DatastoreEvent{0, "/calico/resources/v3/projectcalico.org/" + key, value}};
}

std::string resource(const std::string& kind, const std::string& meta, const std::string& spec) {
  return fmt::format(
      R"({{"apiVersion":"projectcalico.org/v3","kind":"{}","metadata":{{{}}},"spec":{{{}}}}})",
      kind, meta, spec);
}

Event pod() {
  const std::string node = one_of(nodes);
  const size_t i = below(3);
  std::string id = fmt::format("{}-k8s-p{}-eth0", node, i);
  id.insert(4, "-");  // "node--a": a dash in a name is doubled
  const std::string meta = fmt::format(
      R"("name":"{}","namespace":"ns","labels":{{"app":"{}","projectcalico.org/namespace":"ns",)"
      R"("projectcalico.org/orchestrator":"k8s"}})",
      id, one_of({"a", "b"}));
  const std::string spec = fmt::format(
      R"("orchestrator":"k8s","node":"{}","pod":"p{}","endpoint":"eth0","interfaceName":"cali{}",)"
      R"("profiles":["kns.ns"],"ipNetworks":["10.0.{}.{}/32"])",
      node, i, i, node.back() - 'a', below(4));
  return put("workloadendpoints/ns/" + id, resource("WorkloadEndpoint", meta, spec));
}

Event policy() {
  const size_t i = below(3);
  return put(
      fmt::format("globalnetworkpolicies/default.p{}", i),
      resource("GlobalNetworkPolicy", fmt::format(R"("name":"default.p{}")", i),
               fmt::format(R"("tier":"default","selector":"{}","ingress":[{{"action":"Allow",)"
                           R"("source":{{"selector":"{}"}}}}])",
                           one_of({"all()", "app == 'a'"}),
                           one_of({"app == 'a'", "app == 'b'", "has(app)"}))));
}

// Networks inside each other, and around pods.
Event network_set() {
  const size_t i = below(3);
  return put(fmt::format("globalnetworksets/s{}", i),
             resource("GlobalNetworkSet",
                      fmt::format(R"("name":"s{}","labels":{{"app":"{}"}})", i, one_of({"a", "b"})),
                      fmt::format(R"("nets":["10.0.{}.0/{}"])", below(2), 16 + 8 * below(2))));
}

// Of one node or of all; Felix starts anew for some, and for others not.
Event configuration() {
  const std::string name = one_of({"default", "node.node-a", "node.node-b"});
  return put("felixconfigurations/" + name,
             resource("FelixConfiguration", fmt::format(R"("name":"{}")", name),
                      one_of({R"("logSeverityScreen":"Debug")", R"("healthPort":9100)",
                              R"("nftablesMode":"Disabled")", R"("iptablesRefreshInterval":"20s")",
                              R"("routeSource":"WorkloadIPs")"})));
}

Event pool() {
  return put("ippools/p",
             resource("IPPool", R"("name":"p")",
                      fmt::format(R"("cidr":"10.0.0.0/16","vxlanMode":"{}","natOutgoing":true)",
                                  one_of({"Always", "Never"}))));
}

Event node_resource() {
  const std::string name = one_of(nodes);
  return put("nodes/" + name,
             resource("Node", fmt::format(R"("name":"{}")", name),
                      fmt::format(R"("bgp":{{"ipv4Address":"172.16.0.{}/24"}})", 1 + below(5))));
}

Event datastore_event() {
  Event event;
  switch (below(8)) {
    case 0:
    case 1:
    case 2:
      event = pod();
      break;
    case 3:
    case 4:
      event = policy();
      break;
    case 5:
      event = network_set();
      break;
    case 6:
      event = below(2) == 0 ? configuration() : pool();
      break;
    default:
      event = node_resource();
  }
  if (below(4) == 0) std::get<DatastoreEvent>(event.body).value.reset();
  return event;
}

Event process_event(const std::string& node, ProcessEvent::Kind kind) {
  return {0, {}, ProcessEvent{node, kind, {}, {}}};
}

bool may_restart_felix(const Event& event) {
  const std::string& key = std::get<DatastoreEvent>(event.body).key;
  return key.find("/nodes/") != std::string::npos || key.find("/ippools/") != std::string::npos ||
         key.find("/felixconfigurations/") != std::string::npos;
}

// Steps, at whose ends all nodes look; Felixes start, restart and end between them. At what
// concerns another node a node alone would not look, and so be sent in one go what others are sent
// in two; steps keep them together.
std::vector<Event> generated_flight() {
  std::vector<Event> events{
      put("clusterinformations/default",
          resource("ClusterInformation", R"("name":"default")", R"("datastoreReady":true)")),
      put("tiers/default", resource("Tier", R"("name":"default")", R"("order":1000000)"))};
  int steps = 0;
  const auto end_step = [&] { events.push_back({0, {}, StepEvent{++steps, "step"}}); };
  for (const auto& node : nodes) {
    events.push_back(
        {0, {}, HostEvent{node, R"({"facts":{"interfaces":[{"name":"lo","up":true}]}})"}});
    events.push_back({0, {}, StepEvent{++steps, "step"}});
    if (below(3) > 0) events.push_back(process_event(node, ProcessEvent::Kind::start));
  }
  for (size_t count = 2 + below(8); count > 0; --count) {
    for (size_t changes = below(6); changes > 0; --changes) {
      Event event = datastore_event();
      if (may_restart_felix(event)) end_step();
      events.push_back(std::move(event));
    }
    end_step();
    if (below(3) > 0) continue;
    const auto kind = std::vector{ProcessEvent::Kind::start, ProcessEvent::Kind::restart,
                                  ProcessEvent::Kind::kill}[below(3)];
    events.push_back(process_event(one_of(nodes), kind));
  }
  end_step();
  return events;
}

std::string messages_of(const Cluster& cluster, const std::string& name) {
  const NodeFlight* node = cluster.find(name);
  if (!node) return "";
  std::string out = fmt::format("{} restarts\n", node->restarts);
  for (const auto& message : node->messages) out += calc::tagged_message_json(message) + "\n";
  return out;
}

void fly(Cluster& cluster, const std::vector<Event>& events) {
  for (const auto& event : events) RC_ASSERT(cluster.apply(event).has_value());
  cluster.settle();
}

}  // namespace

TEST_CASE("a node among others is sent what it is sent in a cluster of its own") {
  REQUIRE(rc::check([] {
    const auto events = generated_flight();
    ClusterOptions options;
    options.keep_messages = options.only_messages = true;
    Cluster together(options);
    fly(together, events);
    for (const auto& node : nodes) {
      ClusterOptions alone;
      alone.keep_messages = true;
      alone.nodes = {node};
      Cluster cluster(alone);
      fly(cluster, events);
      RC_ASSERT(messages_of(together, node) == messages_of(cluster, node));
    }
  }));
}
