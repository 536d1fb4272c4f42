// SPDX-License-Identifier: Apache-2.0
// SQLite with errors as values. Nothing outside this folder sees a sqlite3 handle.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "felixsim/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace felixsim {

// A prepared statement; belongs to its Database and must not outlive it. Parameters and columns
// count from 0. Bound text is not copied: it must stay until the statement was stepped and reset.
class Statement {
 public:
  void bind(int index, int64_t value);
  void bind(int index, std::optional<int64_t> value);
  void bind_text(int index, std::string_view text);
  void bind_text(int index, std::optional<std::string_view> text);
  void bind_blob(int index, std::string_view bytes);

  Result<bool> step();  // true: a row is there
  Status run();         // steps to the end and resets
  void reset();

  // Columns of the current row; views die with the next step.
  int64_t integer(int column) const;
  std::optional<int64_t> optional_integer(int column) const;
  std::string_view text(int column) const;  // bytes of a text or a blob; empty for null
  std::optional<std::string_view> optional_text(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  sqlite3* database_ = nullptr;
  std::string path_;
};

class Database {
 public:
  enum class Access {
    read,            // sees what others commit
    read_immutable,  // no write-ahead log, nobody writes: needs no file beside it
    read_alone,      // keeps the index of the write-ahead log in memory: for a full disk
    write,
  };
  static Result<Database> open(const std::string& path, Access access);

  Result<Statement> prepare(std::string_view sql) const;
  Status execute(const std::string& sql) const;
  Result<int64_t> integer(std::string_view sql) const;  // first column of the first row; 0 for none
  const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::unique_ptr<sqlite3, Close> database_;
  std::string path_;
};

}  // namespace felixsim
