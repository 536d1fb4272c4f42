// SPDX-License-Identifier: Apache-2.0
#include "conform.h"

#include <fstream>
#include <iostream>

namespace felixsim::conform {

void Report::add(const std::string& name, const std::optional<std::string>& difference) {
  if (difference) {
    ++failed_;
    std::string line = *difference;
    std::replace(line.begin(), line.end(), '\n', '|');
    fmt::print("FAIL {}: {}\n", name, line);
  } else {
    ++passed_;
    fmt::print("PASS {}\n", name);
  }
}

std::vector<std::filesystem::path> files_in(const std::filesystem::path& dir,
                                            const std::string& extension) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(dir))
    if (entry.path().extension() == extension) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::filesystem::path> recorded_cases_in(const std::filesystem::path& dir) {
  std::vector<std::filesystem::path> cases;
  for (const auto& entry : std::filesystem::directory_iterator(dir))
    if (std::filesystem::exists(entry.path() / "recording.json")) cases.push_back(entry.path());
  std::sort(cases.begin(), cases.end());
  return cases;
}

void for_each_line(const std::filesystem::path& file,
                   const std::function<void(int, const json&)>& each) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error("cannot read " + file.string());
  std::string line;
  for (int number = 1; std::getline(in, line); ++number)
    if (!line.empty()) each(number, json::parse(line));
}

std::optional<std::string> first_difference(const json& want, const json& got,
                                            const std::string& where) {
  if (want == got) return std::nullopt;
  if (want.is_object() && got.is_object()) {
    for (const auto& [key, value] : want.items())
      if (auto d = first_difference(value, got.value(key, json()), where + "." + key)) return d;
    for (const auto& [key, value] : got.items())
      if (!want.contains(key)) return fmt::format("{}.{}: unexpected {}", where, key, value.dump());
  }
  if (want.is_array() && got.is_array()) {
    for (size_t i = 0; i < std::min(want.size(), got.size()); ++i)
      if (auto d = first_difference(want[i], got[i], fmt::format("{}[{}]", where, i))) return d;
    return fmt::format("{}: want {} items, got {}", where, want.size(), got.size());
  }
  return fmt::format("{}: want {}, got {}", where, want.dump().substr(0, 400),
                     got.dump().substr(0, 400));
}

}  // namespace felixsim::conform

int main(int argc, char** argv) {
  using namespace felixsim::conform;
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--felix-version" && i + 1 < argc)
      options.felix_version = argv[++i];
    else if (argument.rfind("--", 0) == 0 || !options.dir.empty())
      return fmt::print(stderr, "usage: {} DIR [--felix-version v3.32|v3.28]\n", argv[0]), 2;
    else
      options.dir = argument;
  }
  if (options.felix_version != "v3.32" && options.felix_version != "v3.28")
    return fmt::print(stderr, "error: unknown Felix version '{}'\n  help: use v3.32 or v3.28\n",
                      options.felix_version),
           2;
  if (!std::filesystem::is_directory(options.dir))
    return fmt::print(stderr, "error: '{}' is no folder\n", options.dir.string()), 2;
  Report report;
  try {
    run_family(options, report);
  } catch (const std::exception&
               e) {  // a vector file that is no JSON: the runner's trouble, not the product's
    return fmt::print(stderr, "error: {}\n", e.what()), 2;
  }
  fmt::print("{} passed, {} failed\n", report.passed(), report.failed());
  return report.failed() == 0 ? 0 : 1;
}
