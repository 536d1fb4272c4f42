// SPDX-License-Identifier: Apache-2.0
#include "replay/capture/record_reader.h"

#include <fmt/format.h>
#include <simdjson.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "replay/capture/capture.h"

namespace felixsim {
namespace {

constexpr size_t block_bytes = 1 << 20;

tl::unexpected<Error> os_error(const std::string& name) {
  return fail(errno == ENOENT ? ErrorCode::not_found : ErrorCode::io,
              fmt::format("{}: {}", name, std::strerror(errno)));
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == text.npos; }

// Finds the brace that closes the object which a text begins with. Knows strings, not grammar: what
// is between is checked by the JSON parser.
class BraceMatcher {
 public:
  // Goes on where the last call stopped; the length of the object once it is closed.
  std::optional<size_t> scan(std::string_view text) {
    for (; at_ < text.size(); ++at_) {
      const char c = text[at_];
      if (escaped_) {
        escaped_ = false;
      } else if (in_string_) {
        escaped_ = c == '\\';
        in_string_ = c != '"';
      } else if (c == '"') {
        in_string_ = true;
      } else if (c == '{') {
        ++depth_;
      } else if (c == '}' && --depth_ == 0) {
        return at_ + 1;
      }
    }
    return std::nullopt;
  }

 private:
  size_t at_ = 0;
  int64_t depth_ = 0;
  bool in_string_ = false, escaped_ = false;
};

}  // namespace

std::string place_of(const std::string& name, int64_t line, int64_t column) {
  return fmt::format("{}:{}:{}", name, line, column);
}

void RecordReader::CloseFile::operator()(std::FILE* file) const {
  if (file != stdin) std::fclose(file);
}

Result<RecordReader> RecordReader::open(const std::string& path) {
  RecordReader reader;
  reader.name_ = path == "-" ? "standard input" : path;
  reader.file_.reset(path == "-" ? stdin : std::fopen(path.c_str(), "rb"));
  if (!reader.file_) return os_error(reader.name_);
  return reader;
}

RecordReader RecordReader::from_text(std::string text, std::string name) {
  RecordReader reader;
  reader.name_ = std::move(name);
  reader.end_ = text.size();
  reader.buffer_ = std::move(text);
  reader.buffer_.resize(reader.end_ + simdjson::SIMDJSON_PADDING);
  reader.at_end_ = true;
  return reader;
}

Result<bool> RecordReader::fill() {
  if (at_end_) return false;
  if (begin_ > 0) std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  if (end_ >= max_capture_record_bytes)
    return invalid(fmt::format("{}: a record of more than {} bytes",
                               place_of(name_, line_, column_), max_capture_record_bytes),
                   "no resource is that large: is this the right file and format?");
  // Doubling keeps the moving linear when one record is long.
  const size_t wanted = end_ + std::max(block_bytes, end_);
  if (buffer_.size() < wanted + simdjson::SIMDJSON_PADDING)
    buffer_.resize(wanted + simdjson::SIMDJSON_PADDING);
  // read(2), not fread: what a live capture has written is passed on at once.
  ssize_t got = 0;
  do {
    got = ::read(fileno(file_.get()), buffer_.data() + end_, wanted - end_);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return os_error(name_);
  if (got == 0) at_end_ = true;
  end_ += static_cast<size_t>(got);
  return true;
}

void RecordReader::skip(size_t bytes) {
  for (std::string_view text = rest().substr(0, bytes); !text.empty();) {
    const size_t newline = text.find('\n');
    if (newline == text.npos) {
      column_ += static_cast<int64_t>(text.size());
      break;
    }
    ++line_;
    column_ = 1;
    text.remove_prefix(newline + 1);
  }
  begin_ += bytes;
}

Record RecordReader::take(size_t bytes) {
  const Record record{rest().substr(0, bytes), line_, column_};
  skip(bytes);
  return record;
}

Result<std::optional<Record>> RecordReader::next_line() {
  size_t searched = 0;
  for (;;) {
    const size_t newline = rest().find('\n', searched);
    if (newline != std::string_view::npos) {
      Record line = take(newline + 1);
      searched = 0;
      line.text.remove_suffix(1);
      if (!is_blank(line.text)) return line;
      continue;
    }
    searched = rest().size();
    auto more = fill();
    if (!more) return forward(more);
    if (*more) continue;
    if (is_blank(rest())) return std::nullopt;
    return take(rest().size());
  }
}

Result<std::optional<Record>> RecordReader::next_object() {
  for (;;) {
    const size_t blank = std::min(rest().find_first_not_of(" \t\r\n"), rest().size());
    skip(blank);
    if (!rest().empty()) break;
    auto more = fill();
    if (!more) return forward(more);
    if (!*more) return std::nullopt;
  }
  if (rest().front() != '{')
    return invalid(fmt::format("{}: not a JSON object", place_of(name_, line_, column_)),
                   "each record begins with '{'");
  BraceMatcher matcher;
  for (;;) {
    if (const auto bytes = matcher.scan(rest())) return take(*bytes);
    auto more = fill();
    if (!more) return forward(more);
    if (!*more)
      return invalid(fmt::format("{}: the JSON object that begins here is cut off",
                                 place_of(name_, line_, column_)),
                     "was the capture interrupted? remove the unfinished record at the end");
  }
}

Result<std::string> read_text(const std::string& path, size_t limit) {
  const std::string name = path == "-" ? "standard input" : path;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      path == "-" ? stdin : std::fopen(path.c_str(), "rb"),
      path == "-" ? [](std::FILE*) { return 0; }
                  : [](std::FILE* opened) { return std::fclose(opened); });
  if (!file) return os_error(name);
  std::string text;
  for (;;) {
    const size_t before = text.size();
    text.resize(before + block_bytes);
    const size_t got = std::fread(text.data() + before, 1, block_bytes, file.get());
    text.resize(before + got);
    if (got < block_bytes) break;
    if (text.size() > limit) return invalid(fmt::format("{}: more than {} bytes", name, limit));
  }
  if (std::ferror(file.get()) != 0) return os_error(name);
  return text;
}

}  // namespace felixsim
