// SPDX-License-Identifier: Apache-2.0
// The event log: an append-only, hash-chained list of events in one SQLite file (docs/event_log.md
// is its grammar). One process writes, any number read, and a reader sees a committed prefix.
// An event is acknowledged when append() returns; from then on neither a kill nor a full disk loses
// it. Left out: networked file systems (SQLite's WAL needs shared memory).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "felixsim/event.h"
#include "felixsim/event_source.h"
#include "felixsim/result.h"

namespace felixsim {

inline constexpr int event_log_schema_version = 1;

// What the datastore holds at one moment, and which moment that is.
struct FoldedState {
  int64_t sequence = 0;         // the prefix of the log that was folded
  int64_t revision = 0;         // the largest source revision in it; 0 when it has none
  std::optional<SimTime> time;  // the largest time in it
  std::map<std::string, std::string> values;  // key -> latest value text; deleted keys are absent
  std::vector<StepEvent> steps;               // that are over, in log order
};

struct StepPosition {
  StepEvent step;
  int64_t sequence = 0;
  std::optional<SimTime> time;
};

struct LogInfo {
  std::string path;
  int schema_version = 0;
  int64_t events = 0, datastore_events = 0, host_events = 0, process_events = 0;
  int64_t first_revision = 0, last_revision = 0;  // smallest and largest; 0 when there are none
  std::optional<SimTime> first_time, last_time;   // smallest and largest
  std::vector<StepPosition> steps;
  std::vector<std::string> nodes;  // that host and process events name, sorted
  int64_t snapshots = 0;
  int64_t bytes = 0;      // of the file and its write-ahead log
  std::string head_hash;  // hex; note it elsewhere and verify() can tell a cut-off tail
};

// The outcome of a look at every byte. `intact` or where it first is not.
struct LogVerdict {
  bool intact = true;
  int64_t events = 0;        // checked and found good
  int64_t bad_sequence = 0;  // first event that is wrong; 0: none, or the fault is in the file
  std::string fact;          // what is wrong with it
  std::string head_hash;     // of the last good event
};

// A log opened for reading. Cheap to move; calls on one object must not overlap.
class EventLog {
 public:
  // Errors: no such file, not a log, a newer schema, nothing ever committed to it.
  static Result<EventLog> open(const std::string& path);

  // The last sequence of the committed prefix; 0 when the log is empty.
  Result<int64_t> last_sequence() const;

  // The sequence up to which `moment` looks. rev:N and a time mean the longest prefix in which no
  // event is later; a revision that the log does not reach, a time before its first one, a time
  // asked of a log without times, an unknown or ambiguous step are errors that list what there is.
  Result<int64_t> resolve(const Moment& moment) const;

  // Folds the datastore. Costs the size of the state, not of the history.
  Result<FoldedState> state_at(const Moment& moment) const;

  // Events first..last, both included (last 0: to the end of the log as it is now). Reads in small
  // pages; the source keeps the log open on its own.
  std::unique_ptr<EventSource> events(int64_t first = 1, int64_t last = 0) const;

  // Host, process and step events of the prefix that ends at `last`, in order. Costs their number.
  Result<std::vector<Event>> other_events(int64_t last) const;

  Result<LogInfo> info() const;

  // Recomputes the chain and the snapshots. An Error only when the log cannot be read at all.
  // `expected_head` (hex, from an earlier info()) must occur in the chain; empty: not asked.
  Result<LogVerdict> verify(const std::string& expected_head = {}) const;

  struct Impl;

 private:
  friend class EventLogWriter;
  explicit EventLog(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

// The one writer. A second process that appends in between makes the next append() fail.
class EventLogWriter {
 public:
  // Opens the log for appending; creates it when there is none. Costs the size of the state.
  static Result<EventLogWriter> open(const std::string& path);

  // Appends all of `events`, or none and says why. Returns when they are on disk. Sequences are
  // given here; the `sequence` of an event is not read. Text must be UTF-8, an environment sorted.
  // After an error the writer is as before the call and may be used again.
  Status append(std::span<const Event> events);

  int64_t last_sequence() const;
  const EventLog& log() const;

  EventLogWriter(EventLogWriter&&) noexcept;
  EventLogWriter& operator=(EventLogWriter&&) noexcept;
  ~EventLogWriter();

 private:
  struct State;
  explicit EventLogWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// What an import did. Batches are committed as they fill, or soon after a slow source (a live
// watch) gave something, so an input that turns out bad half way leaves exactly `kept` events of it
// in the log; `failure` says what was wrong.
struct ImportOutcome {
  int64_t kept = 0;
  std::optional<Error> failure;
};
inline constexpr size_t import_batch_events = 1000;
ImportOutcome append_all(EventLogWriter& writer, EventSource& source);

// True when the file's first bytes are those of an event log; false also when it cannot be read.
bool looks_like_event_log(const std::string& path);

}  // namespace felixsim
