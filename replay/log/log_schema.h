// SPDX-License-Identifier: Apache-2.0
// The tables of an event log (docs/event_log.md), and how a file of them is created and opened.
#pragma once

#include <cstdint>
#include <string>

#include "felixsim/result.h"
#include "replay/log/database.h"

namespace felixsim {

inline constexpr int32_t event_log_application_id = 0x46584c47;  // "FXLG"

// Every so many events a row of `milestone` tells how far revisions and times had come.
inline constexpr int64_t milestone_interval = 1024;

// Opens an existing log for reading. Falls back on what a full disk or a read-only folder allow.
Result<Database> open_log_database(const std::string& path);

// Opens for appending; creates the tables when the file is missing or empty.
Result<Database> create_log_database(const std::string& path);

}  // namespace felixsim
