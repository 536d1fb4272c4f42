// SPDX-License-Identifier: Apache-2.0
// What Felix writes to the datastore of its endpoints and of itself, key by key and at which time.
// Mirrors felix/statusrep/status_reporter.go, felix/daemon/daemon.go (handleProcessStatusUpdate)
// and felix/dataplane/linux/int_dataplane.go (loopReportingStatus). Timers have no jitter here and
// a write takes no time. Left out: a datastore that does not answer, etcd's least lease.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "felixsim/time.h"
#include "model/config/config.h"
#include "model/dataplane/endpoint_status.h"

namespace felixsim {

// A value that a Felix wrote, and for how long it stays.
struct StatusValue {
  std::string text;  // JSON
  SimTime written = 0;
  std::optional<SimTime> expires = std::nullopt;
  bool operator==(const StatusValue&) const = default;
};
using StatusKeys = std::map<std::string, StatusValue>;  // by key, as etcd has it

// One write that waits for its turn; no status: the key is to be deleted.
struct PendingStatus {
  std::string key, status;
  bool operator==(const PendingStatus&) const = default;
};

// The key of an endpoint's status; of a workload's it begins with the region.
std::string status_key(const std::string& hostname, const std::string& region,
                       const EndpointId& id);

class StatusReporter {
 public:
  // A Felix that began at `process_started` has read its configuration and starts its parts at
  // `now`. `keys` are those of its node, also from Felixes before it, and must outlive this.
  StatusReporter(const Config& config, SimTime process_started, SimTime now, StatusKeys& keys);

  // The dataplane has a new status of an endpoint; "" when the endpoint is gone.
  void on_status(SimTime at, const EndpointId& id, const std::string& status);
  // The dataplane programmed everything without an error for the first time.
  void on_in_sync(SimTime at);

  // Writes what is due until then.
  void advance(SimTime until);
  // Writes whatever waits, however long that takes.
  void finish();

  std::vector<PendingStatus> pending() const;  // in their order
  SimTime now() const { return now_; }

 private:
  SimTime next_tick(SimTime period) const;
  void on_tick();
  void compare_all();
  void report_process(SimTime until);
  void enqueue(const std::string& key);
  std::string wanted(const std::string& key) const;

  std::string hostname_, region_;
  bool endpoints_;  // EndpointReportingEnabled
  bool in_order_;   // v3.28 writes what is true at the time of writing, after one tick more
  bool supported_;  // Kubernetes' datastore has no such keys
  SimTime delay_, interval_, ttl_, process_started_, started_, now_;
  SimTime next_report_;
  bool in_sync_ = false, compare_wanted_ = false, reported_ = false;
  bool changed_ = true;                          // since all keys were compared
  std::map<std::string, std::string> statuses_;  // key -> what it should be
  std::deque<PendingStatus> pending_, queued_;   // queued: not before the next tick
  StatusKeys& keys_;
};

// Keys whose time has come are gone.
StatusKeys keys_at(const StatusKeys& keys, SimTime at);

// Why a Felix with this configuration panics when it starts its reporter: a ticker without
// a duration (felix/jitter).
std::optional<std::string> reporter_panic(const Config& config);

}  // namespace felixsim
