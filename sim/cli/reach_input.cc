// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/reach_input.h"

#include <charconv>

#include "sim/cli/input.h"
#include "sim/engine/datastore_view.h"

namespace felixsim::cli {

Result<ReachCluster> read_reach_cluster(const std::string& path, const Moment& moment) {
  auto input = Input::open(path);
  if (!input) return forward(input);
  auto events = input->events_until(moment, {});
  if (!events) return forward(events);
  DatastoreView datastore;
  for (const auto& event : *events)
    if (const auto* change = std::get_if<DatastoreEvent>(&event.body)) datastore.put(*change);
  ReachCluster cluster;
  cluster.state = std::make_unique<reach::ClusterState>();
  cluster.state->update(datastore.flush(), &cluster.unusable);
  return cluster;
}

Result<reach::Header> parse_header(const std::string& text) {
  reach::Header header;
  const size_t slash = text.find('/');
  const int protocol = reach::protocol_number(felixsim::Protocol{Symbol(text.substr(0, slash)), 0});
  int port = 0;
  bool ok = protocol >= 0 && (slash != std::string::npos) == reach::has_ports(protocol);
  if (slash != std::string::npos) {
    const char *first = text.data() + slash + 1, *last = text.data() + text.size();
    const auto [end, error] = std::from_chars(first, last, port);
    ok = ok && error == std::errc{} && end == last && port > 0 && port <= 65535;
  }
  if (!ok)
    return invalid(fmt::format("--port: cannot read '{}'", text),
                   "write tcp/80, udp/53, sctp/3868 or icmp");
  header.protocol = protocol;
  header.destination_port = static_cast<uint16_t>(port);
  return header;
}

}  // namespace felixsim::cli
