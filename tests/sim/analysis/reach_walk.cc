// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/analysis/reach_walk.h"

#include <fmt/format.h>

#include "replay/capture/capture.h"
#include "sim/analysis/packet_world.h"
#include "sim/analysis/reach/matrix.h"
#include "sim/engine/assumed_host.h"
#include "tests/sim/analysis/random_cluster.h"

namespace felixsim::testing {
namespace {

using reach::Header;

// Headers that begin connections, inside and outside of what the policies name.
std::vector<Header> headers_of(IpFamily family) {
  std::vector<Header> headers;
  for (const int protocol : {6, 17, 132})
    for (const int port : {1, 53, 79, 80, 81, 104, 443, 1000, 4789, 8080, 9001})
      headers.push_back({protocol, 40000, static_cast<uint16_t>(port), 8, 0});
  for (const int port : {53, 80, 500, 8080})
    headers.push_back({6, static_cast<uint16_t>(port), 8080, 8, 0});
  if (family == IpFamily::v4) {
    headers.push_back({1, 0, 0, 8, 0});
    headers.push_back({1, 0, 0, 13, 0});
  } else {
    headers.push_back({58, 0, 0, 128, 0});
  }
  return headers;
}

class Walker {
 public:
  Walker(uint64_t seed, Comparison& out) : seed_(seed), out_(out), cluster_(ClusterOptions{}) {}

  void run() {
    const std::string text = RandomCluster(seed_).manifests();
    const auto events = import_kubectl_text(text, "random", nullptr);
    if (!events) return differ(events.error().message);
    for (const auto& event : *events)
      if (const auto applied = cluster_.apply(event); !applied)
        return differ(applied.error().message);
    cluster_.settle();
    for (const auto& [node, last] : {std::pair("node-a", 1), std::pair("node-b", 2)})
      start(node, last);
    cluster_.settle();
    for (const auto& [name, node] : cluster_.nodes()) {
      // Felix writes "icmp type 8 code 1", which nft does not read (match_builder.go
      // ICMPTypeAndCode), and dies of it.
      if (nftables_ && node->reason.find("No symbol type information") != std::string::npos) return;
      if (node->state != FelixState::running) return differ(name + ": " + node->reason);
    }
    walk::World world = packet_world(cluster_);
    world.assume_pod_routes();
    reach::ClusterState state;
    std::vector<Update> everything;
    for (const auto& [key, value] : cluster_.datastore().current())
      everything.push_back({key, value});
    state.update(everything);
    const reach::Matrix matrix = reach::compute_matrix(state);
    has_untold_ = !state.untold_host_endpoints().empty();
    compare(world, matrix.v4);
    compare(world, matrix.v6);
  }

 private:
  void differ(const std::string& what) {
    if (out_.difference.empty()) out_.difference = fmt::format("seed {}: {}", seed_, what);
  }

  // As felixsim assumes hosts, with a way to the world.
  void start(const std::string& node, int last) {
    const std::string facts = fmt::format(
        R"({{"facts": {{"interfaces": [{{"name": "lo", "up": true}}, {{"name": "eth0",)"
        R"( "kind": "veth", "mac": "02:00:00:00:00:0{0}", "up": true, "addresses":)"
        R"( ["172.16.0.{0}/24", "fd00:16::{0}/64"]}}], "routes":)"
        R"( ["default via 172.16.0.254 dev eth0", "default via fd00:16::ff dev eth0"]}}}})",
        last);
    for (auto event : assume_host(cluster_.datastore(), node).events) {
      auto* host = std::get_if<HostEvent>(&event.body);
      if (host && host->action.rfind("{\"facts\"", 0) == 0) host->action = facts;
      if (auto* process = std::get_if<ProcessEvent>(&event.body); process && nftables_)
        process->environment = {{"FELIX_NFTABLESMODE", "Enabled"}};
      if (const auto applied = cluster_.apply(event); !applied) differ(applied.error().message);
    }
  }

  struct Place {
    Ip address;
    walk::Origin origin;
    size_t element = 0;
  };

  std::vector<Place> places(const walk::World& world, const reach::FamilyMatrix& matrix) const {
    std::vector<Place> out;
    const auto family = matrix.addresses.family();
    for (size_t i = 0; i < world.workloads().size(); ++i)
      for (const Ip& ip : world.workloads()[i].addresses)
        if (ip.family == family)
          out.push_back({ip, {walk::Origin::Kind::workload, static_cast<int>(i)}, 0});
    for (const std::string text :
         {"192.0.2.1", "192.0.2.200", "203.0.113.9", "10.0.1.200", "2001:db8::1", "2001:db9::1"})
      if (const auto ip = Ip::parse(text); ip->family == family)
        out.push_back({*ip, {walk::Origin::Kind::outside, -1}, 0});
    for (auto& place : out) place.element = *matrix.addresses.element_of(place.address);
    return out;
  }

  void compare(const walk::World& world, const reach::FamilyMatrix& matrix) {
    const auto all = places(world, matrix);
    const auto headers = headers_of(matrix.addresses.family());
    std::vector<size_t> classes;
    for (const auto& header : headers) classes.push_back(matrix.headers.class_of(header));
    for (const auto& from : all)
      for (const auto& to : all) {
        const bool outside = from.origin.kind == walk::Origin::Kind::outside;
        if (from.element == to.element ||
            (outside && to.origin.kind == walk::Origin::Kind::outside))
          continue;
        const reach::Tri allowed = matrix.allowed(from.element, to.element);
        for (size_t i = 0; i < headers.size(); ++i)
          compare_one(world, from, to, headers[i], verdict_of(allowed, classes[i]));
      }
  }

  void compare_one(const walk::World& world, const Place& from, const Place& to,
                   const Header& header, reach::Verdict verdict) {
    walk::Packet packet;
    packet.source = from.address;
    packet.destination = to.address;
    packet.protocol = static_cast<uint8_t>(header.protocol);
    packet.source_port = header.source_port;
    packet.destination_port = header.destination_port;
    packet.icmp_type = header.icmp_type;
    packet.icmp_code = header.icmp_code;
    walk::Origin origin = from.origin;
    if (origin.kind == walk::Origin::Kind::outside)
      origin.index = world.find_node(
          world.workloads()[static_cast<size_t>(world.workload_with(to.address))].node);
    const auto walked = walk::trace(world, origin, packet);
    ++out_.samples;
    const auto want =
        walked.verdict == walk::Verdict::allowed ? reach::Verdict::yes : reach::Verdict::no;
    if (verdict == reach::Verdict::unknown && has_untold_) {
      ++out_.unknown;
      return;
    }
    if (want != verdict)
      differ(fmt::format("{}: walk {} ({}), reach {}", walk::packet_text(packet),
                         static_cast<int>(walked.verdict), walked.reason,
                         static_cast<int>(verdict)));
  }

  uint64_t seed_;
  const bool nftables_ = seed_ % 2 == 0;  // instead of iptables
  Comparison& out_;
  Cluster cluster_;
  bool has_untold_ = false;  // host endpoints of which reach cannot tell what meets them
};

}  // namespace

Comparison compare_reach_with_walk(uint64_t seed) {
  Comparison comparison;
  Walker(seed, comparison).run();
  return comparison;
}

}  // namespace felixsim::testing
