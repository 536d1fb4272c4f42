// SPDX-License-Identifier: Apache-2.0
// The family `probes`: every recorded probe of every step, result and seen source, from the packet
// walk over the predicted kernels alone.
#include <fstream>

#include "conform.h"
#include "replay/capture/capture.h"
#include "sim/analysis/packet_world.h"

namespace felixsim::conform {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

walk::Origin origin_of(const walk::World& world, const std::string& name) {
  if (const int pod = world.find_workload(name); pod >= 0)
    return {walk::Origin::Kind::workload, pod};
  return {walk::Origin::Kind::node, world.find_node(name)};
}

std::optional<std::string> check_probe(const walk::World& world, const json& probe) {
  const std::string from = probe.at("from"), protocol = probe.at("proto");
  const auto destination = Ip::parse(probe.at("to_ip").get<std::string>());
  const auto origin = origin_of(world, from);
  const std::string label = fmt::format(
      "{} -> {} ({}) {}/{}", from, probe.at("to").get<std::string>(),
      probe.at("to_ip").get<std::string>(), protocol, probe.value("port", json()).dump());
  if (!destination || origin.index < 0) return label + ": no such sender";
  walk::Packet packet;
  packet.destination = *destination;
  packet.source = Ip{destination->family, {}};
  packet.protocol = static_cast<uint8_t>(protocol == "tcp"      ? 6
                                         : protocol == "udp"    ? 17
                                         : protocol == "sctp"   ? 132
                                         : destination->is_v4() ? 1
                                                                : 58);
  if (packet.protocol == 58) packet.icmp_type = 128;
  if (probe.at("port").is_number()) packet.destination_port = probe.at("port").get<uint16_t>();
  auto result = walk::trace(world, origin, packet);
  constexpr std::string_view names[] = {"allowed", "blocked", "refused"};
  const auto verdict = names[static_cast<size_t>(result.verdict)];
  const std::string want = probe.at("result");
  if (verdict != want) {
    result = walk::trace(world, origin, packet, true);
    return fmt::format("{}: want {}, got {} ({})", label, want, verdict, result.reason);
  }
  if (probe.contains("seen_source") && result.seen_source.str() != probe.at("seen_source"))
    return fmt::format("{}: want source {}, got {}", label,
                       probe.at("seen_source").get<std::string>(), result.seen_source.str());
  return std::nullopt;
}

struct Counts {
  size_t probes = 0;
};

std::optional<std::string> check_step(const fs::path& folder, const Cluster& cluster,
                                      Counts& counts) {
  const fs::path file = folder / "probes.json";
  if (!fs::exists(file)) return std::nullopt;
  const auto world = packet_world(cluster);
  std::ifstream in(file);
  size_t wrong = 0;
  std::string first;
  const json probes = json::parse(in);
  for (const auto& probe : probes) {
    ++counts.probes;
    if (auto difference = check_probe(world, probe)) {
      if (wrong++ == 0) first = *difference;
    }
  }
  if (wrong == 0) return std::nullopt;
  return fmt::format("{}: {} of {} probes differ: {}", folder.filename().string(), wrong,
                     probes.size(), first);
}

std::optional<std::string> run_case(const fs::path& folder, const ClusterOptions& options,
                                    Counts& counts) {
  auto events = import_recording(folder.string());
  if (!events) return events.error().message;
  Cluster cluster(options);
  for (const auto& event : *events) {
    if (auto applied = cluster.apply(event); !applied) return applied.error().message;
    const auto* step = std::get_if<StepEvent>(&event.body);
    if (!step) continue;
    cluster.settle();
    if (auto difference =
            check_step(folder / fmt::format("step-{:02}", step->number), cluster, counts))
      return difference;
  }
  return std::nullopt;
}

}  // namespace

void run_family(const Options& options, Report& report) {
  ClusterOptions cluster;
  cluster.version = *parse_felix_version(options.felix_version);
  Counts counts;
  for (const auto& folder : recorded_cases_in(options.dir))
    report.add(folder.filename().string(), run_case(folder, cluster, counts));
  fmt::print("{} probes\n", counts.probes);
}

}  // namespace felixsim::conform
