// SPDX-License-Identifier: Apache-2.0
#include "replay/log/event_log.h"

#include <chrono>
#include <fstream>
#include <random>
#include <thread>

#include "replay/log/log_schema.h"
#include "tests/replay/log/log_fixture.h"

using namespace felixsim;

namespace {

Moment moment(Moment::Kind kind, int64_t number, std::string name = {}) {
  return {kind, number, std::move(name)};
}

// The state by replaying all of history: what state_at must equal.
std::map<std::string, std::string> replayed(const std::vector<Event>& events, int64_t last) {
  std::map<std::string, std::string> values;
  for (int64_t i = 0; i < last; ++i) {
    const auto* change = std::get_if<DatastoreEvent>(&events[static_cast<size_t>(i)].body);
    if (change == nullptr) continue;
    if (change->value)
      values[change->key] = *change->value;
    else
      values.erase(change->key);
  }
  return values;
}

std::vector<Event> random_history(int count, int keys, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Event> events;
  for (int i = 0; i < count; ++i) {
    const std::string key = "/calico/k" + std::to_string(random() % static_cast<unsigned>(keys));
    if (random() % 500 == 0)
      events.push_back({0, {}, HostEvent{"node", "{}"}});
    else if (random() % 3 == 0)
      events.push_back(del(i + 1, key));
    else
      events.push_back(put(i + 1, key, "v" + std::to_string(i)));
  }
  return events;
}

}  // namespace

TEST_CASE("every kind of event comes back as it went in, also after closing") {
  TemporaryFolder folder;
  const std::string path = folder.file("a log?#%.db");  // characters with a meaning in a URI
  {
    auto writer = open_writer(path);
    append(writer, one_of_each());
    CHECK(all_events(writer.log()) == numbered(one_of_each()));
  }
  CHECK(all_events(open_log(path)) == numbered(one_of_each()));
  CHECK(verdict_of(open_log(path)).intact);
  CHECK(verdict_of(open_log(path)).events == 10);
  CHECK(looks_like_event_log(path));
}

TEST_CASE("a writer goes on where the last one stopped") {
  TemporaryFolder folder;
  const std::string path = folder.file("log.db");
  const auto history = random_history(5000, 700, 1);
  for (size_t i = 0; i < history.size(); i += 250) {
    auto writer = open_writer(path);
    CHECK(writer.last_sequence() == static_cast<int64_t>(i));
    append(writer,
           {history.begin() + static_cast<long>(i), history.begin() + static_cast<long>(i) + 250});
  }
  const auto log = open_log(path);
  CHECK(all_events(log) == numbered(history));
  CHECK(verdict_of(log).intact);
  CHECK(log.info()->snapshots >= 3);
}

TEST_CASE("the folded state equals replaying, at every moment around snapshots") {
  TemporaryFolder folder;
  auto writer = open_writer(folder.file("log.db"));
  const auto history = random_history(6000, 900, 2);
  append(writer, history);
  for (int64_t last = 0; last <= 6000; last += last % 1000 == 998 ? 1 : 83) {
    INFO("sequence " << last);
    auto state = writer.log().state_at(moment(Moment::Kind::sequence, last));
    REQUIRE(state);
    CHECK(state->sequence == last);
    CHECK(state->values == replayed(history, last));
  }
}

TEST_CASE("the folded state tells revision, time and the steps that are over") {
  TemporaryFolder folder;
  auto writer = open_writer(folder.file("log.db"));
  append(writer, one_of_each());
  const auto state = writer.log().state_at(moment(Moment::Kind::sequence, 5));
  REQUIRE(state);
  CHECK(state->revision == 3);
  CHECK(state->time == 8);
  CHECK(state->steps == std::vector<StepEvent>{{0, "base"}});
  CHECK(state->values.size() == 2);
}

TEST_CASE("a moment is a prefix of the log") {
  TemporaryFolder folder;
  auto writer = open_writer(folder.file("log.db"));
  append(writer, one_of_each());
  struct Case {
    std::string name;
    Moment moment;
    int64_t want;
  };
  for (const auto& c :
       {Case{"the end", Moment{}, 10},
        Case{"a revision and what follows before the next", moment(Moment::Kind::revision, 2), 4},
        Case{"a revision", moment(Moment::Kind::revision, 3), 5},
        Case{"the last revision is the end", moment(Moment::Kind::revision, 4), 10},
        Case{"before everything", moment(Moment::Kind::sequence, 0), 0},
        Case{"a sequence", moment(Moment::Kind::sequence, 7), 7},
        Case{"a step by number", moment(Moment::Kind::step_number, 0), 4},
        Case{"a step by name", moment(Moment::Kind::step_name, 0, "after"), 10},
        Case{"a time with two events", moment(Moment::Kind::time, 8), 6},
        Case{"a time between events", moment(Moment::Kind::time, 3), 1},
        Case{"a time after the end", moment(Moment::Kind::time, 99), 10}})
    DYNAMIC_SECTION(c.name) {
      auto got = writer.log().resolve(c.moment);
      REQUIRE(got);
      CHECK(*got == c.want);
    }
}

TEST_CASE("a moment that is not there is an error that lists what is") {
  TemporaryFolder folder;
  auto writer = open_writer(folder.file("log.db"));
  append(writer, one_of_each());
  append(writer, {{0, {}, StepEvent{2, "twice"}}, {0, {}, StepEvent{3, "twice"}}});
  auto timeless = open_writer(folder.file("timeless.db"));
  append(timeless, {put(0, "/calico/a", "x")});
  struct Case {
    std::string name;
    const EventLogWriter& writer;
    Moment moment;
    std::string message, help;
  };
  for (const auto& c :
       {Case{"revision", writer, moment(Moment::Kind::revision, 5), "revision 5 is outside",
             "2 to 4"},
        Case{"sequence", writer, moment(Moment::Kind::sequence, 13), "13 is outside", "1 to 12"},
        Case{"step number", writer, moment(Moment::Kind::step_number, 9), "no step '9'",
             "0, 1, 2, 3"},
        Case{"step name", writer, moment(Moment::Kind::step_name, 0, "basic"), "no step 'basic'",
             "base"},
        Case{"two steps of a name", writer, moment(Moment::Kind::step_name, 0, "twice"),
             "ambiguous: it ends at events 11, 12", "seq:11"},
        Case{"time", timeless, moment(Moment::Kind::time, 1), "has no times", "rev:N"},
        Case{"revision of a log without", timeless, moment(Moment::Kind::revision, 1),
             "no revisions", "seq:N"},
        Case{"step of a log without", timeless, moment(Moment::Kind::step_number, 0), "no steps",
             "rev:N"}})
    DYNAMIC_SECTION(c.name) {
      auto got = c.writer.log().resolve(c.moment);
      REQUIRE_FALSE(got);
      CHECK(got.error().code == ErrorCode::not_found);
      CHECK_THAT(got.error().message, Catch::Contains(c.message));
      CHECK_THAT(got.error().help, Catch::Contains(c.help));
    }
}

TEST_CASE("revisions and times that go back still name the longest prefix without a later one") {
  TemporaryFolder folder;
  auto writer = open_writer(folder.file("log.db"));
  std::vector<Event> events;
  for (int i = 0; i < 5000; ++i) events.push_back(at(i, put(i % 7 == 3 ? 1 : i + 1, "k", "v")));
  append(writer, events);
  for (int64_t revision : {1, 3, 1023, 1024, 1025, 1026, 3333, 4999}) {
    int64_t want = 0;
    while (want < 5000 &&
           std::get<DatastoreEvent>(events[static_cast<size_t>(want)].body).revision <= revision)
      ++want;
    INFO("revision " << revision);
    CHECK(writer.log().resolve(moment(Moment::Kind::revision, revision)).value() == want);
    CHECK(writer.log().resolve(moment(Moment::Kind::time, revision)).value() == revision + 1);
  }
}

TEST_CASE("the log itself refuses to be changed") {
  TemporaryFolder folder;
  const std::string path = folder.file("log.db");
  {
    auto writer = open_writer(path);
    append(writer, one_of_each());
  }
  for (const std::string sql : {"UPDATE event SET body = 'x'", "DELETE FROM event",
                                "DELETE FROM event WHERE sequence = 10"}) {
    INFO(sql);
    CHECK(run_sql(path, sql) == SQLITE_CONSTRAINT);
  }
  CHECK(verdict_of(open_log(path)).intact);
}

TEST_CASE("verify names the first event that was tampered with") {
  struct Case {
    std::string name, sql;
    int64_t bad;
  };
  for (const auto& c :
       {Case{"a value", "UPDATE event SET body = '{}' WHERE sequence = 1500", 1500},
        Case{"a key", "UPDATE event SET name = name || 'x' WHERE sequence = 7", 7},
        Case{"a revision", "UPDATE event SET revision = 1 WHERE sequence = 8", 8},
        Case{"a kind",
             "UPDATE event SET kind = 'delete', body = NULL WHERE kind = 'put' AND sequence = "
             "(SELECT min(sequence) FROM event WHERE kind = 'put')",
             1},
        Case{"a hash", "UPDATE event SET hash = zeroblob(32) WHERE sequence = 3000", 3000},
        Case{"an event taken out", "DELETE FROM event WHERE sequence = 40", 40},
        Case{"an event put before",
             "INSERT INTO event SELECT 0, revision, time, kind, name, body, hash FROM event WHERE "
             "sequence = 1",
             1},
        Case{"the tail with its snapshots left", "DELETE FROM event WHERE sequence > 1001", 1002},
        Case{"a snapshot",
             "UPDATE snapshot SET live = x'01' WHERE sequence = (SELECT min(sequence) FROM "
             "snapshot)",
             1000},
        Case{"a milestone", "UPDATE milestone SET last_revision = 1 WHERE sequence = 2048", 2048}})
    DYNAMIC_SECTION(c.name) {
      TemporaryFolder folder;
      const std::string path = folder.file("log.db");
      {
        auto writer = open_writer(path);
        std::vector<Event> events;
        for (int i = 1; i <= 3500; ++i)
          events.push_back(put(i + 1, "/calico/" + std::to_string(i % 50), "v"));
        append(writer, events);
      }
      std::string sql;
      for (const std::string table : {"event", "snapshot", "milestone"})
        for (const std::string verb : {"UPDATE", "DELETE"})
          sql += "DROP TRIGGER " + table + "_refuses_" + verb + ";";
      REQUIRE(run_sql(path, sql + c.sql) == SQLITE_OK);
      const auto verdict = verdict_of(open_log(path));
      CHECK_FALSE(verdict.intact);
      INFO(verdict.fact);
      CHECK(verdict.bad_sequence == c.bad);
    }
}

TEST_CASE("a cut-off tail is found by whoever noted the head") {
  TemporaryFolder folder;
  const std::string path = folder.file("log.db");
  std::string head;
  {
    auto writer = open_writer(path);
    append(writer, one_of_each());
    head = writer.log().info()->head_hash;
    append(writer, {put(9, "k", "v")});
    CHECK(writer.log().verify(head)->intact);
  }
  REQUIRE(
      run_sql(path, "DROP TRIGGER event_refuses_DELETE; DELETE FROM event WHERE sequence > 9") ==
      SQLITE_OK);
  CHECK(open_log(path).verify()->intact);
  const auto verdict = open_log(path).verify(head);
  REQUIRE(verdict);
  CHECK_FALSE(verdict->intact);
  CHECK(verdict->bad_sequence == 10);
}

TEST_CASE("any flipped byte of the file is harmless or found, never a crash") {
  TemporaryFolder folder;
  const std::string path = folder.file("log.db");
  const auto history = random_history(1500, 100, 3);
  {
    auto writer = open_writer(path);
    append(writer, history);
  }
  std::ifstream in(path, std::ios::binary);
  const std::string good((std::istreambuf_iterator<char>(in)), {});
  const unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const std::string copy = folder.file("copy.db");
  int found = 0;
  for (int round = 0; round < 150; ++round) {
    std::string bad = good;
    const size_t byte = random() % bad.size();
    bad[byte] = static_cast<char>(bad[byte] ^ (1 << random() % 8));
    std::ofstream(copy, std::ios::binary) << bad;
    INFO("byte " << byte);
    auto log = EventLog::open(copy);
    auto verdict = log ? log->verify() : Result<LogVerdict>(tl::unexpected<Error>(log.error()));
    if (!verdict || !verdict->intact) {
      ++found;
      continue;
    }
    auto source = log->events();
    CHECK(drain(*source) == numbered(history));
  }
  CHECK(found > 50);
}

TEST_CASE("what is no log is refused with the reason") {
  TemporaryFolder folder;
  run_sql(folder.file("other.db"), "CREATE TABLE t (x)");
  run_sql(folder.file("newer.db"),
          "PRAGMA application_id = " + std::to_string(event_log_application_id) +
              "; PRAGMA user_version = 99; CREATE TABLE t (x)");
  std::ofstream(folder.file("text")) << "kind: Scenario\n" << std::string(200, ' ');
  std::ofstream(folder.file("empty"));
  struct Case {
    std::string file, message;
    ErrorCode code;
  };
  for (const auto& c : {Case{"missing", "no such file", ErrorCode::not_found},
                        Case{"other.db", "not a felixsim event log", ErrorCode::invalid_input},
                        Case{"newer.db", "schema 99", ErrorCode::unsupported},
                        Case{"text", "not a database", ErrorCode::corrupt},
                        Case{"empty", "nothing was ever committed", ErrorCode::not_found},
                        Case{"", "a folder", ErrorCode::invalid_input}})
    DYNAMIC_SECTION("'" << c.file << "'") {
      auto log = EventLog::open(folder.file(c.file));
      REQUIRE_FALSE(log);
      CHECK_THAT(log.error().message, Catch::Contains(c.message));
      CHECK(log.error().code == c.code);
      CHECK_FALSE((c.file != "newer.db" && looks_like_event_log(folder.file(c.file))));
    }
  auto writer = EventLogWriter::open(folder.file("other.db"));
  REQUIRE_FALSE(writer);
  CHECK_THAT(writer.error().message, Catch::Contains("not a felixsim event log"));
  CHECK(EventLogWriter::open(folder.file("empty")));  // an empty file becomes a log
}

TEST_CASE("a bad event leaves the log and its writer as they were") {
  TemporaryFolder folder;
  auto writer = open_writer(folder.file("log.db"));
  append(writer, {put(1, "/calico/a", "1")});
  using Kind = ProcessEvent::Kind;
  for (const Event& bad :
       {put(2, "/calico/\xff", "1"), put(2, "/calico/a", "\xc0\x80"), put(-1, "/calico/a", "1"),
        Event{0, -1, HostEvent{"n", "{}"}}, Event{0, {}, StepEvent{-1, "s"}},
        Event{0, {}, ProcessEvent{"n", Kind::start, {{"B", ""}, {"A", ""}}, {}}},
        Event{0, {}, ProcessEvent{"n", Kind::start, {{"A", "\xff"}}, {}}}}) {
    auto done = writer.append(std::vector<Event>{put(2, "/calico/b", "1"), bad});
    REQUIRE_FALSE(done);
    CHECK(done.error().code == ErrorCode::invalid_input);
    CHECK(writer.log().last_sequence().value() == 1);
  }
  append(writer, {put(2, "/calico/b", "1")});
  CHECK(writer.last_sequence() == 2);
  CHECK(verdict_of(writer.log()).intact);
}

TEST_CASE("a second writer is noticed, and the chain stays whole") {
  TemporaryFolder folder;
  const std::string path = folder.file("log.db");
  auto first = open_writer(path);
  auto second = open_writer(path);
  append(first, {put(1, "/calico/a", "1")});
  auto refused = second.append(std::vector<Event>{put(2, "/calico/b", "1")});
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Catch::Contains("another process appended"));
  append(second, {put(2, "/calico/b", "1")});
  CHECK(verdict_of(open_log(path)).events == 2);
}

TEST_CASE("info counts what the log holds") {
  TemporaryFolder folder;
  auto writer = open_writer(folder.file("log.db"));
  append(writer, one_of_each());
  const auto info = writer.log().info();
  REQUIRE(info);
  CHECK(info->events == 10);
  CHECK(info->datastore_events == 3);
  CHECK(info->host_events == 1);
  CHECK(info->process_events == 4);
  CHECK(info->steps.size() == 2);
  CHECK(info->nodes == std::vector<std::string>{"node-a", "node-b"});
  CHECK(info->first_revision == 2);
  CHECK(info->last_revision == 4);
  CHECK(info->first_time == 0);
  CHECK(info->last_time == 12);
  CHECK(info->head_hash.size() == 64);
}

namespace {

// Gives `count` events, then ends or fails; between two it may dawdle.
struct SlowSource : EventSource {
  int count = 0, at = 0;
  bool fails = false;
  std::chrono::milliseconds pause{0};
  Result<std::optional<Event>> next() override {
    if (at == count && fails) return invalid("the source broke");
    if (at == count) return std::nullopt;
    std::this_thread::sleep_for(pause);
    ++at;
    return put(at, "/calico/" + std::to_string(at), "v");
  }
};

}  // namespace

TEST_CASE("an import keeps what came before the input turned out wrong, and says how much") {
  for (const int count : {0, 1, 999, 1000, 1001, 3500}) {
    TemporaryFolder folder;
    auto writer = open_writer(folder.file("log.db"));
    SlowSource source;
    source.count = count;
    source.fails = count % 2 == 1;
    const auto outcome = append_all(writer, source);
    CHECK(outcome.kept == count);
    CHECK(writer.last_sequence() == count);
    CHECK(outcome.failure.has_value() == source.fails);
  }
}

TEST_CASE("a live source's events are readable long before its batch is full") {
  TemporaryFolder folder;
  const std::string path = folder.file("log.db");
  auto writer = open_writer(path);
  SlowSource source;
  source.count = 20;
  source.pause = std::chrono::milliseconds(30);
  std::thread importer([&] { CHECK(append_all(writer, source).kept == 20); });
  int64_t early = 0;
  while (early == 0) early = open_log(path).last_sequence().value();
  importer.join();
  CHECK(early < 20);
}

TEST_CASE("an import stops at the first event that the log refuses") {
  struct BadSource : EventSource {
    int at = 0;
    Result<std::optional<Event>> next() override {
      return put(1, ++at == 1500 ? "\xff" : "/k", "v");
    }
  } source;
  TemporaryFolder folder;
  auto writer = open_writer(folder.file("log.db"));
  const auto outcome = append_all(writer, source);
  REQUIRE(outcome.failure);
  CHECK_THAT(outcome.failure->message, Catch::Contains("not UTF-8"));
  CHECK(outcome.kept == writer.log().last_sequence().value());
}
