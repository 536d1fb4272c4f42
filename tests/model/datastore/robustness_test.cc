// SPDX-License-Identifier: Apache-2.0
// The fuzz target, run over the corpus and over mutations of it that are the same every time.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

void feed(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

std::vector<std::string> corpus() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator("tests/fuzz/corpus/key_value")) {
    std::ostringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    out.push_back(text.str());
  }
  std::sort(out.begin(), out.end());
  return out;
}

// xorshift: the same numbers on every machine.
struct Random {
  uint64_t state = 88172645463325252;
  size_t below(size_t limit) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return limit == 0 ? 0 : state % limit;
  }
};

std::string mutated(std::string text, const std::string& other, Random& random) {
  static const std::string tokens[] = {
      "null",    "[",    "]", "{",    "}",   "\"",   "-1",
      "1e400",   "\\u",  ",", ":",    "0.5", "\xff", "\n",
      "\\ud800", "true", "/", "\"\"", "[]",  "{}",   "99999999999999999999"};
  const size_t at = random.below(text.size() + 1);
  switch (random.below(5)) {
    case 0:
      return text.erase(at, random.below(8));
    case 1:
      return text.insert(at, tokens[random.below(std::size(tokens))]);
    case 2:
      return text.substr(0, at) + other.substr(random.below(other.size() + 1));
    case 3:
      if (at < text.size()) text[at] = static_cast<char>(random.below(256));
      return text;
    default:
      return text.replace(at, std::min<size_t>(random.below(12), text.size() - at),
                          tokens[random.below(std::size(tokens))]);
  }
}

}  // namespace

TEST_CASE("no stored text crashes the way to updates") {
  const auto inputs = corpus();
  REQUIRE(inputs.size() >= 10);
  Random random;
  for (const auto& input : inputs) feed(input);
  for (int round = 0; round < 20000; ++round) {
    std::string text = inputs[random.below(inputs.size())];
    const size_t edits = 1 + random.below(4);
    for (size_t i = 0; i < edits; ++i) {
      text = mutated(std::move(text), inputs[random.below(inputs.size())], random);
    }
    feed(text);
  }
}

TEST_CASE("deep nesting is refused, not followed") {
  for (const size_t depth : {100, 1000, 100000}) {
    feed("/calico/v1/policy/GlobalNetworkPolicy//p\n" + std::string(depth, '['));
    feed("/calico/v1/policy/GlobalNetworkPolicy//p\n{\"x\":" + std::string(depth, '[') +
         std::string(depth, ']') + "}");
    feed(
        "resource\n{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"s\"},"
        "\"x\":" +
        std::string(depth, '[') + std::string(depth, ']') + "}");
  }
}
