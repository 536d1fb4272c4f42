// SPDX-License-Identifier: Apache-2.0
// What `felixsim reach` costs: whole processes that read YAML or a log and print all pairs, all
// ports, as factored JSON, one thread each; the list of all pairs, plain and explained; and what
// the library needs to follow one event. `reach_bench events` is the latter alone.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "bench/felixsim_process.h"
#include "bench/reach_cluster.h"
#include "bench/reach_events.h"

namespace felixsim::bench {
namespace {

namespace fs = std::filesystem;

struct Line {
  size_t pods, policies;
  bool from_log;
  double most_s, most_mib;
};

bool print_line(const fs::path& scratch, const Line& line) {
  const fs::path folder = scratch / fmt::format("{}", line.pods);
  write_reach_cluster(folder, line.pods, line.policies);
  std::string input = folder.string();
  if (line.from_log) {
    input = (scratch / "reach.db").string();
    const auto imported = run_felixsim(
        {"import", "--from", "kubectl", (folder / "namespaces.yaml").string(),
         (folder / "pods.yaml").string(), (folder / "policies.yaml").string(), "--log", input});
    if (!imported.good) return false;
  }
  const ProcessCost cost = run_felixsim({"reach", input, "--json"});
  fmt::print("{:>7} {:>9} {:>6} {:>9.2f} {:>8.1f} {:>9.0f}\n", line.pods, line.policies,
             line.from_log ? "log" : "yaml", cost.cpu_s, line.most_s, cost.peak_mib);
  std::fflush(stdout);
  return cost.good;
}

// The explained list of all pairs against the plain one.
bool print_explained(const fs::path& scratch) {
  fmt::print("\n{:>7} {:>12} {:>14} {:>14} {:>9}\n", "pods", "list, cpu s", "explained", "in JSON",
             "at most");
  std::fflush(stdout);
  for (const size_t pods : {500, 2000, 5000}) {
    const std::string input = (scratch / fmt::format("{}", pods)).string();
    const ProcessCost list = run_felixsim({"reach", input, "--format", "list"});
    const ProcessCost text = run_felixsim({"explain", input, "pairs"});
    const ProcessCost json = run_felixsim({"explain", input, "pairs", "--json"});
    if (!list.good || !text.good || !json.good) return false;
    fmt::print("{:>7} {:>12.2f} {:>14.2f} {:>14.2f} {:>9.2f}\n", pods, list.cpu_s, text.cpu_s,
               json.cpu_s, 2 * list.cpu_s);
    std::fflush(stdout);
  }
  return true;
}

}  // namespace
}  // namespace felixsim::bench

int main(int argc, char** argv) {
  using namespace felixsim::bench;
  const fs::path scratch = fs::temp_directory_path() / fmt::format("felixsim-reach-{}", getpid());
  if (argc > 1 && std::string_view(argv[1]) == "events") {
    const bool good = print_reach_events(scratch, 5000, 2000);
    fs::remove_all(scratch);
    return good ? 0 : 1;
  }
  fmt::print("{:>7} {:>9} {:>6} {:>9} {:>8} {:>9}\n", "pods", "policies", "input", "cpu s",
             "at most", "peak MiB");
  std::fflush(stdout);  // or every child has it too
  bool good = true;
  for (const auto& line : {Line{500, 200, false, 0.1, 300}, Line{2000, 1000, false, 0.7, 300},
                           Line{5000, 2000, false, 2, 300}, Line{50000, 5000, true, 10, 2048}})
    good = print_line(scratch, line) && good;
  good = print_explained(scratch) && good;
  good = print_reach_events(scratch / "events", 5000, 2000) && good;
  fs::remove_all(scratch);
  return good ? 0 : 1;
}
