// SPDX-License-Identifier: Apache-2.0
// Tar archives as tar makes them, cut off and damaged.
#include "replay/capture/tar_archive.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace felixsim;

namespace {

namespace fs = std::filesystem;

// An archive that the tool of this machine makes of a folder with two files and a link.
std::string archive() {
  const fs::path scratch = fs::temp_directory_path() / fmt::format("felixsim-tar-{}", ::getpid());
  fs::create_directories(scratch / "node");
  std::ofstream(scratch / "node/a.txt") << "first\n";
  std::ofstream(scratch / ("node/" + std::string(120, 'n') + ".txt")) << std::string(1000, 'x');
  fs::create_symlink("a.txt", scratch / "node/link");
  const std::string command = fmt::format("tar -cf {0}/t.tar -C {0} ./node", scratch.string());
  REQUIRE(std::system(command.c_str()) == 0);
  std::ifstream in(scratch / "t.tar", std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), {});
  fs::remove_all(scratch);
  return bytes;
}

}  // namespace

TEST_CASE("the files of an archive are read, also under long names; links are passed over") {
  const auto files = read_tar(archive());
  REQUIRE(files);
  CHECK(files->size() == 2);
  CHECK(files->at("node/a.txt") == "first\n");
  CHECK(files->at("node/" + std::string(120, 'n') + ".txt") == std::string(1000, 'x'));
}

TEST_CASE("an archive that is cut off or damaged is refused, with the place") {
  const std::string whole = archive();
  for (size_t length = 512; length < 5 * 512; length += 100) {
    const auto files = read_tar(std::string_view(whole).substr(0, length));
    REQUIRE_FALSE(files);
    CHECK(files.error().message.find("byte ") != std::string::npos);
    CHECK_FALSE(files.error().help.empty());
  }
  std::string damaged = whole;
  damaged[3] ^= 1;
  CHECK(read_tar(damaged).error().message.find("checksum") != std::string::npos);
  CHECK(read_tar("").error().message.find("no tar") != std::string::npos);
  CHECK(read_tar("\x1f\x8b...").error().help.find("gunzip") != std::string::npos);
}
