// SPDX-License-Identifier: Apache-2.0
// INPUT of the command line: an event log, a scenario, a recorded case, a capture or a folder of
// manifests. Whatever it is, a verb asks for the events up to a moment and flies them.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "felixsim/event.h"
#include "felixsim/result.h"
#include "replay/log/event_log.h"
#include "sim/engine/cluster.h"

namespace felixsim::cli {

class Input {
 public:
  // Tells what `path` is by what is in it. Errors name what it could have been.
  static Result<Input> open(const std::string& path);
  // Events that somebody else read, under the name of where they came from.
  static Input of_events(std::string path, std::vector<Event> events);

  // Events that take a cluster of these nodes (empty: all) to `moment`. From a log they are folded:
  // their number is that of the state and of host and process events, not of the history; unless
  // `every_change` is asked for.
  Result<std::vector<Event>> events_until(const Moment& moment, const std::set<std::string>& nodes,
                                          bool every_change = false) const;

  // How many events, from the first on, a moment means; and the event at a position, from 1.
  Result<int64_t> position_of(const Moment& moment) const;
  Result<Event> event_at(int64_t position) const;

  const std::string& path() const { return path_; }
  const EventLog* log() const { return log_ ? &*log_ : nullptr; }  // null: the input is no log

 private:
  std::string path_;
  std::optional<EventLog> log_;
  std::vector<Event> events_;  // all of them, where the input is no log
};

// The manifests that an INPUT is made of: one file or a folder's; none: it is something else.
Result<std::vector<std::string>> manifest_files(const std::string& path);

// Names of what the host is, for nodes of which the input says nothing (--host FILE).
struct HostFile {
  std::string facts;  // JSON action {"facts": ...}; empty: assumed from the datastore
  std::vector<std::pair<std::string, std::string>> environment;
  std::optional<std::string> felix_cfg;
  // Of a captured node: every interface that it has -> its facts (JSON); those of workloads that
  // are not there are not made. Unset: each workload endpoint has one that is up.
  std::optional<std::map<std::string, std::string>> interfaces = {};
  std::vector<std::string> notes = {};  // what is said of it instead of "from the host file"
};
Result<HostFile> read_host_file(const std::string& path);

struct FlightRequest {
  Moment moment;
  std::set<std::string> nodes;  // empty: all that the input names
  std::optional<HostFile> host;
  // Of a captured node: where its iptables have Calico's chains. A Felix on an assumed host that
  // detects its backend finds kubelet's hint there.
  std::optional<IptBackend> iptables = {};
  ClusterOptions options;  // its `nodes` is filled in from `nodes`
};

// The request that the texts of --felix-version, --at and --host (empty: none) ask for.
Result<FlightRequest> flight_request(const std::string& version, const std::string& at,
                                     const std::string& host);

// A cluster settled at the moment, and what had to be assumed for it (print it on stderr).
struct Flight {
  std::unique_ptr<Cluster> cluster;
  std::vector<std::string> notes;
};
Result<Flight> fly(const Input& input, const FlightRequest& request);

// Says on standard error what of a node is not as people would expect: that its Felix does not run,
// and why; that its kernel lacks what is asked for.
void print_trouble(const NodeFlight& node);

// The node, or an error that lists those that there are.
Result<const NodeFlight*> find_node(const Cluster& cluster, const std::string& name);

}  // namespace felixsim::cli
