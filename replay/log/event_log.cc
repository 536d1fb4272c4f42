// SPDX-License-Identifier: Apache-2.0
// The reading side of the event log. Pages are short transactions: the log only grows, so a
// sequence read once stays what it is.
#include "replay/log/event_log.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cstdio>
#include <cstring>
#include <deque>
#include <filesystem>
#include <set>

#include "felixsim/check.h"
#include "replay/log/event_log_impl.h"
#include "replay/log/log_schema.h"
#include "replay/log/log_snapshot.h"

namespace felixsim {
namespace {

constexpr int64_t page_events = 256;

Error corrupt_log(const Database& database, const std::string& fact) {
  return {ErrorCode::corrupt, fmt::format("{}: {}", database.path(), fact),
          "`felixsim log L verify` names the first bad event; restore the file from a copy"};
}

// The values of the puts in `live`, in place of the keys that changed after the snapshot.
Status read_live(const Database& database, const std::vector<int64_t>& live,
                 const std::set<std::string, std::less<>>& changed,
                 std::vector<std::pair<std::string, std::string>>& values) {
  auto statement = database.prepare("SELECT kind, name, body FROM event WHERE sequence = ?");
  if (!statement) return forward(statement);
  for (const int64_t sequence : live) {
    statement->bind(0, sequence);
    auto row = statement->step();
    if (!row) return forward(row);
    if (!*row || statement->text(0) != "put" || !statement->optional_text(2))
      return tl::unexpected<Error>(corrupt_log(
          database, fmt::format("a snapshot names event {}, which is no put", sequence)));
    if (!changed.contains(statement->text(1)))
      values.emplace_back(statement->text(1), statement->text(2));
    statement->reset();
  }
  return {};
}

}  // namespace

// A page of events at a time, in their own short read.
class LogCursor : public EventSource {
 public:
  LogCursor(std::shared_ptr<EventLog::Impl> log, int64_t first, int64_t last)
      : log_(std::move(log)), next_(first), last_(last) {}

  Result<std::optional<Event>> next() override {
    if (page_.empty())
      if (auto read = read_page(); !read) return forward(read);
    if (page_.empty()) return std::nullopt;
    Event event = std::move(page_.front());
    page_.pop_front();
    return event;
  }

 private:
  Status read_page() {
    if (last_ == 0) {
      auto end = log_->database.integer("SELECT max(sequence) FROM event");
      if (!end) return forward(end);
      last_ = *end;
    }
    const int64_t end = std::min(last_, next_ + page_events - 1);
    auto read = for_each_row(log_->database, next_, end, [&](const LogRow& row) -> Status {
      auto event = event_of(row);
      if (!event) return forward(event);
      page_.push_back(*std::move(event));
      return {};
    });
    next_ = end + 1;
    return read;
  }

  std::shared_ptr<EventLog::Impl> log_;
  int64_t next_, last_;
  std::deque<Event> page_;
};

LogRow row_at(const Statement& statement) {
  return {statement.integer(0), statement.integer(1), statement.optional_integer(2),
          statement.text(3),    statement.text(4),    statement.optional_text(5)};
}

Result<Statement> prepare_range(const Database& database, const std::string& where, int64_t first,
                                int64_t last) {
  auto statement = database.prepare(
      fmt::format("SELECT {}, hash FROM event WHERE sequence BETWEEN ? AND ?{} ORDER BY sequence",
                  row_columns, where));
  if (!statement) return statement;
  statement->bind(0, first);
  statement->bind(1, last);
  return statement;
}

Status for_each_row(const Database& database, int64_t first, int64_t last,
                    const std::function<Status(const LogRow&)>& visit) {
  auto statement = prepare_range(database, "", first, last);
  if (!statement) return forward(statement);
  for (;;) {
    auto row = statement->step();
    if (!row) return forward(row);
    if (!*row) return {};
    if (auto visited = visit(row_at(*statement)); !visited) return visited;
  }
}

Result<LogReach> reach_at(const Database& database, int64_t sequence) {
  auto statement = database.prepare(
      "SELECT sequence, first_revision, last_revision, first_time, last_time FROM milestone "
      "WHERE sequence <= ? ORDER BY sequence DESC LIMIT 1");
  if (!statement) return forward(statement);
  statement->bind(0, sequence);
  auto found = statement->step();
  if (!found) return forward(found);
  LogProgress progress;
  int64_t from = 1;
  if (*found) {
    from = statement->integer(0) + 1;
    progress.first_revision = statement->integer(1);
    progress.last_revision = statement->integer(2);
    progress.first_time = statement->optional_integer(3);
    progress.last_time = statement->optional_integer(4);
  }
  auto read = for_each_row(database, from, sequence, [&](const LogRow& row) -> Status {
    progress.apply(row);
    return {};
  });
  if (!read) return forward(read);
  return LogReach{progress.first_revision, progress.last_revision, progress.first_time,
                  progress.last_time};
}

Result<LogSnapshot> snapshot_before(const Database& database, int64_t sequence) {
  auto statement = database.prepare(
      "SELECT sequence, live, seal FROM snapshot WHERE sequence <= ? "
      "ORDER BY sequence DESC LIMIT 1");
  if (!statement) return forward(statement);
  statement->bind(0, sequence);
  auto found = statement->step();
  if (!found) return forward(found);
  if (!*found) return LogSnapshot{};
  LogSnapshot snapshot{statement->integer(0), {}};
  auto event_hash = hash_at(database, snapshot.sequence);
  if (!event_hash) return forward(event_hash);
  LogHasher hasher;
  auto live = decode_live(statement->text(1));
  if (!live || as_bytes(hasher.seal(*event_hash, statement->text(1))) != statement->text(2))
    return tl::unexpected<Error>(corrupt_log(
        database,
        fmt::format("the snapshot at event {} is not what was written", snapshot.sequence)));
  snapshot.live = *std::move(live);
  return snapshot;
}

Result<LogHash> hash_at(const Database& database, int64_t sequence) {
  if (sequence == 0) return LogHasher::genesis();
  auto statement = database.prepare("SELECT hash FROM event WHERE sequence = ?");
  if (!statement) return forward(statement);
  statement->bind(0, sequence);
  auto row = statement->step();
  if (!row) return forward(row);
  if (!*row)
    return tl::unexpected<Error>(corrupt_log(database, fmt::format("no event {}", sequence)));
  auto hash = hash_from_bytes(statement->text(0));
  if (!hash) return tl::unexpected<Error>(corrupt_log(database, hash.error().message));
  return hash;
}

Result<EventLog> EventLog::open(const std::string& path) {
  auto database = open_log_database(path);
  if (!database) return forward(database);
  return EventLog(std::make_shared<Impl>(Impl{*std::move(database)}));
}

Result<int64_t> EventLog::last_sequence() const {
  return impl_->database.integer("SELECT max(sequence) FROM event");
}

Result<FoldedState> EventLog::state_at(const Moment& moment) const {
  auto sequence = resolve(moment);
  if (!sequence) return forward(sequence);
  const Database& database = impl_->database;
  FoldedState state;
  state.sequence = *sequence;
  auto reach = reach_at(database, *sequence);
  if (!reach) return forward(reach);
  state.revision = reach->last_revision;
  state.time = reach->last_time;
  auto snapshot = snapshot_before(database, *sequence);
  if (!snapshot) return forward(snapshot);
  std::set<std::string, std::less<>> changed;
  auto read =
      for_each_row(database, snapshot->sequence + 1, *sequence, [&](const LogRow& row) -> Status {
        if (row.kind != "put" && row.kind != "delete") return {};
        changed.emplace(row.name);
        if (row.kind == "put")
          state.values.insert_or_assign(std::string(row.name), std::string(row.body.value_or("")));
        else
          state.values.erase(std::string(row.name));
        return {};
      });
  if (!read) return forward(read);
  std::vector<std::pair<std::string, std::string>> values;
  if (auto live = read_live(database, snapshot->live, changed, values); !live) return forward(live);
  std::sort(values.begin(), values.end());
  for (auto& [key, value] : values)
    state.values.emplace_hint(state.values.end(), std::move(key), std::move(value));
  auto others = other_events(*sequence);
  if (!others) return forward(others);
  for (const auto& event : *others)
    if (const auto* step = std::get_if<StepEvent>(&event.body)) state.steps.push_back(*step);
  return state;
}

std::unique_ptr<EventSource> EventLog::events(int64_t first, int64_t last) const {
  return std::make_unique<LogCursor>(impl_, first, last);
}

Result<std::vector<Event>> EventLog::other_events(int64_t last) const {
  // The words of the partial index event_other, so that SQLite uses it.
  auto statement = prepare_range(impl_->database, " AND kind NOT IN ('put', 'delete')", 1, last);
  if (!statement) return forward(statement);
  std::vector<Event> events;
  for (;;) {
    auto row = statement->step();
    if (!row) return forward(row);
    if (!*row) return events;
    auto event = event_of(row_at(*statement));
    if (!event) return forward(event);
    events.push_back(*std::move(event));
  }
}

Result<LogInfo> EventLog::info() const {
  const Database& database = impl_->database;
  LogInfo info;
  info.path = database.path();
  auto version = database.integer("PRAGMA user_version");
  if (!version) return forward(version);
  info.schema_version = static_cast<int>(*version);
  auto last = last_sequence();
  if (!last) return forward(last);
  info.events = *last;
  auto reach = reach_at(database, *last);
  if (!reach) return forward(reach);
  info.first_revision = reach->first_revision;
  info.last_revision = reach->last_revision;
  info.first_time = reach->first_time;
  info.last_time = reach->last_time;
  auto others = other_events(*last);
  if (!others) return forward(others);
  std::set<std::string> nodes;
  for (const auto& event : *others) {
    if (const auto* host = std::get_if<HostEvent>(&event.body)) {
      ++info.host_events;
      nodes.insert(host->node);
    } else if (const auto* process = std::get_if<ProcessEvent>(&event.body)) {
      ++info.process_events;
      nodes.insert(process->node);
    } else if (const auto* step = std::get_if<StepEvent>(&event.body)) {
      info.steps.push_back({*step, event.sequence, event.time});
    }
  }
  info.datastore_events = *last - static_cast<int64_t>(others->size());
  info.nodes.assign(nodes.begin(), nodes.end());
  auto snapshots = database.integer("SELECT count(*) FROM snapshot");
  if (!snapshots) return forward(snapshots);
  info.snapshots = *snapshots;
  auto head = hash_at(database, *last);
  if (!head) return forward(head);
  info.head_hash = to_hex(*head);
  for (const std::string suffix : {"", "-wal"}) {
    std::error_code missing;
    const auto size = std::filesystem::file_size(info.path + suffix, missing);
    if (!missing) info.bytes += static_cast<int64_t>(size);
  }
  return info;
}

bool looks_like_event_log(const std::string& path) {
  // https://www.sqlite.org/fileformat.html: magic at 0, application id at 68, big-endian.
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                       &std::fclose);
  if (!file) return false;
  std::array<unsigned char, 72> head{};
  if (std::fread(head.data(), 1, head.size(), file.get()) != head.size()) return false;
  const uint32_t id = static_cast<uint32_t>(head[68]) << 24 |
                      static_cast<uint32_t>(head[69]) << 16 | static_cast<uint32_t>(head[70]) << 8 |
                      head[71];
  return std::memcmp(head.data(), "SQLite format 3", 16) == 0 && id == event_log_application_id;
}

}  // namespace felixsim
