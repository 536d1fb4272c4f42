// SPDX-License-Identifier: Apache-2.0
// What the runners of all vector families share: options, reading JSON lines, one PASS or FAIL line
// a case, the last line "N passed, M failed". A family defines run_family(); main() is here.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace felixsim::conform {

using nlohmann::json;

struct Options {
  std::filesystem::path dir;
  std::string felix_version = "v3.32";
};

class Report {
 public:
  // One case: no difference is a pass; otherwise the first difference.
  void add(const std::string& name, const std::optional<std::string>& difference);
  int passed() const { return passed_; }
  int failed() const { return failed_; }

 private:
  int passed_ = 0, failed_ = 0;
};

// Files under `dir` with this extension, sorted by path.
std::vector<std::filesystem::path> files_in(const std::filesystem::path& dir,
                                            const std::string& extension);

// Folders of recorded cases right under `dir`, sorted by path.
std::vector<std::filesystem::path> recorded_cases_in(const std::filesystem::path& dir);

// Calls `each(line number from 1, object)` for every line of a JSONL file.
void for_each_line(const std::filesystem::path& file,
                   const std::function<void(int, const json&)>& each);

// "where: want X, got Y" of the first place at which two JSON values differ; nothing where they are
// equal.
std::optional<std::string> first_difference(const json& want, const json& got,
                                            const std::string& where = "");

// Defined once by each family's program.
void run_family(const Options& options, Report& report);

}  // namespace felixsim::conform
