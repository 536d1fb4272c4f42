// SPDX-License-Identifier: Apache-2.0
// See tar_archive.h. Layout: POSIX.1-1988 ustar; 'L' records are GNU tar's long names.
#include "replay/capture/tar_archive.h"

#include <optional>

namespace felixsim {
namespace {

constexpr size_t block_bytes = 512;
constexpr std::string_view again = "make it again with capture-node.sh, or give the folder";

// A field of the header up to its first NUL.
std::string_view field(std::string_view header, size_t offset, size_t length) {
  const auto text = header.substr(offset, length);
  return text.substr(0, text.find('\0'));
}

// Octal digits between blanks; nullopt for anything else (base-256 sizes are of huge files).
std::optional<size_t> octal(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (text.empty() || text.size() > 12) return std::nullopt;
  size_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '7') return std::nullopt;
    number = number * 8 + static_cast<size_t>(c - '0');
  }
  return number;
}

// The sum of the header's bytes with its own field taken as blanks.
size_t checksum(std::string_view header) {
  size_t sum = 0;
  for (size_t i = 0; i < header.size(); ++i)
    sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(header[i]);
  return sum;
}

std::string name_of(std::string_view header) {
  const auto name = field(header, 0, 100);
  const auto prefix =
      header.substr(257, 5) == "ustar" && header[262] == '\0' ? field(header, 345, 155) : "";
  return prefix.empty() ? std::string(name) : std::string(prefix) + "/" + std::string(name);
}

tl::unexpected<Error> wrong(size_t at, std::string_view what) {
  return fail(ErrorCode::invalid_input, fmt::format("byte {}: {}", at, what), std::string(again));
}

}  // namespace

bool looks_like_tar(std::string_view bytes) {
  return bytes.size() >= block_bytes && bytes.substr(257, 5) == "ustar";
}

Result<std::map<std::string, std::string>> read_tar(std::string_view bytes) {
  if (bytes.starts_with("\x1f\x8b"))
    return invalid("the archive is compressed by gzip", "unpack it first: gunzip FILE");
  if (!looks_like_tar(bytes)) return wrong(0, "this is no tar archive");
  std::map<std::string, std::string> files;
  std::optional<std::string> long_name;
  for (size_t at = 0; at < bytes.size();) {
    if (bytes.size() - at < block_bytes) return wrong(at, "the archive is cut off in a header");
    const auto header = bytes.substr(at, block_bytes);
    if (header.find_first_not_of('\0') == std::string_view::npos) return files;
    const auto sum = octal(field(header, 148, 8));
    if (!sum || *sum != checksum(header)) return wrong(at, "a header's checksum is wrong");
    const auto size = octal(field(header, 124, 12));
    if (!size) return wrong(at, "a file's size cannot be read");
    const size_t start = at + block_bytes;
    if (*size > bytes.size() - start) return wrong(at, "the archive is cut off in a file");
    const auto content = bytes.substr(start, *size);
    const char type = header[156];
    if (type == 'L') {
      long_name = content.substr(0, content.find('\0'));
    } else if (type == '0' || type == '\0') {
      std::string name = long_name ? *long_name : name_of(header);
      long_name.reset();
      if (name.starts_with("./")) name.erase(0, 2);
      files[name] = content;
      if (files.size() > max_archive_files)
        return wrong(at, fmt::format("there are more than {} files", max_archive_files));
    } else if (type != 'x' && type != 'g') {
      long_name.reset();
    }
    at = start + (*size + block_bytes - 1) / block_bytes * block_bytes;
  }
  return wrong(bytes.size(), "the archive is cut off: its end is not marked");
}

}  // namespace felixsim
