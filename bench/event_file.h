// SPDX-License-Identifier: Apache-2.0
// Files of recorded datastore events for benchmarks, packed or not: after one {"meta": {...}}, a
// line is {"phase": "snapshot"|"in-sync"|"incr", "updates": [{"k", "v"}]}.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "felixsim/messages.h"
#include "felixsim/resource.h"

namespace felixsim::bench {

struct EventMeta {
  std::string hostname;
  size_t nodes = 0;  // named node-00000 and so on
  msg::Encapsulation encapsulation;
};

struct EventFileReader {
  std::function<void()> on_line;  // before a line is parsed
  std::function<void(const EventMeta&)> on_meta;
  // Parsed updates, in groups as a syncer would hand them over; a value that does not parse is
  // null. The vector is reused.
  std::function<void(const std::vector<Update>&)> on_updates;
  std::function<void()> on_in_sync;
  std::function<void()> on_incremental;  // after the updates of such a line
};

// False if the file cannot be read.
bool read_event_file(const std::string& path, const EventFileReader& reader);

}  // namespace felixsim::bench
