// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/folder.h"

#include <algorithm>
#include <filesystem>

namespace felixsim::cli {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> cannot_read(const std::string& path, const std::error_code& error) {
  return fail(ErrorCode::io, fmt::format("{}: cannot read the folder: {}", path, error.message()),
              "make it readable, or name only what is to be read");
}

// Whether the entry is a file to read, or why it cannot be one.
Result<bool> is_wanted(const fs::directory_entry& entry,
                       std::initializer_list<std::string_view> extensions) {
  std::error_code ignored;  // of a link that leads nowhere: opening it tells
  const std::string path = entry.path().generic_string();
  const fs::file_status status = entry.status(ignored);
  if (fs::is_directory(status)) {
    if (!entry.is_symlink(ignored) || entry.path().filename().string().starts_with('.'))
      return false;
    return fail(ErrorCode::unsupported, path + ": a link to a folder, which is not followed",
                "put a copy there, or name the files instead of the folder");
  }
  const std::string extension = entry.path().extension().string();
  if (std::find(extensions.begin(), extensions.end(), extension) == extensions.end()) return false;
  if (fs::is_other(status))
    return fail(ErrorCode::unsupported, path + ": a pipe or device, not a file", "take it away");
  return true;
}

}  // namespace

Result<std::vector<std::string>> files_below(const std::string& folder,
                                             std::initializer_list<std::string_view> extensions) {
  std::vector<std::string> files;
  std::error_code error;
  std::string place = folder;
  for (auto entry = fs::recursive_directory_iterator(folder, error);
       !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    place = entry->path().generic_string();
    const auto wanted = is_wanted(*entry, extensions);
    if (!wanted) return tl::unexpected(wanted.error());
    if (*wanted) files.push_back(place);
  }
  if (error) return cannot_read(place, error);
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace felixsim::cli
