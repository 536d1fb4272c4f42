// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace felixsim::cli {
namespace {

struct Closer {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Closer>;

tl::unexpected<Error> io_error(const std::string& path, const char* what, const char* help) {
  return fail(ErrorCode::io, fmt::format("{}: cannot {}: {}", path, what, std::strerror(errno)),
              help);
}

Result<std::string> read_all(std::FILE* file, const std::string& path) {
  std::string text;
  std::array<char, 65536> buffer{};
  while (const size_t got = std::fread(buffer.data(), 1, buffer.size(), file))
    text.append(buffer.data(), got);
  if (std::ferror(file)) return io_error(path, "read", "is it a file, and readable?");
  return text;
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  if (path == "-") return read_all(stdin, "standard input");
  const File file(std::fopen(path.c_str(), "rb"));
  if (!file) return io_error(path, "open", "check the path");
  return read_all(file.get(), path);
}

Status write_file(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".part";
  {
    File file(std::fopen(temporary.c_str(), "wb"));
    if (!file) return io_error(temporary, "create", "check the folder");
    const bool written = std::fwrite(text.data(), 1, text.size(), file.get()) == text.size() &&
                         std::fflush(file.get()) == 0;
    if (!written) return io_error(temporary, "write", "is the disk full?");
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0)
    return io_error(path, "write", "check the folder");
  return {};
}

Result<FelixVersion> parse_version(const std::string& text) {
  if (const auto version = parse_felix_version(text)) return *version;
  return fail(ErrorCode::unsupported, fmt::format("Felix version '{}' is not modelled", text),
              "use v3.32 or v3.28");
}

}  // namespace felixsim::cli
