// SPDX-License-Identifier: Apache-2.0
// Texts with bytes changed, lost and doubled: whatever comes in, the readers and front-ends answer,
// and a kernel that refused stays as it was.
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "tests/fuzz/kernel_text_fuzz.h"

namespace {

std::string mutate(std::string text, std::mt19937& random) {
  const size_t edits = 1 + random() % 6;
  for (size_t i = 0; i < edits && !text.empty(); ++i) {
    const size_t at = random() % text.size();
    switch (random() % 4) {
      case 0:
        text[at] = static_cast<char>(random() % 256);
        break;
      case 1:
        text.erase(at, 1 + random() % 8);
        break;
      case 2:
        text.insert(at, text.substr(random() % text.size(), random() % 24));
        break;
      default:
        text[at] = " \n\"!-/:,{}\\0"[random() % 12];
    }
  }
  return text;
}

}  // namespace

TEST_CASE("no text makes a reader or a front-end fall over") {
  std::mt19937 random(20261123);  // the same texts each time
  std::vector<std::string> seeds;
  for (const auto* dir : {"tests/fuzz/corpus/kernel_text"})
    for (const auto& entry : std::filesystem::directory_iterator(dir)) {
      std::ifstream in(entry.path(), std::ios::binary);
      std::ostringstream text;
      text << in.rdbuf();
      seeds.push_back(text.str());
    }
  std::sort(seeds.begin(), seeds.end());
  REQUIRE(!seeds.empty());
  for (const auto& seed : seeds) {
    felixsim::fuzz_kernel_text(seed);
    for (int i = 0; i < 300; ++i) felixsim::fuzz_kernel_text(mutate(seed, random));
  }
}
