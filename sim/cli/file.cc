// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace felixsim::cli {
namespace {

namespace fs = std::filesystem;

struct Closer {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Closer>;

tl::unexpected<Error> io_error(const std::string& path, const char* what, const char* help) {
  return fail(ErrorCode::io, fmt::format("{}: cannot {}: {}", path, what, std::strerror(errno)),
              help);
}

constexpr size_t max_file_bytes = size_t{1} << 30;

Result<std::string> read_all(std::FILE* file, const std::string& path) {
  std::string text;
  std::array<char, 65536> buffer{};
  while (const size_t got = std::fread(buffer.data(), 1, buffer.size(), file)) {
    text.append(buffer.data(), got);
    if (text.size() > max_file_bytes)
      return invalid(fmt::format("{}: more than {} bytes", path, max_file_bytes),
                     "is this the right file?");
  }
  if (std::ferror(file)) return io_error(path, "read", "is it a file, and readable?");
  return text;
}

Status write_over(const std::string& path, const std::string& text) {
  File file(std::fopen(path.c_str(), "wb"));
  if (!file) return io_error(path, "create", "check the folder");
  const bool written = std::fwrite(text.data(), 1, text.size(), file.get()) == text.size() &&
                       std::fflush(file.get()) == 0;
  if (!written || std::fclose(file.release()) != 0)
    return io_error(path, "write", "is the disk full?");
  return {};
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  if (path == "-") return read_all(stdin, "standard input");
  const File file(std::fopen(path.c_str(), "rb"));
  if (!file) return io_error(path, "open", "check the path");
  return read_all(file.get(), path);
}

Result<std::string> read_head(const std::string& path, size_t bytes) {
  const File file(std::fopen(path.c_str(), "rb"));
  if (!file) return io_error(path, "open", "check the path");
  std::string text(bytes, '\0');
  text.resize(std::fread(text.data(), 1, bytes, file.get()));
  if (std::ferror(file.get())) return io_error(path, "read", "is it a file, and readable?");
  return text;
}

Status write_file(const std::string& path, const std::string& text) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_other(status)) return write_over(path, text);
  const fs::path target = fs::is_regular_file(status) ? fs::canonical(path, error) : fs::path(path);
  if (error && fs::exists(status)) return io_error(path, "write", "check the path");
  const std::string temporary = target.string() + ".part";
  auto done = write_over(temporary, text);
  if (done && std::rename(temporary.c_str(), target.c_str()) != 0)
    done = io_error(path, "write", "check the folder");
  if (!done) std::remove(temporary.c_str());
  return done;
}

Result<FelixVersion> parse_version(const std::string& text) {
  if (const auto version = parse_felix_version(text)) return *version;
  return fail(ErrorCode::unsupported, fmt::format("Felix version '{}' is not modelled", text),
              "use v3.32 or v3.28");
}

}  // namespace felixsim::cli
