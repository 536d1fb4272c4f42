// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/probe.h"

#include <charconv>
#include <sstream>

#include "felixsim/near_name.h"
#include "sim/analysis/decisions.h"

namespace felixsim {
namespace {

// TEST-NET-3 and the documentation prefix: nobody's addresses.
constexpr std::string_view world_v4 = "203.0.113.1", world_v6 = "2001:db8::1";

struct End {
  walk::Origin origin;
  std::vector<Ip> addresses;
};

int find_pod(const walk::World& world, const std::string& name) {
  for (const auto& candidate : {name, "default/" + name})
    if (const int index = world.find_workload(candidate); index >= 0) return index;
  if (name.rfind("default/", 0) == 0) return world.find_workload(name.substr(8));
  return -1;
}

End end_at_node(const walk::World& world, int node) {
  End end{{walk::Origin::Kind::node, node}, {}};
  for (const auto family : {IpFamily::v4, IpFamily::v6})
    if (const auto ip = world.node_address(node, family)) end.addresses.push_back(*ip);
  return end;
}

Result<End> resolve(const walk::World& world, const std::string& name) {
  if (const int pod = find_pod(world, name); pod >= 0)
    return End{{walk::Origin::Kind::workload, pod},
               world.workloads()[static_cast<size_t>(pod)].addresses};
  if (const int node = world.find_node(name); node >= 0) return end_at_node(world, node);
  if (name == "world")
    return End{{walk::Origin::Kind::outside, -1}, {*Ip::parse(world_v4), *Ip::parse(world_v6)}};
  if (const auto ip = Ip::parse(name)) {
    if (const int pod = world.workload_with(*ip); pod >= 0)
      return End{{walk::Origin::Kind::workload, pod}, {*ip}};
    if (const int node = world.node_with(*ip); node >= 0)
      return End{{walk::Origin::Kind::node, node}, {*ip}};
    return End{{walk::Origin::Kind::outside, -1}, {*ip}};
  }
  std::vector<std::string> known;
  for (const auto& workload : world.workloads()) known.push_back(workload.name);
  for (const auto& node : world.nodes()) known.push_back(node.name);
  constexpr size_t shown = 12;
  const std::string meant = did_you_mean(name, known);
  const size_t all = known.size();
  known.resize(std::min(all, shown));
  return fail(ErrorCode::not_found, fmt::format("there is no pod, node or address '{}'", name),
              known.empty() ? "the input has no pods and no nodes (reach and explain take the "
                              "workloads of manifests for pods)"
                            : fmt::format("{}use {}{}, an address, or world", meant,
                                          fmt::join(known, ", "), all > shown ? ", ..." : ""));
}

std::optional<Ip> of_family(const End& end, IpFamily family) {
  for (const auto& ip : end.addresses)
    if (ip.family == family) return ip;
  return std::nullopt;
}

// From outside, a packet comes in at the node that has the destination.
int entry_node(const walk::World& world, const Ip& destination) {
  if (const int pod = world.workload_with(destination); pod >= 0)
    return world.find_node(world.workloads()[static_cast<size_t>(pod)].node);
  const int node = world.node_with(destination);
  return node >= 0 || world.nodes().empty() ? node : 0;
}

Result<uint8_t> protocol_number(const ProbeRequest& request, IpFamily family) {
  if (request.protocol == "tcp") return uint8_t{6};
  if (request.protocol == "udp") return uint8_t{17};
  if (request.protocol == "sctp") return uint8_t{132};
  if (request.protocol == "icmp") return static_cast<uint8_t>(family == IpFamily::v4 ? 1 : 58);
  return invalid(fmt::format("unknown protocol '{}'", request.protocol),
                 "use tcp, udp, sctp or icmp");
}

}  // namespace

Result<ProbeRequest> parse_probe(const std::string& text) {
  ProbeRequest request;
  std::istringstream words(text);
  std::string arrow, what, more;
  words >> request.from >> arrow >> request.to >> what;
  const size_t slash = what.find('/');
  request.protocol = what.substr(0, slash);
  bool ok = arrow == "->" && !what.empty();
  if (slash != std::string::npos) {
    const char *first = what.data() + slash + 1, *last = what.data() + what.size();
    const auto [end, error] = std::from_chars(first, last, request.port);
    ok = ok && error == std::errc{} && end == last && request.port >= 0 && request.port <= 65535;
  } else {
    ok = ok && request.protocol == "icmp";
  }
  for (; words >> more; ok = ok && more == "v6") request.v6 = request.v6 || more == "v6";
  if (!ok)
    return invalid(fmt::format("cannot read the probe '{}'", text),
                   "write \"FROM -> TO tcp/80\", or \"FROM -> TO icmp\"; v6 behind it for IPv6");
  return request;
}

std::string probe_text(const ProbeRequest& request) {
  return fmt::format("{} -> {} {}{}{}", request.from, request.to, request.protocol,
                     request.protocol == "icmp" ? "" : fmt::format("/{}", request.port),
                     request.v6 ? " v6" : "");
}

Result<ProbeAnswer> run_probe(const walk::World& world, const Cluster& cluster,
                              const ProbeRequest& request, bool record) {
  auto from = resolve(world, request.from);
  if (!from) return forward(from);
  auto to = resolve(world, request.to);
  if (!to) return forward(to);
  const bool both_v4 = of_family(*from, IpFamily::v4) && of_family(*to, IpFamily::v4);
  const IpFamily family = request.v6 || !both_v4 ? IpFamily::v6 : IpFamily::v4;
  const auto source = of_family(*from, family), destination = of_family(*to, family);
  if (!source || !destination)
    return fail(ErrorCode::not_found,
                fmt::format("{} has no IPv{} address", !source ? request.from : request.to,
                            family == IpFamily::v4 ? 4 : 6),
                request.v6 ? "leave out v6" : "give the two addresses of one family");
  const auto protocol = protocol_number(request, family);
  if (!protocol) return tl::unexpected(protocol.error());
  walk::Origin origin = from->origin;
  walk::Packet packet;
  packet.destination = *destination;
  packet.source = *source;
  // A node's kernel chooses by route; an address that was asked for stays.
  if (origin.kind == walk::Origin::Kind::node && !Ip::parse(request.from))
    packet.source = Ip{family, {}};
  if (origin.kind == walk::Origin::Kind::outside) origin.index = entry_node(world, *destination);
  if (origin.index < 0) return fail(ErrorCode::not_found, "the input names no node");
  packet.protocol = *protocol;
  if (packet.protocol == 58) packet.icmp_type = 128;
  packet.destination_port = static_cast<uint16_t>(request.port);
  ProbeAnswer answer;
  answer.trace = walk::trace(world, origin, packet, record);
  answer.source = source->str();
  answer.destination = destination->str();
  if (record) answer.decisions = find_decisions(answer.trace, cluster, family);
  return answer;
}

}  // namespace felixsim
