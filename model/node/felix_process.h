// SPDX-License-Identifier: Apache-2.0
// The life of one Felix process: reads its configuration, builds the calc graph and the dataplane,
// carries updates through both, and ends when Felix would. Mirrors felix/daemon/daemon.go (Run,
// DataplaneConnector) and felix/dataplane/driver.go of v3.32.1. Left out: Typha, usage
// reports, the policy sync API, log files.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "felixsim/felix_version.h"
#include "felixsim/kernel_op.h"
#include "felixsim/messages.h"
#include "felixsim/resource.h"
#include "felixsim/time.h"
#include "model/calc/calc_graphs.h"
#include "model/config/config.h"
#include "model/config/marks.h"
#include "model/dataplane/dataplane.h"
#include "model/dataplane/endpoint_status.h"
#include "model/datastore/syncer.h"
#include "model/node/health.h"
#include "model/node/status_reporter.h"
#include "model/node/time_profile.h"

namespace felixsim {

struct FelixEnvironment {
  std::vector<std::pair<std::string, std::string>> variables;  // sorted by name
  std::optional<std::string> felix_cfg;                        // text of the configuration file
};

struct FelixOutcome {
  enum class Kind : uint8_t {
    running,  // settled
    waiting,  // not past start-up: the datastore is not ready, or the configuration is unusable
    restart,  // exits with 129, to be started again
    dead,     // exits or panics for good
  };
  Kind kind = Kind::running;
  std::string reason;       // of anything but running
  SimTime exits_after = 0;  // of restart and dead: it lives on for so long, and answers probes
};

// Felix pauses before it exits in order, so as not to be restarted without end, and takes no more
// changes meanwhile (daemon.go monitorAndManageShutdown).
inline constexpr SimTime pause_before_exit = 2 * second;

// When a Felix programs the kernel.
enum class Programming : uint8_t {
  at_once,
  when_needed,  // not before what Felix does next may depend on how that went: see catch_up()
};

class FelixProcess {
 public:
  // `node` is the host name unless the environment names another. `graphs`, which holds this
  // node's calc graph among others, `backend`, `status_keys`, where it writes what it tells the
  // datastore, and `profile` (may be null), to which the time of each phase is added, must outlive
  // this.
  FelixProcess(std::string node, FelixEnvironment environment, FelixVersion version,
               calc::CalcGraphs& graphs, Backend& backend, StatusKeys& status_keys,
               Programming programming, TimeProfile* profile = nullptr);
  ~FelixProcess();

  // Start-up on everything that the datastore holds, up to the first apply. After `waiting`, call
  // it again when the datastore has changed. Later changes come through `graphs`. O(snapshot).
  FelixOutcome start(std::span<const Update> snapshot, SimTime now, SimTime ahead);

  // The datastore changed, if in nothing that concerns this node: its calc graph takes note.
  void on_datastore_change(SimTime now);

  // Somebody ran a command on the host that may have changed rules, sets or routes.
  void on_host_command();

  // Lets Felix look at datastore and host and program: all that it does by itself until `now`, and
  // what comes after that as long as it does not pause for `ahead` or longer.
  FelixOutcome settle(SimTime now, SimTime ahead);

  // Programs what was put off. To be called before the host changes or Felix is ended.
  FelixOutcome catch_up();

  // Messages from the calc graph to the dataplane since the last call, in order.
  std::vector<msg::Message> take_messages();

  // Values in the snapshot that Felix's validation refused; it treats them as deleted. Not what the
  // other nodes of `graphs` were told already.
  std::vector<DatastoreWarning> take_warnings();

  // Public keys of WireGuard that Felix told the datastore since the last call, in order.
  std::vector<WireguardKeyReport> take_wireguard_keys();
  const std::string& hostname() const;  // as Felix calls its node; the node's before it started

  const Config* config() const;               // null before start-up got so far
  const MarkBits* marks() const;              // null before start-up got so far
  calc::GraphDescription calc_graph() const;  // empty before the graph is built
  // What the dataplane said last of each endpoint: "up", "down" or "error".
  const std::map<EndpointId, std::string>& endpoint_statuses() const;
  FelixHealth health() const;
  // Writes what it has to tell the datastore until `now`; `all`: whatever waits, in whatever time.
  void report_statuses(SimTime now, bool all);
  const StatusReporter* status_reporter() const;  // null before start-up got so far

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace felixsim
