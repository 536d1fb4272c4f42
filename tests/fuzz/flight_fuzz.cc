// SPDX-License-Identifier: Apache-2.0
// Events of any kind, flown: a line is an event as `felixsim log export` writes it. Whatever comes
// in, the nodes settle, everything that can be shown of them is text, and packets find their way.
#include "replay/capture/capture.h"
#include "sim/analysis/packet_world.h"
#include "sim/analysis/probe.h"
#include "sim/engine/cluster.h"
#include "sim/report/node_texts.h"

using namespace felixsim;

namespace {

void look_at(const Cluster& cluster) {
  for (const auto& [name, node] : cluster.nodes()) (void)node_texts(*node);
  const auto world = packet_world(cluster);
  for (const char* text : {"a -> b tcp/80", "world -> a icmp", "node-a -> 10.0.0.2 udp/53 v6"}) {
    const auto request = parse_probe(text);
    if (auto answer = run_probe(world, cluster, *request, true); answer)
      for (const auto& decision : answer->decisions) (void)decision_text(decision);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr int most_events = 60;
  auto source = stream_jsonl_text(std::string(data, data + size), "input");
  ClusterOptions options;
  options.version = size % 2 ? FelixVersion::v3_28 : FelixVersion::v3_32;
  Cluster cluster(options);
  for (int taken = 0; taken < most_events; ++taken) {
    auto event = source->next();
    if (!event || !*event || !cluster.apply(**event)) break;
  }
  cluster.settle();
  look_at(cluster);
  return 0;
}
