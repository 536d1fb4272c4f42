// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/captured_files.h"

#include <filesystem>

#include "replay/capture/tar_archive.h"
#include "sim/analysis/verify/node_capture.h"
#include "sim/cli/file.h"

namespace felixsim::cli {
namespace {

namespace fs = std::filesystem;
using Files = std::map<std::string, std::string>;

constexpr const char* what_to_give =
    "give a file or folder with what iptables-save, ipset save, ip route, ... printed, or an "
    "archive of capture-node.sh";

Result<Files> read_folder(const fs::path& folder) {
  Files files;
  std::error_code error;
  for (auto it = fs::directory_iterator(folder, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;  // of a link that leads nowhere: opening it tells
    const auto status = it->status(ignored);
    if (name.starts_with('.') || fs::is_directory(status)) continue;
    if (fs::is_other(status))
      return fail(ErrorCode::unsupported, it->path().string() + ": a pipe or device, not a file",
                  what_to_give);
    auto text = read_file(it->path().string());
    if (!text) return forward(text);
    files[name] = std::move(*text);
  }
  if (error)
    return fail(ErrorCode::io,
                fmt::format("{}: cannot be read: {}", folder.string(), error.message()),
                what_to_give);
  return files;
}

// The archive's files lie in one folder, named after node and time.
Result<Files> below_top(const std::string& archive, Files files) {
  Files out;
  for (auto& [path, text] : files) {
    const std::string name = path.substr(path.rfind('/') + 1);
    if (!out.emplace(name, std::move(text)).second)
      return fail(ErrorCode::invalid_input,
                  fmt::format("{}: it holds two files named {}, as of two nodes", archive, name),
                  "give an archive or folder of one capture");
  }
  return out;
}

}  // namespace

Result<Files> read_captured_files(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return read_folder(path);
  if (path != "-" && !fs::exists(path, error))
    return fail(ErrorCode::not_found, fmt::format("{}: there is no such folder or archive", path),
                what_to_give);
  auto bytes = read_file(path);
  if (!bytes) return forward(bytes);
  const std::string name = fs::path(path).filename().string();
  if (!looks_like_tar(*bytes) && !captured_part(name).empty())
    return Files{{name, std::move(*bytes)}};  // what one tool printed
  auto files = read_tar(*bytes);
  if (!files) return tl::unexpected(std::move(files.error()).with_context(path));
  return below_top(path, std::move(*files));
}

}  // namespace felixsim::cli
