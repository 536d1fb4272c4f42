// SPDX-License-Identifier: Apache-2.0
// The event log against plain SQLite at the same durability, and what reaching a moment costs as
// history and as state grow. `log_bench [EVENTS [FOLDER]]`; the log is made in FOLDER, on disk.
#include <fmt/format.h>
#include <sqlite3.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include "felixsim/check.h"
#include "replay/capture/capture.h"
#include "replay/log/event_log.h"

using namespace felixsim;

namespace {

namespace fs = std::filesystem;

constexpr size_t batch = import_batch_events;

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Event number `i` of a cluster whose `endpoints` workload endpoints change label in turn.
DatastoreEvent change(int64_t i, int64_t endpoints) {
  const int64_t pod = i % endpoints;
  const std::string name = fmt::format("node--{}-k8s-pod--{}-eth0", pod % 100, pod);
  DatastoreEvent event;
  event.revision = i + 2;
  event.key = "/calico/resources/v3/projectcalico.org/workloadendpoints/default/" + name;
  event.value = fmt::format(
      R"({{"apiVersion":"projectcalico.org/v3","kind":"WorkloadEndpoint","metadata":{{"name":"{0}",)"
      R"("namespace":"default","uid":"9a3e4c1f-1111-4222-8333-{1:012d}",)"
      R"("creationTimestamp":"2026-01-01T00:00:00Z","labels":{{"app":"web-{2}","turn":"t{3}",)"
      R"("projectcalico.org/namespace":"default","projectcalico.org/orchestrator":"k8s"}}}},)"
      R"("spec":{{"node":"node-{4}","orchestrator":"k8s","pod":"pod-{1}","endpoint":"eth0",)"
      R"("containerID":"c-{1}","interfaceName":"cali{1:011d}","ipNetworks":["10.{5}.{6}.{7}/32"],)"
      R"("profiles":["kns.default","ksa.default.default"]}}}})",
      name, pod, pod % 40, i / endpoints, pod % 100, pod >> 16, pod >> 8 & 255, pod & 255);
  return event;
}

void check(int code) { FELIXSIM_CHECK(code == SQLITE_OK || code == SQLITE_DONE); }

// The same rows, columns and pragmas; no parsing, no chain, no snapshots.
double plain_sqlite(const std::string& path, int64_t events, int64_t endpoints) {
  std::vector<DatastoreEvent> rows;
  sqlite3* database = nullptr;
  check(sqlite3_open(path.c_str(), &database));
  const auto run = [&](const char* sql) {
    check(sqlite3_exec(database, sql, nullptr, nullptr, nullptr));
  };
  run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4096;"
      "PRAGMA cache_size=-32768;"
      "CREATE TABLE event (sequence INTEGER PRIMARY KEY, revision INTEGER NOT NULL, time INTEGER,"
      " kind TEXT NOT NULL, name TEXT NOT NULL, body TEXT) STRICT");
  sqlite3_stmt* insert = nullptr;
  check(sqlite3_prepare_v2(database, "INSERT INTO event VALUES (?, ?, NULL, 'put', ?, ?)", -1,
                           &insert, nullptr));
  double total = 0;
  for (int64_t done = 0; done < events;) {
    rows.clear();
    for (; rows.size() < batch && done < events; ++done) rows.push_back(change(done, endpoints));
    int64_t sequence = done - static_cast<int64_t>(rows.size());
    total += seconds_of([&] {
      run("BEGIN IMMEDIATE");
      for (const auto& row : rows) {
        sqlite3_bind_int64(insert, 1, ++sequence);
        sqlite3_bind_int64(insert, 2, row.revision);
        sqlite3_bind_text(insert, 3, row.key.data(), static_cast<int>(row.key.size()), nullptr);
        sqlite3_bind_text(insert, 4, row.value->data(), static_cast<int>(row.value->size()),
                          nullptr);
        check(sqlite3_step(insert));
        check(sqlite3_reset(insert));
      }
      run("COMMIT");
    });
  }
  sqlite3_finalize(insert);
  total += seconds_of([&] { sqlite3_close(database); });
  return total;
}

void write_jsonl(const std::string& path, int64_t events, int64_t endpoints) {
  std::ofstream out(path, std::ios::binary);
  for (int64_t i = 0; i < events; ++i)
    out << event_to_jsonl({0, std::nullopt, change(i, endpoints)}) << '\n';
}

// The whole of `felixsim import --from jsonl`: read, parse, check, chain, fold, commit.
double import(const std::string& jsonl, const std::string& log) {
  return seconds_of([&] {
    auto writer = EventLogWriter::open(log);
    FELIXSIM_CHECK(writer);
    auto source = stream_jsonl(jsonl);
    FELIXSIM_CHECK(source);
    const auto outcome = append_all(*writer, **source);
    if (outcome.failure) fmt::print(stderr, "{}\n", outcome.failure->message);
    FELIXSIM_CHECK(!outcome.failure);
  });
}

// Opening included: what `felixsim show` waits for before it computes.
double reach_state(const std::string& path, const Moment& moment, size_t expected_keys) {
  return seconds_of([&] {
    auto log = EventLog::open(path);
    FELIXSIM_CHECK(log);
    auto state = log->state_at(moment);
    FELIXSIM_CHECK(state && state->values.size() == expected_keys);
  });
}

void fill(const std::string& path, int64_t events, int64_t endpoints) {
  auto writer = EventLogWriter::open(path);
  FELIXSIM_CHECK(writer);
  std::vector<Event> rows;
  for (int64_t i = 0; i < events; ++i) {
    rows.push_back({0, std::nullopt, change(i, endpoints)});
    if (rows.size() < 20000 && i + 1 < events) continue;
    FELIXSIM_CHECK(writer->append(rows));
    rows.clear();
  }
}

}  // namespace

int main(int count, char** arguments) {
  const int64_t events = count > 1 ? std::atoll(arguments[1]) : 1'000'000;
  const fs::path folder =
      (count > 2 ? fs::path(arguments[2]) : fs::current_path()) / "log_bench.tmp";
  fs::remove_all(folder);
  fs::create_directories(folder);
  const std::string jsonl = folder / "events.jsonl", log = folder / "log.db";
  constexpr int64_t endpoints = 10'000;

  fmt::print("{} events over {} endpoints, {} rows a commit, WAL, synchronous=FULL\n", events,
             endpoints, batch);
  write_jsonl(jsonl, events, endpoints);
  const double plain = plain_sqlite(folder / "plain.db", events, endpoints);
  fs::remove(folder / "plain.db");
  const double imported = import(jsonl, log);
  const auto rate = [&](double time) { return static_cast<double>(events) / time; };
  fmt::print("  plain SQLite          {:8.0f} rows/s\n", rate(plain));
  fmt::print("  import (parse, chain) {:8.0f} rows/s   {:.2f} of plain (wanted: 0.50)\n",
             rate(imported), plain / imported);
  const double verified =
      seconds_of([&] { FELIXSIM_CHECK(EventLog::open(log)->verify()->intact); });
  fmt::print("  verify                {:8.0f} rows/s\n", rate(verified));
  fmt::print("  file: {} MiB, {} snapshots\n", fs::file_size(log) >> 20,
             EventLog::open(log)->info()->snapshots);

  fmt::print("state_at the end of a prefix, {} keys: cost against history\n", endpoints);
  for (int64_t prefix = 16 * endpoints; prefix <= events; prefix *= 2)
    fmt::print("  {:8} events  {:7.1f} ms\n", prefix,
               1e3 * reach_state(log, {Moment::Kind::sequence, prefix, {}}, endpoints));
  fmt::print("state_at the end of 200000 events: cost against the size of the state\n");
  for (const int64_t keys : {100, 1'000, 10'000, 50'000, 100'000}) {
    const std::string path = folder / fmt::format("keys{}.db", keys);
    fill(path, 200'000, keys);
    fmt::print("  {:8} keys    {:7.1f} ms\n", keys,
               1e3 * reach_state(path, {}, static_cast<size_t>(keys)));
    fs::remove(path);
  }
  fs::remove_all(folder);
  return 0;
}
