// SPDX-License-Identifier: Apache-2.0
// Cuts a file, standard input or a text into records (lines, or concatenated JSON objects) without
// ever holding more than the longest record and one block.
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "felixsim/result.h"

namespace felixsim {

// Where an offset of a text is, for people: "FILE:LINE:COLUMN". Columns count bytes from 1.
std::string place_of(const std::string& name, int64_t line, int64_t column);

struct Record {
  // Followed by at least simdjson's padding of readable bytes. Dies with the next record.
  std::string_view text;
  int64_t line = 1, column = 1;  // of its first byte
};

class RecordReader {
 public:
  static Result<RecordReader> open(const std::string& path);  // "-" is standard input
  static RecordReader from_text(std::string text, std::string name);

  // The next line that is not blank; nothing at the end.
  Result<std::optional<Record>> next_line();
  // The next JSON object, wherever lines break. A missing closing brace is an error.
  Result<std::optional<Record>> next_object();

  const std::string& name() const { return name_; }

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const;
  };
  std::string_view rest() const { return {buffer_.data() + begin_, end_ - begin_}; }
  Result<bool> fill();  // appends a block behind `rest()`; false at the end
  Record take(size_t bytes);
  void skip(size_t bytes);

  std::string name_;
  std::unique_ptr<std::FILE, CloseFile> file_;  // null for a text
  std::string buffer_;                          // rest() and padding
  size_t begin_ = 0, end_ = 0;
  bool at_end_ = false;
  int64_t line_ = 1, column_ = 1;
};

// The whole of a file or of standard input, up to `limit` bytes.
Result<std::string> read_text(const std::string& path, size_t limit);

}  // namespace felixsim
