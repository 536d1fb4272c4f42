// SPDX-License-Identifier: Apache-2.0
// An event as the row of the table `event`, and the hash that chains a row to the one before.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "felixsim/event.h"
#include "felixsim/result.h"

namespace felixsim {

// `kind` is one of put, delete, host, start, stop, kill, restart, step. `name` is the key, the node
// or the step's name; `body` the value, the action, {"env","felix_cfg"} of a start, the number.
struct LogRow {
  int64_t sequence = 0;
  int64_t revision = 0;
  std::optional<SimTime> time;
  std::string_view kind;
  std::string_view name;
  std::optional<std::string_view> body;
};

// The row of `event`; views point into it and into `scratch`. Errors: text that is not UTF-8, an
// environment that is not sorted or names a variable twice, a negative revision, step or time.
Result<LogRow> row_of(const Event& event, int64_t sequence, std::string& scratch);
Result<Event> event_of(const LogRow& row);

using LogHash = std::array<uint8_t, 32>;
std::string_view as_bytes(const LogHash& hash);
Result<LogHash> hash_from_bytes(std::string_view bytes);  // 32 bytes, as stored
std::string to_hex(const LogHash& hash);

// SHA-256 with one context for the whole life of a log: a chain of millions is hashed in one go.
class LogHasher {
 public:
  LogHasher();
  ~LogHasher();
  LogHasher(const LogHasher&) = delete;
  LogHasher& operator=(const LogHasher&) = delete;

  static LogHash genesis();  // stands before the first event; names the schema version

  // SHA-256(previous, "SEQUENCE REVISION TIME KIND NAME_BYTES BODY_BYTES\n", name, body); an absent
  // time or body is "-".
  LogHash chain(const LogHash& previous, const LogRow& row);

  LogHash seal(const LogHash& event_hash, std::string_view snapshot);  // of a snapshot

 private:
  LogHash digest(std::string_view a, std::string_view b, std::string_view c, std::string_view d);
  void* context_;
};

}  // namespace felixsim
