// SPDX-License-Identifier: Apache-2.0
// What the parts of the event log share: its connection and the reading of rows.
#pragma once

#include <functional>
#include <string>

#include "replay/log/database.h"
#include "replay/log/event_log.h"
#include "replay/log/log_row.h"

namespace felixsim {

struct EventLog::Impl {
  Database database;
};

// Columns of `event` as every reader asks for them; row_at reads them from the current row.
inline constexpr const char* row_columns = "sequence, revision, time, kind, name, body";
LogRow row_at(const Statement& statement);

Result<Statement> prepare_range(const Database& database, const std::string& where, int64_t first,
                                int64_t last);

// How far a prefix had come, read from the last milestone and the rows behind it.
struct LogReach {
  int64_t first_revision = 0, last_revision = 0;
  std::optional<SimTime> first_time, last_time;
};
Result<LogReach> reach_at(const Database& database, int64_t sequence);

// The sequence and live puts of the last snapshot at or before `sequence`; 0 when there is none.
struct LogSnapshot {
  int64_t sequence = 0;
  std::vector<int64_t> live;
};
Result<LogSnapshot> snapshot_before(const Database& database, int64_t sequence);

Result<LogHash> hash_at(const Database& database, int64_t sequence);  // genesis for 0

// Calls `visit` for the rows of event `first`..`last` in order, until it fails.
Status for_each_row(const Database& database, int64_t first, int64_t last,
                    const std::function<Status(const LogRow&)>& visit);

}  // namespace felixsim
