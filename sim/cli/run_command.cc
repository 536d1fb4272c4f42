// SPDX-License-Identifier: Apache-2.0
// felixsim run: scenarios, in parallel, with their expectations.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "sim/cli/command.h"
#include "sim/cli/file.h"
#include "sim/cli/folder.h"
#include "sim/cli/progress.h"
#include "sim/cli/scenario_run.h"
#include "sim/cli/verb.h"

namespace felixsim::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> paths;
  std::string junit, version = "v3.32";
  bool json = false;
  unsigned jobs = 0;  // 0: as many as there are processors
};

// The files named, and those in the folders named, sorted within each folder.
Result<std::vector<std::string>> scenario_files(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const auto& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      files.push_back(path);
      continue;
    }
    const auto found = files_below(path, {".yaml", ".yml"});
    if (!found) return found;
    if (found->empty())
      return fail(ErrorCode::not_found, fmt::format("{}: no scenario (*.yaml) in it", path),
                  "name a scenario file, or a folder that holds some");
    files.insert(files.end(), found->begin(), found->end());
  }
  return files;
}

std::vector<TestSuite> run_all(const std::vector<std::string>& files, FelixVersion version,
                               unsigned jobs) {
  std::vector<TestSuite> suites(files.size());
  std::atomic<size_t> next{0};
  Progress progress("running scenarios", files.size());
  const auto work = [&] {
    for (size_t i = next++; i < files.size(); i = next++) {
      suites[i] = run_scenario(files[i], version);
      progress.step();
    }
  };
  std::vector<std::jthread> workers;
  for (size_t i = 1; i < std::min<size_t>(jobs, files.size()); ++i) workers.emplace_back(work);
  work();
  return suites;
}

std::string indented(const std::string& text, const std::string& by) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == 0 || text[i - 1] == '\n') out += by;
    out += text[i];
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

struct Totals {
  int passed = 0, failed = 0, errors = 0;  // scenarios
};

std::string summary(const std::vector<TestSuite>& suites, Totals& totals) {
  std::string out;
  for (const auto& suite : suites) {
    std::string failures;
    for (const auto& test : suite.cases)
      for (const auto& failure : test.failures)
        failures += fmt::format("  step {}\n{}\n", test.name, indented(failure, "    "));
    const bool failed = !failures.empty();
    const char* verdict = !suite.error.empty() ? "ERROR" : failed ? "FAIL" : "ok";
    out += fmt::format("{:<5} {} ({} {})\n{}", verdict, suite.name, suite.cases.size(),
                       suite.cases.size() == 1 ? "step" : "steps", failures);
    if (!suite.error.empty()) out += indented(suite.error, "    ") + "\n";
    ++(!suite.error.empty() ? totals.errors : failed ? totals.failed : totals.passed);
  }
  return out + fmt::format("{} passed, {} failed, {} could not run\n", totals.passed, totals.failed,
                           totals.errors);
}

std::string json_text(const std::vector<TestSuite>& suites, const Totals& totals) {
  nlohmann::ordered_json scenarios = nlohmann::ordered_json::array();
  for (const auto& suite : suites) {
    nlohmann::ordered_json steps = nlohmann::ordered_json::array();
    for (const auto& test : suite.cases)
      steps.push_back({{"name", test.name}, {"failures", test.failures}});
    nlohmann::ordered_json entry{{"file", suite.name}, {"steps", std::move(steps)}};
    if (!suite.error.empty()) entry["error"] = suite.error;
    scenarios.push_back(std::move(entry));
  }
  const nlohmann::ordered_json document{{"schema", json_schema},
                                        {"passed", totals.passed},
                                        {"failed", totals.failed},
                                        {"errors", totals.errors},
                                        {"scenarios", std::move(scenarios)}};
  return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

Result<int> run(const Options& options) {
  const auto version = parse_version(options.version);
  if (!version) return tl::unexpected(version.error());
  const auto files = scenario_files(options.paths);
  if (!files) return tl::unexpected(files.error());
  const unsigned jobs =
      options.jobs != 0 ? options.jobs : std::max(1U, std::thread::hardware_concurrency());
  const auto suites = run_all(*files, *version, jobs);
  Totals totals;
  const std::string text = summary(suites, totals);
  if (auto printed = print_data(options.json ? json_text(suites, totals) : text); !printed)
    return forward(printed);
  if (!options.junit.empty())
    if (auto written = write_file(options.junit, junit_xml(suites)); !written)
      return forward(written);
  return totals.errors != 0 ? exit_error : totals.failed != 0 ? exit_no : exit_yes;
}

}  // namespace

void add_run_command(CLI::App& app) {
  CLI::App& verb = add_verb(app, "run", "run scenarios and check their expectations");
  auto options = std::make_shared<Options>();
  add_required(verb, "PATH", options->paths, "scenario files, or folders of them");
  add_option(verb, "--junit", options->junit, "write a JUnit report to this file");
  add_json_flag(verb, options->json);
  add_number(verb, "--jobs", options->jobs, {0, 1024},
             "how many at a time (default: all processors)");
  add_version_option(verb, options->version);
  set_footer(verb, "Example: felixsim run scenarios --junit report.xml");
  on_run(verb, [options] { return run(*options); });
}

}  // namespace felixsim::cli
