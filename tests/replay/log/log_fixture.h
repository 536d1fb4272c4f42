// SPDX-License-Identifier: Apache-2.0
// A folder that goes away, and events to fill logs with.
#pragma once

#include <sqlite3.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "replay/log/event_log.h"

namespace felixsim {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "felixsim-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline Event put(int64_t revision, const std::string& key, const std::string& value) {
  return {0, std::nullopt, DatastoreEvent{revision, key, value}};
}
inline Event del(int64_t revision, const std::string& key) {
  return {0, std::nullopt, DatastoreEvent{revision, key, std::nullopt}};
}
inline Event at(SimTime time, Event event) {
  event.time = time;
  return event;
}

// Every kind of event, in an order that a recording could have.
inline std::vector<Event> one_of_each() {
  using Kind = ProcessEvent::Kind;
  return {
      at(0, {0, {}, HostEvent{"node-a", R"({"facts":{}})"}}),
      at(5, put(2, "/calico/a", R"({"x":1})")),
      at(6, {0, {}, ProcessEvent{"node-a", Kind::start, {{"A", "1"}, {"B", "\"2\"\n"}}, "[g]\n"}}),
      at(7, {0, {}, StepEvent{0, "base"}}),
      at(8, put(3, "/calico/b", "bare text \xc3\xa9")),
      at(8, del(4, "/calico/a")),
      at(9, {0, {}, ProcessEvent{"node-a", Kind::restart, {}, {}}}),
      at(10, {0, {}, ProcessEvent{"node-b", Kind::stop, {}, {}}}),
      at(11, {0, {}, ProcessEvent{"node-b", Kind::kill, {}, {}}}),
      at(12, {0, {}, StepEvent{1, "after"}})};
}

inline std::vector<Event> numbered(std::vector<Event> events) {
  int64_t sequence = 0;
  for (auto& event : events) event.sequence = ++sequence;
  return events;
}

inline EventLogWriter open_writer(const std::string& path) {
  auto writer = EventLogWriter::open(path);
  INFO((writer ? "" : writer.error().message));
  REQUIRE(writer);
  return *std::move(writer);
}

inline EventLog open_log(const std::string& path) {
  auto log = EventLog::open(path);
  INFO((log ? "" : log.error().message));
  REQUIRE(log);
  return *std::move(log);
}

inline void append(EventLogWriter& writer, const std::vector<Event>& events) {
  auto done = writer.append(events);
  INFO((done ? "" : done.error().message));
  REQUIRE(done);
}

inline std::vector<Event> drain(EventSource& source) {
  std::vector<Event> events;
  for (;;) {
    auto event = source.next();
    INFO((event ? "" : event.error().message));
    REQUIRE(event);
    if (!*event) return events;
    events.push_back(**event);
  }
}

inline std::vector<Event> all_events(const EventLog& log) { return drain(*log.events()); }

inline LogVerdict verdict_of(const EventLog& log) {
  auto verdict = log.verify();
  INFO((verdict ? "" : verdict.error().message));
  REQUIRE(verdict);
  return *verdict;
}

// What the log is refused by itself, done by hand.
inline int run_sql(const std::string& path, const std::string& sql) {
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &database) == SQLITE_OK);
  const int code = sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr);
  sqlite3_close(database);
  return code;
}

}  // namespace felixsim
