// SPDX-License-Identifier: Apache-2.0
// One packet for each pair of classes, so that a cell of the matrix can be followed.
#include <fmt/format.h>

#include "sim/analysis/packet_world.h"
#include "sim/report/html_report.h"
#include "sim/report/trace_text.h"

namespace felixsim {
namespace {

// A name that a probe understands, for the member of a class; empty: there is none.
std::string end_of(const reach::Matrix& matrix, const reach::FamilyMatrix& family,
                   const reach::ElementClass& one, size_t member) {
  if (member >= one.elements.size()) return "";
  const auto& element = family.addresses.elements()[one.elements[member]];
  if (!one.world)
    return matrix.endpoints[static_cast<size_t>(element.endpoint)].name.workload.str();
  if (element.first == 0) return "world";
  return reach::ip_of(element.first, family.addresses.family()).str();
}

// A header that stands for "tcp/80 tcp/443 udp/53", "all but ...", "none".
void choose_header(const std::string& connections, ProbeRequest& probe) {
  probe.protocol = "tcp";
  probe.port = 80;
  if (connections.rfind("all", 0) == 0) return;
  for (const std::string protocol : {"tcp/", "udp/", "sctp/"}) {
    const size_t at = connections.find(protocol);
    if (at == std::string::npos) continue;
    int port = 0;
    for (size_t i = at + protocol.size(); i < connections.size() && isdigit(connections[i]); ++i)
      port = std::min(port * 10 + (connections[i] - '0'), 65535);
    if (port == 0) continue;
    probe.protocol = protocol.substr(0, protocol.size() - 1);
    probe.port = port;
    return;
  }
  if (connections.rfind("icmp", 0) == 0) {
    probe.protocol = "icmp";
    probe.port = 0;
  }
}

}  // namespace

void HtmlReport::add_traces(const Cluster& cluster, const reach::Matrix& matrix,
                            const TraceSource& source, size_t limit) {
  auto world = packet_world(cluster);
  if (source.assumed) world.assume_pod_routes();
  size_t sent = 0, left_out = 0;
  int family_number = -1;
  for (const auto* family : reach::families_of(matrix)) {
    ++family_number;
    reach::Classes classes(matrix, *family);
    std::vector<uint32_t> row;
    for (size_t from = 0; from < classes.senders().size(); ++from) {
      classes.row(from, row);
      for (size_t to = 0; to < row.size(); ++to) {
        const auto& sender = classes.senders()[from];
        const auto& receiver = classes.receivers()[to];
        if (sender.world && receiver.world) continue;
        ProbeRequest probe;
        probe.v6 = family->addresses.family() == IpFamily::v6;
        probe.from = end_of(matrix, *family, sender, 0);
        probe.to = end_of(matrix, *family, receiver, 0);
        if (probe.from == probe.to) probe.to = end_of(matrix, *family, receiver, 1);
        if (probe.to.empty()) continue;
        if (sent >= limit) {
          ++left_out;
          continue;
        }
        ++sent;
        choose_header(family->headers.text(classes.connections()[row[to]].yes), probe);
        auto answer = run_probe(world, cluster, probe, true);
        if (!answer) continue;
        source.add_origins(answer->decisions);
        const auto text = trace_texts_.try_emplace(trace_text(probe, *answer, TraceDetail::rules),
                                                   trace_texts_.size());
        traces_.push_back({{"moment", moments_.size() - 1},
                           {"family", family_number},
                           {"from", from},
                           {"to", to},
                           {"probe", probe_text(probe)},
                           {"verdict", verdict_word(answer->trace.verdict)},
                           {"text", text.first->second}});
      }
    }
  }
  traces_left_out_ = left_out;
}

}  // namespace felixsim
