// SPDX-License-Identifier: Apache-2.0
// SQLite with errors as values: https://www.sqlite.org/rescode.html to place, fact and fix.
#include "replay/log/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstring>

#include "felixsim/check.h"

namespace felixsim {
namespace {

constexpr int busy_timeout_ms = 5000;  // longer than any commit of ours; then say who is in the way

Error disk_full(const std::string& path) {
  return {ErrorCode::io, fmt::format("{}: the disk is full", path),
          "free some space and repeat: what was acknowledged is kept, the failed batch is not"};
}

// The last failure of this connection as place, fact and fix.
Error last_error(sqlite3* database, const std::string& path) {
  const int code = sqlite3_errcode(database) & 0xff;
  const int os_error = sqlite3_system_errno(database);
  const std::string said = sqlite3_errmsg(database);
  switch (code) {
    case SQLITE_FULL:
      return disk_full(path);
    case SQLITE_NOTADB:
      return {ErrorCode::corrupt, fmt::format("{}: is no event log: {}", path, said),
              "felixsim import makes one of a capture; a log that was one: restore it from a copy"};
    case SQLITE_CORRUPT:
      return {ErrorCode::corrupt, fmt::format("{}: not readable as a database: {}", path, said),
              "restore the file from a copy; `felixsim log L verify` names the first bad event"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::io, fmt::format("{}: another process is writing to the log", path),
              "a log has one writer; wait until it is done"};
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      if (os_error == ENOSPC || os_error == EDQUOT) return disk_full(path);
      return {ErrorCode::io,
              os_error != 0 ? fmt::format("{}: {}: {}", path, said, std::strerror(os_error))
                            : fmt::format("{}: {}", path, said),
              "check that the file and its folder exist and may be read and written"};
    default:
      return {ErrorCode::corrupt, fmt::format("{}: {}", path, said)};
  }
}

// A path as a file: URI, in which '?', '#' and '%' have a meaning.
std::string as_uri(const std::string& path, const std::string& query) {
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '?' || c == '#' || c == '%')
      uri += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    else
      uri += c;
  }
  return uri + query;
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
void Database::Close::operator()(sqlite3* database) const { sqlite3_close(database); }

// Binding fails only for a wrong index or a lack of memory: our bug.
void Statement::bind(int index, int64_t value) {
  FELIXSIM_CHECK(sqlite3_bind_int64(statement_.get(), index + 1, value) == SQLITE_OK);
}

void Statement::bind(int index, std::optional<int64_t> value) {
  if (value) return bind(index, *value);
  FELIXSIM_CHECK(sqlite3_bind_null(statement_.get(), index + 1) == SQLITE_OK);
}

void Statement::bind_text(int index, std::string_view text) {
  // A null pointer would bind NULL; an empty view may hold one.
  const char* data = text.data() != nullptr ? text.data() : "";
  FELIXSIM_CHECK(sqlite3_bind_text64(statement_.get(), index + 1, data, text.size(), SQLITE_STATIC,
                                     SQLITE_UTF8) == SQLITE_OK);
}

void Statement::bind_text(int index, std::optional<std::string_view> text) {
  if (text) return bind_text(index, *text);
  FELIXSIM_CHECK(sqlite3_bind_null(statement_.get(), index + 1) == SQLITE_OK);
}

void Statement::bind_blob(int index, std::string_view bytes) {
  const char* data = bytes.data() != nullptr ? bytes.data() : "";
  FELIXSIM_CHECK(sqlite3_bind_blob64(statement_.get(), index + 1, data, bytes.size(),
                                     SQLITE_STATIC) == SQLITE_OK);
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  auto error = last_error(database_, path_);
  reset();
  return tl::unexpected<Error>(std::move(error));
}

Status Statement::run() {
  for (;;) {
    auto row = step();
    if (!row) return forward(row);
    if (!*row) break;
  }
  reset();
  return {};
}

void Statement::reset() { sqlite3_reset(statement_.get()); }

int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::optional<int64_t> Statement::optional_integer(int column) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) return std::nullopt;
  return integer(column);
}

std::string_view Statement::text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes), static_cast<size_t>(size)};
}

std::optional<std::string_view> Statement::optional_text(int column) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) return std::nullopt;
  return text(column);
}

Result<Database> Database::open(const std::string& path, Access access) {
  const bool writes = access == Access::write || access == Access::read_alone;
  const int create = access == Access::write ? SQLITE_OPEN_CREATE : 0;
  const std::string query = access == Access::read_immutable ? "?immutable=1" : "";
  sqlite3* raw = nullptr;
  const int code =
      sqlite3_open_v2(as_uri(path, query).c_str(), &raw,
                      SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX |
                          (writes ? SQLITE_OPEN_READWRITE | create : SQLITE_OPEN_READONLY),
                      nullptr);
  Database database;
  database.database_.reset(raw);
  database.path_ = path;
  if (raw == nullptr) return fail(ErrorCode::io, fmt::format("{}: out of memory", path));
  if (code != SQLITE_OK) return tl::unexpected<Error>(last_error(raw, path));
  sqlite3_busy_timeout(raw, busy_timeout_ms);
  sqlite3_extended_result_codes(raw, 1);
  if (access == Access::read_alone)
    if (auto status = database.execute("PRAGMA locking_mode=EXCLUSIVE"); !status)
      return forward(status);
  return database;
}

Result<Statement> Database::prepare(std::string_view sql) const {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (code != SQLITE_OK) return tl::unexpected<Error>(last_error(database_.get(), path_));
  Statement statement;
  statement.statement_.reset(raw);
  statement.database_ = database_.get();
  statement.path_ = path_;
  return statement;
}

Status Database::execute(const std::string& sql) const {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    return tl::unexpected<Error>(last_error(database_.get(), path_));
  return {};
}

Result<int64_t> Database::integer(std::string_view sql) const {
  auto statement = prepare(sql);
  if (!statement) return forward(statement);
  auto row = statement->step();
  if (!row) return forward(row);
  return *row ? statement->integer(0) : 0;
}

}  // namespace felixsim
