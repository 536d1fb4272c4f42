// SPDX-License-Identifier: Apache-2.0
// The writing side of the event log. One transaction a call: the events, and every snapshot and
// milestone that falls due among them.
#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "felixsim/check.h"
#include "replay/log/event_log_impl.h"
#include "replay/log/log_schema.h"
#include "replay/log/log_snapshot.h"

namespace felixsim {

// What is known of the log's end. After a failure it may be ahead of the file; then `loaded` is
// false and the next call reads it again.
struct EventLogWriter::State {
  explicit State(EventLog opened) : log(std::move(opened)) {}

  EventLog log;
  Database* database = nullptr;
  std::optional<Statement> insert_event, insert_snapshot, insert_milestone, last_row;
  bool loaded = false;
  int64_t sequence = 0;
  LogHash hash{};
  LogProgress progress;
  LogHasher hasher;
  std::string scratch;

  Status prepare();
  Status load();
  Status check_alone();
  Status append(std::span<const Event> events);
  Status append_one(const Event& event);
  Status write_snapshot();
  Status write_milestone();
};

Status EventLogWriter::State::prepare() {
  const auto into = [&](std::optional<Statement>& statement, const char* sql) -> Status {
    auto prepared = database->prepare(sql);
    if (!prepared) return forward(prepared);
    statement = *std::move(prepared);
    return {};
  };
  if (auto s = into(insert_event, "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)"); !s) return s;
  if (auto s = into(insert_snapshot, "INSERT INTO snapshot VALUES (?, ?, ?)"); !s) return s;
  if (auto s = into(insert_milestone, "INSERT INTO milestone VALUES (?, ?, ?, ?, ?)"); !s) return s;
  return into(last_row, "SELECT sequence, hash FROM event ORDER BY sequence DESC LIMIT 1");
}

// Reads the state at the log's end: the last snapshot, and what came after it.
Status EventLogWriter::State::load() {
  auto last = log.last_sequence();
  if (!last) return forward(last);
  auto head = hash_at(*database, *last);
  if (!head) return forward(head);
  auto snapshot = snapshot_before(*database, *last);
  if (!snapshot) return forward(snapshot);
  auto reach = reach_at(*database, *last);
  if (!reach) return forward(reach);
  progress = LogProgress();
  auto key = database->prepare("SELECT name FROM event WHERE sequence = ?");
  if (!key) return forward(key);
  for (const int64_t live : snapshot->live) {
    key->bind(0, live);
    auto row = key->step();
    if (!row) return forward(row);
    progress.start_from(live, key->text(0));
    key->reset();
  }
  progress.snapshot_taken(snapshot->live.size());
  auto read =
      for_each_row(*database, snapshot->sequence + 1, *last, [&](const LogRow& row) -> Status {
        progress.apply(row);
        return {};
      });
  if (!read) return read;
  progress.first_revision = reach->first_revision;
  progress.last_revision = reach->last_revision;
  progress.first_time = reach->first_time;
  progress.last_time = reach->last_time;
  sequence = *last;
  hash = *head;
  loaded = true;
  return {};
}

// Inside the transaction: nobody may have appended since this writer looked.
Status EventLogWriter::State::check_alone() {
  auto row = last_row->step();
  if (!row) return forward(row);
  const int64_t last = *row ? last_row->integer(0) : 0;
  const bool same = last == sequence && (last == 0 || last_row->text(1) == as_bytes(hash));
  last_row->reset();
  if (same) return {};
  return fail(ErrorCode::io,
              fmt::format("{}: another process appended to the log: it ends at event {}, not {}",
                          database->path(), last, sequence),
              "a log has one writer; repeat when the other is done");
}

Status EventLogWriter::State::write_snapshot() {
  const auto live = progress.live();
  const std::string bytes = encode_live(live);
  const LogHash seal = hasher.seal(hash, bytes);
  insert_snapshot->bind(0, sequence);
  insert_snapshot->bind_blob(1, bytes);
  insert_snapshot->bind_blob(2, as_bytes(seal));
  progress.snapshot_taken(live.size());
  return insert_snapshot->run();
}

Status EventLogWriter::State::write_milestone() {
  insert_milestone->bind(0, sequence);
  insert_milestone->bind(1, progress.first_revision);
  insert_milestone->bind(2, progress.last_revision);
  insert_milestone->bind(3, progress.first_time);
  insert_milestone->bind(4, progress.last_time);
  return insert_milestone->run();
}

Status EventLogWriter::State::append_one(const Event& event) {
  auto row = row_of(event, sequence + 1, scratch);
  if (!row) return forward(row);
  const LogHash next = hasher.chain(hash, *row);
  insert_event->bind(0, row->sequence);
  insert_event->bind(1, row->revision);
  insert_event->bind(2, row->time);
  insert_event->bind_text(3, row->kind);
  insert_event->bind_text(4, row->name);
  insert_event->bind_text(5, row->body);
  insert_event->bind_blob(6, as_bytes(next));
  if (auto inserted = insert_event->run(); !inserted) return inserted;
  hash = next;
  sequence = row->sequence;
  progress.apply(*row);
  if (progress.snapshot_due())
    if (auto snapshot = write_snapshot(); !snapshot) return snapshot;
  return sequence % milestone_interval == 0 ? write_milestone() : Status();
}

Status EventLogWriter::State::append(std::span<const Event> events) {
  if (!loaded)
    if (auto read = load(); !read) return read;
  if (events.empty()) return {};
  if (auto begun = database->execute("BEGIN IMMEDIATE"); !begun) return begun;
  Status done = check_alone();
  for (size_t i = 0; done && i < events.size(); ++i) done = append_one(events[i]);
  if (done) done = database->execute("COMMIT");
  if (done) return done;
  loaded = false;
  (void)database->execute("ROLLBACK");  // fails where SQLite has rolled back itself
  return done;
}

EventLogWriter::EventLogWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
EventLogWriter::EventLogWriter(EventLogWriter&&) noexcept = default;
EventLogWriter& EventLogWriter::operator=(EventLogWriter&&) noexcept = default;
EventLogWriter::~EventLogWriter() = default;

Result<EventLogWriter> EventLogWriter::open(const std::string& path) {
  auto database = create_log_database(path);
  if (!database) return forward(database);
  EventLog log(std::make_shared<EventLog::Impl>(EventLog::Impl{*std::move(database)}));
  auto state = std::make_unique<State>(std::move(log));
  state->database = &state->log.impl_->database;
  if (auto prepared = state->prepare(); !prepared) return forward(prepared);
  if (auto read = state->load(); !read) return forward(read);
  return EventLogWriter(std::move(state));
}

Status EventLogWriter::append(std::span<const Event> events) { return state_->append(events); }

int64_t EventLogWriter::last_sequence() const { return state_->sequence; }

const EventLog& EventLogWriter::log() const { return state_->log; }

namespace {

// What the reading thread hands to the writing one: at most a batch at a time.
class BatchQueue {
 public:
  // The reading side; false when nobody wants more.
  bool push(Event event) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopped_ || events_.size() < import_batch_events; });
    if (stopped_) return false;
    events_.push_back(std::move(event));
    if (events_.size() == 1 || events_.size() == import_batch_events) changed_.notify_all();
    return true;
  }
  void finish(std::optional<Error> failure) {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(failure);
    finished_ = true;
    changed_.notify_all();
  }

  // The writing side: a full batch, or what a slow source gave in a while; nothing at the end.
  std::vector<Event> pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return finished_ || !events_.empty(); });
    changed_.wait_for(lock, patience,
                      [&] { return finished_ || events_.size() == import_batch_events; });
    changed_.notify_all();
    return std::exchange(events_, {});
  }
  void stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }
  std::optional<Error> failure() {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

 private:
  static constexpr std::chrono::milliseconds patience{50};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Event> events_;
  std::optional<Error> failure_;
  bool finished_ = false, stopped_ = false;
};

void read_all(EventSource& source, BatchQueue& queue) {
  for (;;) {
    auto event = source.next();
    if (!event) return queue.finish(std::move(event).error());
    if (!*event || !queue.push(**std::move(event))) return queue.finish({});
  }
}

}  // namespace

// Reading goes on in another thread while a batch is on its way to the disk.
ImportOutcome append_all(EventLogWriter& writer, EventSource& source) {
  BatchQueue queue;
  std::thread reader([&] { read_all(source, queue); });
  ImportOutcome outcome;
  for (;;) {
    const auto batch = queue.pop();
    if (batch.empty()) break;
    if (auto done = writer.append(batch); !done) {
      outcome.failure = std::move(done).error();
      queue.stop();
      break;
    }
    outcome.kept += static_cast<int64_t>(batch.size());
  }
  reader.join();
  if (!outcome.failure) outcome.failure = queue.failure();
  return outcome;
}

}  // namespace felixsim
