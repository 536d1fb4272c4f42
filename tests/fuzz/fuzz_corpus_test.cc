// SPDX-License-Identifier: Apache-2.0
// Every fuzz target on every file of its corpus, and on beginnings of those: no crash, no hang.
#include <filesystem>
#include <fstream>

// fuzz_targets.inc lists the targets of CMakeLists.txt, a FUZZ_TARGET(name) each.
#define FUZZ_TARGET(name) extern "C" int fuzz_##name(const uint8_t* data, size_t size);
#include "fuzz_targets.inc"
#undef FUZZ_TARGET

namespace {

namespace fs = std::filesystem;

struct Target {
  std::string name;
  int (*run)(const uint8_t* data, size_t size);
};

const std::vector<Target>& targets() {
  static const std::vector<Target> table{
#define FUZZ_TARGET(name) {#name, fuzz_##name},
#include "fuzz_targets.inc"
#undef FUZZ_TARGET
  };
  return table;
}

constexpr size_t beginnings = 16;

// A copy of exactly `size` bytes, so that reading behind the end is found.
void run(const Target& target, const std::string& text, size_t size) {
  const std::vector<uint8_t> bytes(text.begin(), text.begin() + static_cast<long>(size));
  CHECK(target.run(bytes.data(), bytes.size()) == 0);
}

}  // namespace

TEST_CASE("every fuzz target takes every file of its corpus") {
  for (const auto& target : targets()) DYNAMIC_SECTION(target.name) {
      const fs::path folder = fs::path("tests/fuzz/corpus") / target.name;
      REQUIRE(fs::is_directory(folder));
      size_t files = 0;
      for (const auto& entry : fs::directory_iterator(folder)) {
        std::ifstream in(entry.path(), std::ios::binary);
        const std::string text((std::istreambuf_iterator<char>(in)), {});
        INFO(entry.path());
        for (size_t part = 0; part <= beginnings; ++part)
          run(target, text, text.size() * part / beginnings);
        ++files;
      }
      CHECK(files > 0);
    }
}
