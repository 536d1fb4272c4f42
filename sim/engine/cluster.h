// SPDX-License-Identifier: Apache-2.0
// Many nodes in one process: each has a simulated kernel and, while it runs, a Felix; all share one
// datastore view. Events go in one at a time; what a node ends up with depends on the state of
// datastore and host, not on how the events were grouped, so the nodes only settle where something
// looks: before a process event, before a command that others run on the host, at the end of a
// step, in a recording with steps and times at each change, and when asked.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "felixsim/event.h"
#include "felixsim/felix_version.h"
#include "felixsim/result.h"
#include "model/kernel/simulated_kernel.h"
#include "model/node/felix_process.h"
#include "sim/engine/datastore_view.h"

namespace felixsim {

struct ClusterOptions {
  FelixVersion version = FelixVersion::v3_32;
  std::set<std::string> nodes;    // compute only these; empty: all that the events name
  bool keep_programming = false;  // remember what Felix wrote to the tools
  bool keep_messages = false;     // remember the calc graph's messages
  bool every_change = false;      // Felix takes each change at its time; else where something looks
  bool only_messages = false;     // kernels need not be in the end what Felix would make of them
  std::function<double()> clock;  // seconds; if given, each node's time is profiled
};

// One command that Felix ran, with what it wrote to its standard input.
struct ProgrammedCommand {
  std::string command, input;
  int rc = 0;
  std::string error;
};

enum class FelixState : uint8_t { not_started, waiting, running, stopped, dead };

// What became of a node's Felix, and when.
struct LifeEvent {
  SimTime at = 0;
  std::string what;
  bool operator==(const LifeEvent&) const = default;
};

struct NodeFlight {
  std::string name;
  SimulatedKernel kernel;
  FelixState state = FelixState::not_started;
  std::string reason;           // why Felix is dead or waits
  SimTime now = 0;              // the time that it was looked at last
  bool times_known = false;     // events tell when something happened
  FelixHealth health;           // of a Felix that is gone: it may exit a little later
  StatusKeys status_keys;       // what its Felixes wrote to the datastore of themselves
  std::vector<LifeEvent> life;  // if it was told so
  // When it last settled, and with which patience, if the host has not changed since.
  std::optional<std::pair<SimTime, SimTime>> settled;
  std::optional<SimTime> restart_at;  // it is about to exit, to be started again
  int restarts = 0;                   // by its own wish, because configuration changed
  FelixEnvironment environment;       // of the last start
  TimeProfile profile;                // over all its starts
  std::unique_ptr<Backend> recorder;  // between Felix and the kernel, when programming is kept
  std::unique_ptr<FelixProcess> felix;
  std::vector<ProgrammedCommand> programming;
  std::vector<msg::Message> messages;
};

using NodeFlights = std::map<std::string, std::unique_ptr<NodeFlight>, std::less<>>;

class Cluster {
 public:
  explicit Cluster(ClusterOptions options);
  ~Cluster();

  // Errors: an event that cannot be carried out (an unknown host command, a malformed action).
  Status apply(const Event& event);

  // Lets every running Felix see all changes, and do all that it does until the time of the last
  // event; one that is about to restart is waited for.
  void settle();

  // Lets time pass until `time`, and every Felix do what it does meanwhile. One that is about to
  // restart then is left so.
  void pass_until(SimTime time);

  // Nodes that events have named (and the options allow), by name.
  const NodeFlights& nodes() const { return nodes_; }
  const NodeFlight* find(const std::string& name) const;
  const DatastoreView& datastore() const { return datastore_; }
  // Time of what is done once for all nodes: updates through their calc graphs.
  const TimeProfile& profile() const { return profile_; }

 private:
  bool wanted(const std::string& node) const;
  NodeFlight& node(const std::string& name);
  Status apply_host(const HostEvent& event, bool untimed);
  void apply_process(const ProcessEvent& event);
  SimTime patience() const;
  void look();
  void look_once();
  void keep_time();
  void take_updates(const std::vector<Update>& updates);
  void take_wireguard_keys(NodeFlight& node, FelixOutcome& outcome);
  void restart_due(SimTime until);
  FelixOutcome launch(NodeFlight& node);
  void handle(NodeFlight& node, FelixOutcome outcome);
  void note(NodeFlight& node, std::string what) const;
  void catch_up(NodeFlight& node);

  ClusterOptions options_;
  SimTime now_ = 0;     // of the last event that had a time, and the sleeps of host commands since
  bool timed_ = false;  // whether the last event had one
  bool has_steps_ = false;  // a recording of a few changes, not a cluster's log: each is followed
  TimeProfile profile_;
  DatastoreView datastore_;
  calc::CalcGraphs graphs_;  // of the Felixes that run
  NodeFlights nodes_;
};

}  // namespace felixsim
