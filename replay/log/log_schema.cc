// SPDX-License-Identifier: Apache-2.0
// Creation is one transaction, so that a log either is not there yet or is whole.
#include "replay/log/log_schema.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "replay/log/event_log.h"

namespace felixsim {
namespace {

namespace fs = std::filesystem;

// Host, process and step events are few among many datastore events: event_other finds them.
constexpr const char* tables_sql = R"sql(
CREATE TABLE event (
  sequence INTEGER PRIMARY KEY,
  revision INTEGER NOT NULL,
  time     INTEGER,
  kind     TEXT NOT NULL,
  name     TEXT NOT NULL,
  body     TEXT,
  hash     BLOB NOT NULL
) STRICT;
CREATE INDEX event_other ON event (sequence) WHERE kind NOT IN ('put', 'delete');
CREATE TABLE snapshot (
  sequence INTEGER PRIMARY KEY,
  live     BLOB NOT NULL,
  seal     BLOB NOT NULL
) STRICT;
CREATE TABLE milestone (
  sequence       INTEGER PRIMARY KEY,
  first_revision INTEGER NOT NULL,
  last_revision  INTEGER NOT NULL,
  first_time     INTEGER,
  last_time      INTEGER
) STRICT;
)sql";

std::string append_only_triggers() {
  std::string sql;
  for (const std::string table : {"event", "snapshot", "milestone"})
    for (const std::string verb : {"UPDATE", "DELETE"})
      sql += fmt::format(
          "CREATE TRIGGER {0}_refuses_{1} BEFORE {1} ON {0} "
          "BEGIN SELECT RAISE(ABORT, 'an event log is append-only'); END;\n",
          table, verb);
  return sql;
}

enum class Found { log, nothing };

// Whether `database` holds a log of a schema that this version reads, or nothing at all.
Result<Found> look_at(const Database& database) {
  auto id = database.integer("PRAGMA application_id");
  if (!id) return forward(id);
  auto version = database.integer("PRAGMA user_version");
  if (!version) return forward(version);
  auto tables = database.integer("SELECT count(*) FROM sqlite_schema");
  if (!tables) return forward(tables);
  if (*id == 0 && *version == 0 && *tables == 0) return Found::nothing;
  if (*id != event_log_application_id)
    return invalid(fmt::format("{}: a database, but not a felixsim event log", database.path()),
                   "give the file that `felixsim import --log` wrote");
  if (*version > event_log_schema_version)
    return fail(ErrorCode::unsupported,
                fmt::format("{}: written with schema {}; this felixsim reads up to {}",
                            database.path(), *version, event_log_schema_version),
                "use a newer felixsim");
  return Found::log;
}

Status not_a_folder(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored))
    return invalid(fmt::format("{}: a folder, not an event log", path));
  return {};
}

// The name of a new file is on disk only when its folder is.
void sync_folder_of(const std::string& path) {
  const auto folder = fs::absolute(path).parent_path();
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

Status create_tables(const Database& database) {
  if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun) return begun;
  auto found = look_at(database);
  if (found && *found == Found::log) return database.execute("ROLLBACK");  // another was faster
  Status done =
      found ? database.execute(fmt::format(
                  "{}{}PRAGMA application_id={};PRAGMA user_version={};COMMIT", tables_sql,
                  append_only_triggers(), event_log_application_id, event_log_schema_version))
            : Status(forward(found));
  if (!done) (void)database.execute("ROLLBACK");
  return done;
}

bool has_content(const std::string& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return !error && size > 0;
}

Result<Database> open_checked(const std::string& path, Database::Access access) {
  auto database = Database::open(path, access);
  if (!database) return database;
  auto found = look_at(*database);
  if (!found) return forward(found);
  if (*found == Found::nothing)
    return fail(ErrorCode::not_found,
                fmt::format("{}: nothing was ever committed to this log", path),
                "import a capture into it first");
  if (auto tuned = database->execute("PRAGMA cache_size=-32768"); !tuned) return forward(tuned);
  return database;
}

}  // namespace

Result<Database> open_log_database(const std::string& path) {
  if (auto file = not_a_folder(path); !file) return forward(file);
  if (!fs::exists(path))
    return fail(ErrorCode::not_found, fmt::format("{}: no such file", path),
                "make one with `felixsim import --from FORMAT INPUT --log FILE`");
  auto database = open_checked(path, Database::Access::read);
  if (database || database.error().code != ErrorCode::io) return database;
  // The index of the write-ahead log could not be made beside the file: a full disk, or a folder
  // that may not be written. Without a write-ahead log none is needed; else keep it in memory.
  auto fallback = open_checked(path, has_content(path + "-wal") ? Database::Access::read_alone
                                                                : Database::Access::read_immutable);
  return fallback ? std::move(fallback) : std::move(database);
}

Result<Database> create_log_database(const std::string& path) {
  if (auto file = not_a_folder(path); !file) return forward(file);
  const bool is_new = !has_content(path);
  auto database = Database::open(path, Database::Access::write);
  if (!database) return database;
  auto found = look_at(*database);
  if (!found) return forward(found);
  // Created before the switch to a write-ahead log, so that the file's own first page names it.
  if (*found == Found::nothing)
    if (auto created = create_tables(*database); !created) return forward(created);
  // A commit is on disk when it returns; the write-ahead log is folded in every 4096 pages.
  if (auto mode = database->execute("PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;"
                                    "PRAGMA wal_autocheckpoint=4096;PRAGMA cache_size=-32768");
      !mode)
    return forward(mode);
  if (is_new) sync_folder_of(path);
  return database;
}

}  // namespace felixsim
